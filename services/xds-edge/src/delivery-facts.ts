import type { MessageTypes } from "@routeledger/protos";
import { fromHex } from "@routeledger/std";
import { type Resource, typeNumbers } from "@routeledger/xds-model";
import type { AckedFact, NackedFact, StreamResponse } from "@routeledger/xds-stream";

export type DeliveryRecord = MessageTypes["routeledger.delivery.v1.Delivery"];
export type DeliveryFact = Omit<DeliveryRecord, "counter" | "timeUnixMs">;

/** Names in one record: a larger response is said in several records of the same nonce. */
const namesMax = 1_000;
/** Characters of a proxy's reason to reject; the rest is cut off. */
const messageMax = 8_192;

/** Names that a fact holds: what it costs to keep. */
export function namesIn({ sent, nacked, gates, loads }: DeliveryFact): number {
  const held = (gates?.gates ?? []).reduce((sum, { waitsFor = [] }) => sum + 1 + waitsFor.length, 0);
  const rejected = (nacked?.resources?.length ?? 0) + (nacked?.culprits?.length ?? 0);
  return (
    (sent?.resources?.length ?? 0) +
    (sent?.removed?.length ?? 0) +
    rejected +
    held +
    (loads?.clusters?.length ?? 0)
  );
}

/** All that is in no list: ids, versions, times, counts, tags. */
const fixedBytes = 512;
/** Of one resource besides its name: digest, tags, lengths. */
const resourceBytes = 48;

/** What a record takes in the log, at most. */
export function bytesAtMost(record: DeliveryRecord): number {
  const { nodeId = "", nodeGroup = "", connected, disconnected, sent, nacked, gates, loads } = record;
  const texts = [
    nodeId,
    nodeGroup,
    nacked?.message,
    disconnected?.reason,
    connected?.peer,
    connected?.userAgent,
    connected?.identity,
  ];
  const names = [
    ...(sent?.removed ?? []),
    ...(nacked?.resources ?? []).map(({ name = "" }) => name),
    ...(nacked?.culprits ?? []),
    ...(loads?.clusters ?? []).map(({ name = "" }) => name),
    ...(gates?.gates ?? []).flatMap((gate) => [gate, ...(gate.waitsFor ?? [])].map(({ name = "" }) => name)),
  ];
  const listed = names.reduce((sum, name) => sum + Buffer.byteLength(name) + resourceBytes, 0);
  const shared = (sent?.resources ?? []).reduce((sum, resource) => sum + bytesOf(resource), 0);
  return fixedBytes + texts.reduce((sum, text = "") => sum + Buffer.byteLength(text), 0) + listed + shared;
}

const sizes = new WeakMap<object, number>();

/** The same objects stand in the records of all streams. */
function bytesOf(resource: { readonly name?: string | undefined }): number {
  let size = sizes.get(resource);
  if (size === undefined) {
    size = Buffer.byteLength(resource.name ?? "") + resourceBytes;
    sizes.set(resource, size);
  }
  return size;
}

/** The records of one response: several of the same nonce where it holds very many names. */
export function sentFacts(
  { resourceType, nonce, version, revision, resources, removed }: StreamResponse,
  bytes: number,
) {
  const common = { type: typeNumbers[resourceType], nonce, version, revision };
  const records = Math.max(1, Math.ceil(resources.length / namesMax), Math.ceil(removed.length / namesMax));
  return Array.from({ length: records }, (_, index) => {
    const start = index * namesMax;
    const end = start + namesMax;
    return {
      sent: {
        ...common,
        resources: resources.slice(start, end).map(sentResource),
        removed: removed.slice(start, end),
        bytes: index === 0 ? bytes : 0,
      },
    };
  });
}

export function ackedFact({ resourceType, nonce, version, revision, heldDigest }: AckedFact) {
  return {
    acked: { type: typeNumbers[resourceType], nonce, version, revision, heldDigest: fromHex(heldDigest) },
  };
}

/** Where not all that was rejected finds room, the culprits do. */
export function nackedFact(fact: NackedFact) {
  const { resourceType, nonce, version, revision, code, message } = fact;
  const culprits = fact.culprits.slice(0, namesMax);
  const bad = new Set(culprits);
  const resources =
    fact.resources.length <= namesMax
      ? fact.resources
      : [
          ...fact.resources.filter(({ name }) => bad.has(name)),
          ...fact.resources.filter(({ name }) => !bad.has(name)),
        ].slice(0, namesMax);
  return {
    nacked: {
      type: typeNumbers[resourceType],
      nonce,
      version,
      revision,
      code,
      message: message.slice(0, messageMax),
      resources: resources.map(sentResource),
      culprits,
    },
  };
}

type SentResource = { readonly name: string; readonly digest: Uint8Array };
const sentResources = new WeakMap<Resource, SentResource>();

/** The same object for every stream: what waits to be written does not grow with the streams. */
function sentResource(resource: Resource): SentResource {
  let sent = sentResources.get(resource);
  if (sent === undefined) {
    sent = { name: resource.name, digest: fromHex(resource.digest) };
    sentResources.set(resource, sent);
  }
  return sent;
}
