import { utf8 } from "@routeledger/std";
import { type Resource, typeUrls } from "@routeledger/xds-model";
import type { Protocol, StreamResponse } from "@routeledger/xds-stream";

/** One response as it goes to one stream: two stretches of one message. */
export interface EncodedResponse {
  /** The nonce's field: the only one that differs between streams. */
  readonly nonce: Uint8Array;
  /** All other fields: the same bytes for all streams that get the same. Never written to. */
  readonly shared: Uint8Array;
}

/** Encodes responses of one protocol, and remembers the large ones that it encoded lately. */
export class ResponseEncoder {
  readonly #fieldsOf: (response: StreamResponse) => Uint8Array[];
  /** By the first resource; oldest first. */
  readonly #known = new Map<Resource, Known[]>();
  #knownBytes = 0;

  constructor(protocol: Protocol) {
    this.#fieldsOf = protocol === "delta" ? deltaFields : sotwFields;
  }

  /**
   * The resources' bytes are copied once for all streams, never encoded again. Streams get the same `shared` when
   * they get the same resources in the same version.
   */
  encode(response: StreamResponse): EncodedResponse {
    return { nonce: Buffer.concat(field(5, utf8(response.nonce))), shared: this.#shared(response) };
  }

  #shared(response: StreamResponse): Uint8Array {
    const [first] = response.resources;
    const known = first && this.#known.get(first)?.find(({ of }) => isSame(of, response));
    if (known !== undefined) return known.bytes;
    const bytes = Buffer.concat(this.#fieldsOf(response));
    if (first !== undefined && bytes.length >= rememberedBytesMin)
      this.#remember(first, { of: response, bytes });
    return bytes;
  }

  #remember(first: Resource, known: Known): void {
    this.#known.set(first, [...(this.#known.get(first) ?? []), known]);
    this.#knownBytes += known.bytes.length;
    for (const [resource, [oldest, ...others]] of this.#known) {
      if (this.#knownBytes <= rememberedBytesMax || oldest === undefined) return;
      this.#knownBytes -= oldest.bytes.length;
      if (others.length === 0) this.#known.delete(resource);
      else this.#known.set(resource, others);
    }
  }
}

interface Known {
  readonly of: StreamResponse;
  readonly bytes: Uint8Array;
}

/** Smaller ones cost less to join than to find. */
const rememberedBytesMin = 1_024;
const rememberedBytesMax = 32 * 1024 * 1024;

/** Resources are compared by instance: equal ones of two snapshots are the same object unless something changed. */
function isSame(known: StreamResponse, { version, typeUrl, resources, removed }: StreamResponse): boolean {
  return (
    known.version === version &&
    known.typeUrl === typeUrl &&
    known.resources.length === resources.length &&
    known.removed.length === removed.length &&
    known.resources.every((resource, index) => resource === resources[index]) &&
    known.removed.every((name, index) => name === removed[index])
  );
}

/** Of a DiscoveryResponse, in envoy.service.discovery.v3: version_info 1, resources 2, type_url 4, nonce 5. */
function sotwFields({ version, resources, typeUrl }: StreamResponse): Uint8Array[] {
  return [
    ...field(1, utf8(version)),
    ...resources.flatMap((resource) => framed(resource, sotwFrames, sotwFrame)),
    ...field(4, utf8(typeUrl)),
  ];
}

/** Of a DeltaDiscoveryResponse: system_version_info 1, resources 2, type_url 4, nonce 5, removed_resources 6. */
function deltaFields({ version, resources, typeUrl, removed }: StreamResponse): Uint8Array[] {
  return [
    ...field(1, utf8(version)),
    ...resources.flatMap((resource) => framed(resource, deltaFrames, deltaFrame)),
    ...field(4, utf8(typeUrl)),
    ...removed.flatMap((name) => field(6, utf8(name))),
  ];
}

/** What stands before a resource's bytes: the same for every stream, so made once. */
type Frames = WeakMap<Resource, Uint8Array>;
const sotwFrames: Frames = new WeakMap();
const deltaFrames: Frames = new WeakMap();

/** The bytes are the last field of the last message, so a frame in front of them is all that it takes. */
function framed(resource: Resource, frames: Frames, frame: (resource: Resource) => Uint8Array): Uint8Array[] {
  let before = frames.get(resource);
  if (before === undefined) {
    before = frame(resource);
    frames.set(resource, before);
  }
  return [before, resource.bytes];
}

/** Field 2 as google.protobuf.Any: type_url 1, value 2. */
function sotwFrame(resource: Resource): Uint8Array {
  const any = anyFrame(resource);
  return Buffer.concat([tag(2, any.length + resource.bytes.length), any]);
}

/** Field 2 as Resource: version 1, name 3, then resource 2, so that the bytes come last. */
function deltaFrame(resource: Resource): Uint8Array {
  const any = anyFrame(resource);
  const head = Buffer.concat([
    ...field(1, utf8(resource.version)),
    ...field(3, utf8(resource.name)),
    tag(2, any.length + resource.bytes.length),
    any,
  ]);
  return Buffer.concat([tag(2, head.length + resource.bytes.length), head]);
}

function anyFrame({ type, bytes }: Resource): Uint8Array {
  return Buffer.concat([...field(1, utf8(typeUrls[type])), tag(2, bytes.length)]);
}

/** A length-delimited field; left out when empty, as proto3 does. */
function field(number: number, bytes: Uint8Array): Uint8Array[] {
  return bytes.length === 0 ? [] : [tag(number, bytes.length), bytes];
}

function tag(number: number, length: number): Uint8Array {
  const bytes = [(number << 3) | 2];
  let rest = length;
  while (rest > 0x7f) {
    bytes.push((rest % 128) | 0x80);
    rest = Math.floor(rest / 128);
  }
  return Uint8Array.from([...bytes, rest]);
}
