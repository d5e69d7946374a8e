import { codec, Malformed, type MessageName, topLevelFields } from "@routeledger/protos";
import { assert, fromUtf8 } from "@routeledger/std";
import type { ResourceHook, TranslationList } from "./hook-questions.ts";

/** A kind of resource that hooks are asked about: its message, and the number of the field that names it. */
export interface ResourceKind {
  readonly type: MessageName;
  readonly nameField: number;
}

const cluster: ResourceKind = { type: "envoy.config.cluster.v3.Cluster", nameField: 1 };
const listener: ResourceKind = { type: "envoy.config.listener.v3.Listener", nameField: 1 };

export const resourceKinds: { readonly [Asked in ResourceHook | TranslationList]: ResourceKind } = {
  Route: { type: "envoy.config.route.v3.Route", nameField: 14 },
  VirtualHost: { type: "envoy.config.route.v3.VirtualHost", nameField: 1 },
  HTTPListener: listener,
  Cluster: cluster,
  Endpoints: { type: "envoy.config.endpoint.v3.ClusterLoadAssignment", nameField: 1 },
  clusters: cluster,
  secrets: { type: "envoy.extensions.transport_sockets.tls.v3.Secret", nameField: 1 },
  listeners: listener,
  routes: { type: "envoy.config.route.v3.RouteConfiguration", nameField: 1 },
};

/** The name of an encoded resource of ours; "" where it has none. The bytes must be a message. */
export function resourceName(kind: ResourceKind, resource: Uint8Array): string {
  return fromUtf8(nameBytes(kind, resource));
}

function nameBytes({ nameField }: ResourceKind, resource: Uint8Array): Uint8Array {
  const fields = topLevelFields(resource);
  assert(!("illFormed" in fields), "an encoded resource, found bytes that are no message");
  return fields.findLast(({ number }) => number === nameField)?.value ?? unnamed;
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const unnamed = new Uint8Array(0);

/** The name of a resource that somebody else encoded, once it was seen that all of it is well-formed. */
export function examinedName(
  kind: ResourceKind,
  resource: Uint8Array,
): { readonly name: string } | { readonly illFormed: string } {
  try {
    codec(kind.type).decode(resource);
  } catch (error) {
    if (error instanceof Malformed) return { illFormed: error.message };
    throw error;
  }
  const name = nameBytes(kind, resource);
  try {
    return { name: strictUtf8.decode(name) };
  } catch {
    return { illFormed: "its name is no UTF-8" };
  }
}
