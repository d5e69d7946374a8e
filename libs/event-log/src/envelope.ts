import { Failure, utf8 } from "@routeledger/std";

/**
 * The frame of every log message: routeledger.log.v1.Envelope, frozen for ever (docs/spec/log.md, E1 to E6).
 *
 * Written and read by hand, not by the general codec, since what is no envelope must be the same to every
 * version and in every language: exactly the canonical encoding is one, nothing else.
 */
export interface Envelope {
  /** From 1. */
  readonly epoch: number;
  /** 16 bytes. */
  readonly commitId: Uint8Array;
  readonly chunk: number;
  /** 1 to 128. */
  readonly chunks: number;
  readonly kind: string;
  /** From 1. */
  readonly schemaVersion: number;
  readonly term: number;
  readonly actor: string;
  readonly source: string;
  readonly summary: string;
  readonly timeMs: number;
  readonly traceContext: string;
  /** 32 bytes; none in DELIVERY. */
  readonly previousHash: Uint8Array;
  /** At most `chunkBytesMax`. */
  readonly payload: Uint8Array;
}

export type EnvelopeDecoded =
  | { readonly ok: true; readonly envelope: Envelope }
  | { readonly ok: false; readonly reason: string };

/** Bytes of payload in one chunk, in every adapter, so that logs copy byte for byte. */
export const chunkBytesMax = 512 * 1024;
/** Chunks of one commit: 64 MiB of payload. */
export const chunksMax = 128;

/** Encodes fields in order, leaving out zero and empty ones. The caller keeps the bounds of E3. */
export function encodeEnvelope(envelope: Envelope): Uint8Array {
  const fields: (number | string | Uint8Array)[] = [
    envelope.epoch,
    envelope.commitId,
    envelope.chunk,
    envelope.chunks,
    envelope.kind,
    envelope.schemaVersion,
    envelope.term,
    envelope.actor,
    envelope.source,
    envelope.summary,
    envelope.timeMs,
    envelope.traceContext,
    envelope.previousHash,
    envelope.payload,
  ];
  const encoded = fields.map((value) => (typeof value === "string" ? utf8(value) : value));
  const bytes = new Uint8Array(encoded.reduce<number>((sum, value) => sum + fieldBytesMax(value), 0));
  let end = 0;
  encoded.forEach((value, index) => {
    if (typeof value === "number") {
      if (value === 0) return;
      bytes[end++] = (index + 1) * 8;
      end = writeVarint(bytes, end, value);
    } else if (value.length > 0) {
      bytes[end++] = (index + 1) * 8 + 2;
      end = writeVarint(bytes, end, value.length);
      bytes.set(value, end);
      end += value.length;
    }
  });
  return bytes.subarray(0, end);
}

/** Reads what is exactly an envelope (E1 to E5); all else is refused with a reason for people. Payload and ids are views. */
export function decodeEnvelope(body: Uint8Array): EnvelopeDecoded {
  try {
    return checked(decodeFields(body));
  } catch (error) {
    if (error instanceof Failure && error.code === notEnvelope) return { ok: false, reason: error.message };
    throw error;
  }
}

const notEnvelope = "log.noEnvelope";
const fieldsMax = 14;
const varintFields = new Set([1, 3, 4, 6, 7, 11]);
const textFields = new Set([5, 8, 9, 10, 12]);
const uint32Fields = new Set([3, 4, 6]);
/** Keeps a byte order mark, so that what is read encodes to the same bytes. */
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const empty = new Uint8Array(0);
const kindPattern = /^[A-Za-z][A-Za-z0-9]{0,63}$/;

function refuse(reason: string): never {
  throw new Failure(reason, { code: notEnvelope, retryable: false });
}

function fieldBytesMax(value: number | Uint8Array): number {
  return typeof value === "number" ? 9 : value.length + 6;
}

function writeVarint(bytes: Uint8Array, start: number, value: number): number {
  let rest = value;
  let end = start;
  while (rest >= 128) {
    bytes[end++] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
  }
  bytes[end++] = rest;
  return end;
}

type Field = number | string | Uint8Array | undefined;

function decodeFields(body: Uint8Array): Field[] {
  const fields: Field[] = new Array(fieldsMax + 1);
  let offset = 0;
  let last = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = body[offset++];
      if (byte === undefined) refuse("a number is cut off");
      value += (byte & 127) * scale;
      if (!Number.isSafeInteger(value)) refuse("a number is above 2^53-1");
      if (byte < 128) {
        if (byte === 0 && scale > 1) refuse("a number is not in its shortest form");
        return value;
      }
    }
  };
  while (offset < body.length) {
    const tag = varint();
    const field = Math.floor(tag / 8);
    if (field < 1 || field > fieldsMax) refuse(`field ${field} is unknown`);
    if (field <= last) refuse(`field ${field} follows field ${last}`);
    last = field;
    const isVarint = varintFields.has(field);
    if (tag % 8 !== (isVarint ? 0 : 2)) refuse(`field ${field} has wire type ${tag % 8}`);
    const value = varint();
    if (value === 0) refuse(`field ${field} is written though it is empty`);
    if (isVarint) {
      if (uint32Fields.has(field) && value > 0xffff_ffff) refuse(`field ${field} is above 2^32-1`);
      fields[field] = value;
      continue;
    }
    if (offset + value > body.length) refuse(`field ${field} is cut off`);
    const bytes = body.subarray(offset, offset + value);
    fields[field] = textFields.has(field) ? text(bytes, field) : bytes;
    offset += value;
  }
  return fields;
}

function text(bytes: Uint8Array, field: number): string {
  try {
    return decoder.decode(bytes);
  } catch {
    return refuse(`field ${field} is not UTF-8`);
  }
}

function checked(fields: readonly Field[]): EnvelopeDecoded {
  const number = (field: number): number => (fields[field] as number | undefined) ?? 0;
  const string = (field: number): string => (fields[field] as string | undefined) ?? "";
  const bytes = (field: number): Uint8Array => (fields[field] as Uint8Array | undefined) ?? empty;
  const envelope: Envelope = {
    epoch: number(1),
    commitId: bytes(2),
    chunk: number(3),
    chunks: number(4),
    kind: string(5),
    schemaVersion: number(6),
    term: number(7),
    actor: string(8),
    source: string(9),
    summary: string(10),
    timeMs: number(11),
    traceContext: string(12),
    previousHash: bytes(13),
    payload: bytes(14),
  };
  if (envelope.epoch === 0) refuse("it has no epoch");
  if (envelope.commitId.length !== 16) refuse(`its commit id has ${envelope.commitId.length} bytes, not 16`);
  if (envelope.chunks < 1 || envelope.chunks > chunksMax) refuse(`it says ${envelope.chunks} chunks`);
  if (envelope.chunk >= envelope.chunks) refuse(`it is chunk ${envelope.chunk} of ${envelope.chunks}`);
  if (!kindPattern.test(envelope.kind)) refuse("its kind is not a name");
  if (envelope.schemaVersion === 0) refuse("it has no schema version");
  const hashBytes = envelope.previousHash.length;
  if (hashBytes !== 0 && hashBytes !== 32) refuse(`its previous hash has ${hashBytes} bytes`);
  if (envelope.payload.length > chunkBytesMax) refuse(`its payload has ${envelope.payload.length} bytes`);
  return { ok: true, envelope };
}
