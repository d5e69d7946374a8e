import { codec, type MessageName } from "@routeledger/protos";
import { revision, sha256Hex } from "@routeledger/std";
import { applyGroupDelta } from "./apply-delta.ts";
import { diffParts } from "./diff-parts.ts";
import { emptySnapshot } from "./published.ts";
import type { ResourceType } from "./resource-type.ts";
import type { Part, Snapshot } from "./snapshot.ts";

const names: Readonly<Record<ResourceType, { message: MessageName; nameField: string }>> = {
  cluster: { message: "envoy.config.cluster.v3.Cluster", nameField: "name" },
  endpoint: { message: "envoy.config.endpoint.v3.ClusterLoadAssignment", nameField: "clusterName" },
  listener: { message: "envoy.config.listener.v3.Listener", nameField: "name" },
  route: { message: "envoy.config.route.v3.RouteConfiguration", nameField: "name" },
  secret: { message: "envoy.extensions.transport_sockets.tls.v3.Secret", nameField: "name" },
  extensionConfig: { message: "envoy.config.core.v3.TypedExtensionConfig", nameField: "name" },
};

/** A part made by hand: `message` in the form that codecs take; its name field is filled in. */
export function partOf(type: ResourceType, name: string, message: object = {}): Part {
  const { message: messageName, nameField } = names[type];
  const bytes = codec(messageName).encode({ [nameField]: name, ...message });
  return { type, resource: name, virtualHost: "", bytes, digest: sha256Hex(bytes), owners: [] };
}

/** A snapshot of exactly these parts, as a commit at `1.<sequence>` makes it from `before`. */
export function snapshotOf(
  parts: readonly Part[],
  sequence: number,
  before?: Snapshot,
  timeMs = sequence * 1000,
): Snapshot {
  const base = before ?? emptySnapshot("default/gateway");
  const delta = diffParts(base, parts);
  const moment = { revision: revision(1, sequence), timeMs, retireGraceMs: 60_000 };
  return delta === undefined ? base : applyGroupDelta(base, delta, moment);
}
