/** A field of an encoded message, as it stands there. */
export interface EncodedField {
  readonly number: number;
  /** The whole field with its tag, a view into the message. */
  readonly bytes: Uint8Array;
  /** What a message, a string or bytes hold, a view into the message; undefined for numbers. */
  readonly value: Uint8Array | undefined;
}

/** Why bytes are no protobuf message. */
export interface IllFormed {
  readonly illFormed: string;
}

const lengthDelimited = 2;
/** Bytes of the values that have a fixed size, by wire type. */
const fixedBytes: Readonly<Record<number, number>> = { 1: 8, 5: 4 };
const tagMax = 2 ** 32 - 1;

/**
 * Cuts a message into its fields in their order, without looking into them, so that what is inside passes through
 * byte for byte. Groups, which proto3 does not have, are ill-formed.
 */
export function topLevelFields(message: Uint8Array): readonly EncodedField[] | IllFormed {
  const fields: EncodedField[] = [];
  let at = 0;
  while (at < message.length) {
    const start = at;
    const tag = varintAt(message, at);
    if (tag === undefined || tag.value > tagMax || tag.value < 8) return badTag(at);
    const wireType = tag.value % 8;
    const number = Math.floor(tag.value / 8);
    at = tag.end;
    if (wireType === 0 || wireType === lengthDelimited) {
      const varint = varintAt(message, at);
      if (varint === undefined) return { illFormed: `field ${number} has no end` };
      at = varint.end;
      if (wireType === 0) {
        fields.push({ number, bytes: message.subarray(start, at), value: undefined });
        continue;
      }
      const end = at + varint.value;
      if (end > message.length) return { illFormed: `field ${number} of ${varint.value} bytes is cut off` };
      fields.push({ number, bytes: message.subarray(start, end), value: message.subarray(at, end) });
      at = end;
      continue;
    }
    const size = fixedBytes[wireType];
    if (size === undefined) return badTag(at);
    at += size;
    if (at > message.length) return { illFormed: `field ${number} is cut off` };
    fields.push({ number, bytes: message.subarray(start, at), value: undefined });
  }
  return fields;
}

function badTag(at: number): IllFormed {
  return { illFormed: `no field begins at byte ${at}` };
}

/** A varint of at most ten bytes; values beyond 2^53 lose their last bits, and are beyond every length. */
function varintAt(
  bytes: Uint8Array,
  start: number,
): { readonly value: number; readonly end: number } | undefined {
  let value = 0;
  for (let index = 0; index < 10; index++) {
    const byte = bytes[start + index];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return { value, end: start + index + 1 };
  }
  return undefined;
}
