import { codec, type DecodedTypes, type MessageTypes } from "@routeledger/protos";
import { assert, compareStrings, revision, SortedMap } from "@routeledger/std";
import { typeSnapshot, unexpired } from "./apply-delta.ts";
import { statusKey } from "./apply-publication.ts";
import { decodePart, encodePart } from "./publication-codec.ts";
import { emptyPublished, emptySnapshot, everyType, type Published } from "./published.ts";
import { composeResource } from "./resource.ts";
import { resourceTypes, typeNumbers, typeOfNumber } from "./resource-type.ts";
import type { Part, Resource, RetiringResource, Snapshot } from "./snapshot.ts";

type ResourceMessage = MessageTypes["routeledger.xds.v1.PublishedResource"];
type DecodedResource = DecodedTypes["routeledger.xds.v1.PublishedResource"];

const groupCodec = codec("routeledger.xds.v1.GroupCheckpoint");
const statusesCodec = codec("routeledger.xds.v1.StatusesCheckpoint");

const groupSubject = "group/";
const statusesSubject = "statuses";

/** The messages of all checkpoints of what is published, by subject, sorted. Equal states give equal bytes. */
export function encodePublishedCheckpoints(published: Published): ReadonlyMap<string, Uint8Array> {
  const messages = new Map<string, Uint8Array>();
  for (const nodeGroup of [...published.snapshots.keys()].sort(compareStrings)) {
    const snapshot = published.snapshots.get(nodeGroup) as Snapshot;
    messages.set(`${groupSubject}${nodeGroup}`, encodeGroup(snapshot, published));
  }
  const statuses = [...published.statuses.values()];
  messages.set(statusesSubject, statusesCodec.encode({ revision: published.revision, statuses }));
  return messages;
}

/** What `encodePublishedCheckpoints` was given, without what was over its grace. */
export function decodePublishedCheckpoints(messages: ReadonlyMap<string, Uint8Array>): Published {
  const snapshots = new Map<string, Snapshot>();
  let published = emptyPublished;
  for (const [subject, bytes] of messages) {
    if (subject === statusesSubject) {
      const { revision: at, statuses } = statusesCodec.decode(bytes);
      const byKey = SortedMap.of(statuses.map((status) => [statusKey(status), status] as const));
      published = { ...published, revision: toRevision(at), statuses: byKey };
      continue;
    }
    assert(subject.startsWith(groupSubject), `a checkpoint subject of the XDS log, got ${subject}`);
    const group = groupCodec.decode(bytes);
    snapshots.set(group.nodeGroup, decodeGroup(group));
    published = { ...published, timeMs: group.timeUnixMs, retireGraceMs: group.retireGraceMs };
  }
  return { ...published, snapshots };
}

function encodeGroup(snapshot: Snapshot, { revision: at, timeMs }: Published): Uint8Array {
  const retiring = unexpired(snapshot, timeMs);
  return groupCodec.encode({
    nodeGroup: snapshot.nodeGroup,
    revision: at,
    snapshotChangedAt: snapshot.revision,
    timeUnixMs: timeMs,
    retireGraceMs: snapshot.retireGraceMs,
    resources: resourceTypes.flatMap((type) =>
      [...snapshot.types[type].resources.values()].map((r) => encodeResource(r, 0)),
    ),
    retiring: resourceTypes.flatMap((type) =>
      [...retiring[type].values()]
        .sort((a, b) => compareStrings(a.resource.name, b.resource.name))
        .map(({ resource, retiredAtMs }) => encodeResource(resource, retiredAtMs)),
    ),
    typeVersions: resourceTypes.map((type) => ({
      type: typeNumbers[type],
      changedAt: snapshot.types[type].changedAt,
    })),
  });
}

function encodeResource(
  { type, name, changedAt, parts }: Resource,
  retiredAtUnixMs: number,
): ResourceMessage {
  return { type: typeNumbers[type], name, changedAt, parts: parts.map(encodePart), retiredAtUnixMs };
}

function decodeGroup(group: DecodedTypes["routeledger.xds.v1.GroupCheckpoint"]): Snapshot {
  const versions = new Map(group.typeVersions.map(({ type, changedAt }) => [type, toRevision(changedAt)]));
  const resources = group.resources.map(decodeResource);
  const retiring = group.retiring.map((message): RetiringResource => {
    return { resource: decodeResource(message), retiredAtMs: message.retiredAtUnixMs };
  });
  return {
    ...emptySnapshot(group.nodeGroup, toRevision(group.snapshotChangedAt)),
    retireGraceMs: group.retireGraceMs,
    types: everyType((type) => {
      const ofType = resources.filter((resource) => resource.type === type);
      const changedAt = versions.get(typeNumbers[type]) ?? revision(0, 0);
      return typeSnapshot(new Map(ofType.map((resource) => [resource.name, resource])), changedAt);
    }),
    retiring: everyType((type) => {
      const ofType = retiring.filter(({ resource }) => resource.type === type);
      return new Map(ofType.map((entry) => [entry.resource.name, entry]));
    }),
  };
}

function decodeResource({ type, name, changedAt, parts }: DecodedResource): Resource {
  assert(typeOfNumber(type) !== undefined, `a resource type of the XDS log, got ${type}`);
  const whole = parts.map((message): Part => {
    const part = decodePart(message);
    assert(part.bytes !== undefined, `a checkpoint to hold the bytes of ${part.type} ${name}`);
    return { ...part, bytes: part.bytes };
  });
  return composeResource(whole, toRevision(changedAt));
}

function toRevision(message: { epoch: number; sequence: number } | undefined) {
  return revision(message?.epoch ?? 0, message?.sequence ?? 0);
}
