import { codec, type DecodedTypes, type MessageTypes } from "@routeledger/protos";
import { assert, fromHex, revision, toHex } from "@routeledger/std";
import type { ChangedPart, GroupDelta, PartKey } from "./group-delta.ts";
import type { Publication, RevisionDelta } from "./published.ts";
import { typeNumbers, typeOfNumber } from "./resource-type.ts";
import type { Owner } from "./snapshot.ts";

type PartMessage = MessageTypes["routeledger.xds.v1.Part"];
type GroupMessage = MessageTypes["routeledger.xds.v1.GroupDelta"];
type KeyMessage = MessageTypes["routeledger.xds.v1.PartKey"];
type DecodedPart = DecodedTypes["routeledger.xds.v1.Part"];
type DecodedGroup = DecodedTypes["routeledger.xds.v1.GroupDelta"];
type DecodedKey = DecodedTypes["routeledger.xds.v1.PartKey"];

const publicationCodec = codec("routeledger.xds.v1.Publication");

/** The payload of a commit of kind Publication. */
export function encodePublication(publication: Publication): Uint8Array {
  const { configEpoch, from, to, timeMs, configHash, translatorVersion, deltas } = publication;
  return publicationCodec.encode({
    configEpoch,
    from,
    to,
    timeUnixMs: timeMs,
    configHash,
    translatorVersion,
    deltas: deltas.map((delta) => ({
      sequence: delta.sequence,
      timeUnixMs: delta.timeMs,
      retireGraceMs: delta.retireGraceMs,
      groups: delta.groups.map(encodeGroup),
      statuses: [...delta.statuses],
    })),
  });
}

export function decodePublication(payload: Uint8Array): Publication {
  const { configEpoch, from, to, timeUnixMs, configHash, translatorVersion, deltas } =
    publicationCodec.decode(payload);
  return {
    configEpoch,
    from,
    to,
    timeMs: timeUnixMs,
    configHash,
    translatorVersion,
    deltas: deltas.map(
      (delta): RevisionDelta => ({
        sequence: delta.sequence,
        timeMs: delta.timeUnixMs,
        retireGraceMs: delta.retireGraceMs,
        groups: delta.groups.map(decodeGroup),
        statuses: delta.statuses,
      }),
    ),
  };
}

function encodeGroup({ nodeGroup, deleted, changed, removed, retired }: GroupDelta): GroupMessage {
  return {
    nodeGroup,
    deleted,
    changed: changed.map(encodePart),
    removed: removed.map(encodeKey),
    retired: retired.map(encodeKey),
  };
}

function decodeGroup({ nodeGroup, deleted, changed, removed, retired }: DecodedGroup): GroupDelta {
  return {
    nodeGroup,
    deleted,
    changed: changed.map(decodePart),
    removed: removed.map(decodeKey),
    retired: retired.map(decodeKey),
  };
}

function encodeKey({ type, resource, virtualHost }: PartKey): KeyMessage {
  return { type: typeNumbers[type], resource, virtualHost };
}

function decodeKey({ type, resource, virtualHost }: DecodedKey): PartKey {
  const known = typeOfNumber(type);
  assert(known !== undefined, `a resource type of the XDS log, got ${type}`);
  return { type: known, resource, virtualHost };
}

/** As it stands in deltas and checkpoints. */
export function encodePart(part: ChangedPart): PartMessage {
  return {
    key: encodeKey(part),
    ...(part.bytes === undefined ? {} : { value: part.bytes }),
    digest: fromHex(part.digest),
    owners: part.owners.map(({ group, kind, namespace, name, revision: at }) => ({
      group,
      kind,
      namespace,
      name,
      revision: at,
    })),
  };
}

/** Bytes are absent where the log holds none: no Envoy message that has a name is empty. */
export function decodePart({ key, value, digest, owners }: DecodedPart): ChangedPart {
  assert(key !== undefined, "a part in the XDS log to have a key");
  return {
    ...decodeKey(key),
    bytes: value.length === 0 ? undefined : value,
    digest: toHex(digest),
    owners: owners.map(
      ({ group, kind, namespace, name, revision: at }): Owner => ({
        group,
        kind,
        namespace,
        name,
        revision: revision(at?.epoch ?? 0, at?.sequence ?? 0),
      }),
    ),
  };
}
