import { utf8 } from "@routeledger/std";
import { type Resource, typeUrls } from "@routeledger/xds-model";
import type { StreamResponse } from "@routeledger/xds-stream";

/**
 * Encodes a DiscoveryResponse (SotW) from resources that are encoded already: their bytes are copied, never encoded
 * again. Fields of envoy.service.discovery.v3: version_info 1, resources 2, type_url 4, nonce 5.
 */
export function encodeSotwResponse({ version, resources, typeUrl, nonce }: StreamResponse): Buffer {
  return Buffer.concat([
    ...field(1, utf8(version)),
    ...resources.flatMap((resource) => framed(resource, sotwFrames, sotwFrame)),
    ...field(4, utf8(typeUrl)),
    ...field(5, utf8(nonce)),
  ]);
}

/**
 * Encodes a DeltaDiscoveryResponse. Fields: system_version_info 1, resources 2, type_url 4, nonce 5,
 * removed_resources 6.
 */
export function encodeDeltaResponse({ version, resources, typeUrl, nonce, removed }: StreamResponse): Buffer {
  return Buffer.concat([
    ...field(1, utf8(version)),
    ...resources.flatMap((resource) => framed(resource, deltaFrames, deltaFrame)),
    ...field(4, utf8(typeUrl)),
    ...field(5, utf8(nonce)),
    ...removed.flatMap((name) => field(6, utf8(name))),
  ]);
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
