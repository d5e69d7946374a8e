/** What both protocols do when a subscription begins. */
import { compareRevisions } from "@routeledger/std";
import { revisionOfVersion } from "@routeledger/xds-model";
import { isWildcard } from "./interest.ts";
import { snapshotOfStream } from "./served.ts";
import type { Subscription, XdsStream } from "./stream-state.ts";

export function markAllDirty(stream: XdsStream, { type, dirty }: Subscription): void {
  for (const name of snapshotOfStream(stream).types[type].resources.keys()) dirty.add(name);
}

/** Remembers the newest revision that the client showed (P6). Versions that are not ours say nothing. */
export function showVersion(stream: XdsStream, version: string): void {
  const shown = revisionOfVersion(version);
  if (shown !== undefined && compareRevisions(shown, stream.floor) > 0) stream.floor = shown;
}

/** The first 16 digits of the digest in a version: equal digest, equal resource, whatever the revision says (rule 32). */
export function digestOfVersion(version: string): string | undefined {
  return /^\d+\.\d+-([0-9a-f]{16})$/.exec(version)?.[1];
}

/**
 * A delta client that asks for endpoints that do not exist has a cluster that does not exist: one of a response that it
 * rejected on an earlier stream, so it shows no version of it (rule 31). The cluster is removed by name.
 */
export function doubtClusters(stream: XdsStream): void {
  const { types, retiring } = snapshotOfStream(stream);
  const { cluster, endpoint } = stream.types;
  if (!isWildcard(cluster)) return;
  for (const name of endpoint.names) {
    const isKnown = types.endpoint.resources.has(name) || retiring.endpoint.has(name);
    if (isKnown || types.cluster.resources.has(name) || cluster.sent.has(name)) continue;
    cluster.sent.set(name, { digest: "", nonce: "", resource: undefined });
    cluster.leaving.set(name, { graceOver: true, waitsFor: [] });
    stream.gatesMoved = true;
  }
}
