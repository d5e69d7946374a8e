/** What both protocols do when a subscription begins. */
import { compareRevisions } from "@routeledger/std";
import { digestOfNames, revisionOfVersion } from "@routeledger/xds-model";
import { isWildcard } from "./interest.ts";
import { leave } from "./leaving.ts";
import { fromBefore } from "./sent-resource.ts";
import { snapshotOfStream } from "./served.ts";
import type { StreamOutput } from "./stream-io.ts";
import type { Subscription, XdsStream } from "./stream-state.ts";

/** The snapshot's own string, which all streams share: decoded names are of one request. */
export function sharedName(stream: XdsStream, { type }: Subscription, name: string): string {
  return snapshotOfStream(stream).types[type].resources.get(name)?.name ?? name;
}

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

/** Whether a SotW version says that the client accepted a response without resources last. */
export function isOfNothing(version: string): boolean {
  return /-[0-9a-f]{16}(?:\+[0-9a-f]{16})?$/.test(version) && version.endsWith(digestOfNothing);
}

const digestOfNothing = digestOfNames([]).slice(0, 16);

/**
 * A delta client that asks for endpoints that do not exist has a cluster that does not exist: one of a response that it
 * rejected on an earlier stream, so it shows no version of it (rule 31). The cluster is removed by name.
 */
export function doubtClusters(stream: XdsStream): StreamOutput[] {
  const { types, retiring } = snapshotOfStream(stream);
  const { cluster, endpoint } = stream.types;
  if (!isWildcard(cluster)) return [];
  const users = [...retiring.cluster.values()].filter(({ resource: { references } }) =>
    references.some(({ type, name }) => type === "endpoint" && endpoint.names.has(name)),
  );
  // Most clusters are named as their endpoints are.
  const missing = [...endpoint.names].filter((name) => !types.endpoint.resources.has(name));
  const doubted = [...users.map(({ resource }) => resource.name), ...missing].filter(
    (name) => !types.cluster.resources.has(name) && !cluster.sent.has(name),
  );
  for (const name of doubted) cluster.sent.set(name, fromBefore(retiring.cluster.get(name)?.resource));
  return leave(
    stream,
    doubted.map((name) => ({ type: "cluster", name })),
  );
}
