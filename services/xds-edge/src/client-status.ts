/** What one client is served, as `envoy.service.status.v3` says it. */
import type { MessageTypes } from "@routeledger/protos";
import { compareStrings } from "@routeledger/std";
import { type Resource, type ResourceType, resourceTypes, typeUrls } from "@routeledger/xds-model";
import type { ProxyNode, Subscription, XdsStream } from "@routeledger/xds-stream";
import type { NackTexts } from "./nack-texts.ts";

type ClientConfig = MessageTypes["envoy.service.status.v3.ClientConfig"];
type ResourceStatus = MessageTypes["envoy.service.status.v3.ClientConfig.GenericXdsConfig"];

export interface ServedStream {
  readonly streamId: number;
  readonly protocol: string;
  readonly node: ProxyNode | undefined;
  readonly nodeGroup: string;
  readonly state: Readonly<XdsStream>;
  readonly nackTexts: NackTexts;
}

/**
 * Of one stream: each resource that its client wants or may hold, by type, then name. A secret's content is never in
 * it (P11).
 */
export function clientConfig(
  stream: ServedStream,
  { withContents }: { withContents: boolean },
): ClientConfig {
  const { node, streamId, protocol, state } = stream;
  const configs = resourceTypes.flatMap((type) =>
    namesOf(state, state.types[type]).map((name) => resourceStatus(stream, type, name, withContents)),
  );
  return {
    ...(node && { node }),
    clientScope: `${protocol} stream ${streamId}`,
    genericXdsConfigs: configs,
  };
}

/** How many resources `clientConfig` would list. */
export function statusesOf({ state }: ServedStream): number {
  return resourceTypes.reduce((sum, type) => sum + namesOf(state, state.types[type]).length, 0);
}

function namesOf({ snapshot }: Readonly<XdsStream>, subscription: Subscription): string[] {
  const { type, interest, names, sent, acked, rejected } = subscription;
  if (interest === "unasked") return [];
  const isWildcard = interest === "legacy" || interest === "wildcard";
  const wanted = isWildcard ? [...names, ...(snapshot?.types[type].resources.keys() ?? [])] : [...names];
  return [...new Set([...wanted, ...sent.keys(), ...acked.keys(), ...rejected.keys()])].sort(compareStrings);
}

function resourceStatus(
  { state, nackTexts }: ServedStream,
  type: ResourceType,
  name: string,
  withContents: boolean,
): ResourceStatus {
  const { sent, acked, rejected } = state.types[type];
  const held = acked.get(name) ?? sent.get(name)?.resource;
  const wanted = state.snapshot?.types[type].resources.get(name) ?? held;
  const common = {
    ...{ typeUrl: typeUrls[type], name, versionInfo: wanted?.version ?? "" },
    ...(withContents && wanted && type !== "secret" && { xdsConfig: anyOf(wanted) }),
  };
  if (rejected.has(name)) {
    const text = nackTexts.get(type, name);
    const errorState = {
      ...(text && { lastUpdateAttempt: timestampOf(text.atMs) }),
      ...{ details: text?.message ?? "rejected among others", versionInfo: wanted?.version ?? "" },
    };
    return { ...common, configStatus: "ERROR", errorState };
  }
  if (wanted === undefined) return { ...common, configStatus: "NOT_SENT" };
  if (acked.get(name)?.digest === wanted.digest) return { ...common, configStatus: "SYNCED" };
  const isSent = sent.get(name)?.digest === wanted.digest;
  return { ...common, configStatus: isSent ? "STALE" : "NOT_SENT" };
}

function anyOf({ type, bytes }: Resource) {
  return { typeUrl: typeUrls[type], value: bytes };
}

function timestampOf(ms: number) {
  return { seconds: Math.floor(ms / 1_000), nanos: (Math.round(ms) % 1_000) * 1_000_000 };
}
