import { equal, ok } from "node:assert/strict";
import { codec, unpackAny } from "@routeledger/protos";
import { type ResourceType, typeOfUrl } from "@routeledger/xds-model";

/** A response of either protocol. */
export interface Received {
  readonly type: ResourceType;
  readonly typeUrl: string;
  readonly version: string;
  readonly nonce: string;
  readonly resources: readonly ReceivedResource[];
  /** Of `resources`, in their order. */
  readonly names: readonly string[];
  /** Always empty in SotW. */
  readonly removed: readonly string[];
  /** `endpoint a b -gone`: type, names, removed names. */
  readonly summary: string;
}

export interface ReceivedResource {
  readonly name: string;
  /** Empty in SotW. */
  readonly version: string;
  readonly typeUrl: string;
  readonly value: Uint8Array;
}

export function receivedSotw(bytes: Uint8Array): Received {
  const { typeUrl, versionInfo, nonce, resources } = codec(
    "envoy.service.discovery.v3.DiscoveryResponse",
  ).decode(bytes);
  const named = resources.map((any) => ({ ...any, name: nameIn(any), version: "" }));
  return received({ typeUrl, version: versionInfo, nonce, resources: named, removed: [] });
}

export function receivedDelta(bytes: Uint8Array): Received {
  const { typeUrl, systemVersionInfo, nonce, resources, removedResources } = codec(
    "envoy.service.discovery.v3.DeltaDiscoveryResponse",
  ).decode(bytes);
  const named = resources.map(({ name, version, resource }) => {
    ok(resource !== undefined, `a resource with a body, got none for ${name}`);
    equal(nameIn(resource), name, "the name beside the body and the one within");
    return { name, version, ...resource };
  });
  return received({
    typeUrl,
    version: systemVersionInfo,
    nonce,
    resources: named,
    removed: removedResources,
  });
}

/** The same response, when it is of that type. */
export function assertedType(response: Received, type: ResourceType): Received {
  equal(response.type, type, `a response of type ${type}, got ${response.summary}`);
  return response;
}

function received(
  response: Pick<Received, "typeUrl" | "version" | "nonce" | "resources" | "removed">,
): Received {
  const type = typeOfUrl(response.typeUrl);
  ok(type !== undefined, `a response of a type that was asked for, got ${response.typeUrl}`);
  ok(response.nonce !== "", "rule 4: a nonce that is not empty");
  const names = response.resources.map(({ name }) => name);
  equal(new Set([...names, ...response.removed]).size, names.length + response.removed.length, "rule 10");
  for (const { typeUrl } of response.resources) equal(typeUrl, response.typeUrl, "rule 10");
  const summary = [type, ...names, ...response.removed.map((name) => `-${name}`)].join(" ");
  return { ...response, type, names, summary };
}

function nameIn(any: { readonly typeUrl: string; readonly value: Uint8Array }): string {
  const message = unpackAny(any)?.message as { readonly name?: string; readonly clusterName?: string };
  return message.clusterName ?? message.name ?? "";
}
