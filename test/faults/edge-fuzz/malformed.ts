/** Bytes that are almost a protobuf message, from a seed. */

export type Random = () => number;

/** Ways to spoil a message. Some leave it a message, of another content. */
const spoilers: Readonly<Record<string, (random: Random, bytes: Uint8Array) => Uint8Array>> = {
  "random bytes": (random, bytes) => randomBytes(random, 1 + below(random, 2 * bytes.length)),
  truncated: (random, bytes) => bytes.slice(0, below(random, bytes.length)),
  "flipped bits": (random, bytes) => {
    const flipped = Uint8Array.from(bytes);
    for (let count = 1 + below(random, 8); count > 0; count--) {
      flipped[below(random, bytes.length)]! ^= 1 << below(random, 8);
    }
    return flipped;
  },
  "inserted bytes": (random, bytes) => {
    const at = below(random, bytes.length);
    const inserted = randomBytes(random, 1 + below(random, 16));
    return joined(bytes.slice(0, at), inserted, bytes.slice(at));
  },
  "another wire type": (random, bytes) => {
    // The first byte is a tag: its field keeps its number and gets another of the eight wire types.
    const changed = Uint8Array.from(bytes);
    changed[0] = (changed[0]! & 0xf8) | below(random, 8);
    return changed;
  },
  "an overlong varint": (random, bytes) => joined(bytes, [0x08], overlong(2 + below(random, 14))),
  "a huge length": (random, bytes) => joined(bytes, [0x1a, 0xff, 0xff, 0xff, 0xff, 0x07 + below(random, 2)]),
  "a group that does not end": (_random, bytes) => joined(bytes, [0x0b]),
  "a group that did not begin": (_random, bytes) => joined(bytes, [0x0c]),
  "groups in groups": (random, bytes) => joined(bytes, new Uint8Array(10 ** below(random, 6)).fill(0xa3)),
  "a field of number 0": (_random, bytes) => joined(bytes, [0x00, 0x00]),
  "bytes that are not UTF-8": (random, bytes) =>
    joined(bytes, [0x1a, 4, 0xff, 0xc0, 0x80 + below(random, 64), 0xed]),
};

export const spoilerNames: readonly string[] = Object.keys(spoilers);

/** The bytes, spoiled in that way. */
export function spoiled(name: string, random: Random, bytes: Uint8Array): Uint8Array {
  const spoiler = spoilers[name];
  if (spoiler === undefined) throw new Error(`a way to spoil a message, got ${name}`);
  return spoiler(random, bytes);
}

/**
 * `node.metadata` with a value within a value, so many deep: fields 3 of Node, 1 of Struct, 2 of its entry, 6 of
 * Value (a list), 1 of the list, and so on.
 */
export function nestedNode(depth: number): Uint8Array {
  // Written from its end to its beginning: each level's length is that of what lies within.
  const parts: number[][] = [];
  let length = 0;
  const wrap = (tag: number): void => {
    const head = [tag, ...varint(length)];
    parts.push(head);
    length += head.length;
  };
  for (let level = 0; level < depth; level++) {
    wrap(0x0a);
    wrap(0x32);
  }
  for (const tag of [0x12, 0x0a, 0x1a, 0x0a]) wrap(tag);
  return Uint8Array.from(parts.reverse().flat());
}

/** A whole number from 0 to below the limit; 0 when there is none. */
export function below(random: Random, limit: number): number {
  return Math.floor(random() * limit);
}

export function randomBytes(random: Random, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, () => below(random, 256));
}

function joined(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function overlong(count: number): Uint8Array {
  const bytes = new Uint8Array(count).fill(0xff);
  bytes[count - 1] = 0x01;
  return bytes;
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) | 0x80);
  }
}
