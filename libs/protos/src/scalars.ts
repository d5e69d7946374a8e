import { AssertionFailed } from "@routeledger/std";
import type protobuf from "protobufjs/minimal.js";
import { Malformed } from "./malformed.ts";
import type { ScalarType } from "./schema.ts";

/** How one scalar type stands on the wire. 64-bit integers are numbers and must be safe integers. */
export interface Scalar {
  readonly wireType: 0 | 1 | 2 | 5;
  readonly default: number | boolean | string;
  readonly write: (writer: protobuf.Writer, value: unknown, path: string) => void;
  readonly read: (reader: protobuf.Reader) => unknown;
}

type Integer64 = number | { readonly low: number; readonly high: number };

const integers = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  sint32: [-(2 ** 31), 2 ** 31 - 1],
  sfixed32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  fixed32: [0, 2 ** 32 - 1],
  int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  sint64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  sfixed64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  uint64: [0, Number.MAX_SAFE_INTEGER],
  fixed64: [0, Number.MAX_SAFE_INTEGER],
} as const;

export type IntegerType = keyof typeof integers;

/** The integers that a field of the type may hold here, both included. */
export function integerBounds(type: IntegerType): readonly [number, number] {
  return integers[type];
}

export function isIntegerType(type: ScalarType): type is IntegerType {
  return type in integers;
}

function integer(type: IntegerType, wireType: 0 | 1 | 5): Scalar {
  const [min, max] = integers[type];
  return {
    wireType,
    default: 0,
    write: (writer, value, path) => {
      const fits = Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;
      if (!fits) throw unfit(type, path, value);
      writer[type](value as number);
    },
    read: (reader) => safeNumber(reader[type]() as Integer64),
  };
}

function float(type: "float" | "double", wireType: 1 | 5): Scalar {
  return {
    wireType,
    default: 0,
    write: (writer, value, path) => {
      if (typeof value !== "number") throw unfit(type, path, value);
      writer[type](value);
    },
    read: (reader) => reader[type](),
  };
}

const bool: Scalar = {
  wireType: 0,
  default: false,
  write: (writer, value, path) => {
    if (typeof value !== "boolean") throw unfit("bool", path, value);
    writer.bool(value);
  },
  read: (reader) => reader.bool(),
};

const string: Scalar = {
  wireType: 2,
  default: "",
  write: (writer, value, path) => {
    if (typeof value !== "string") throw unfit("string", path, value);
    writer.string(value);
  },
  read: (reader) => reader.string(),
};

const bytes: Scalar = {
  wireType: 2,
  // Never used as a value: a default of bytes is made anew each time.
  default: "",
  write: (writer, value, path) => {
    if (!(value instanceof Uint8Array)) throw unfit("bytes", path, value);
    writer.bytes(value);
  },
  read: readBytes,
};

/** A copy: a view would keep the whole message alive for a few bytes of it. */
function readBytes(reader: protobuf.Reader): Uint8Array {
  const length = reader.uint32();
  const start = reader.pos;
  if (length > reader.len - start) throw new Malformed(`a length of ${length} goes beyond the end`);
  reader.pos = start + length;
  const copy = new Uint8Array(length);
  // Making a view costs more than copying a digest byte by byte.
  if (length > 64) copy.set(reader.buf.subarray(start, start + length));
  else for (let at = 0; at < length; at++) copy[at] = reader.buf[start + at] as number;
  return copy;
}

export const scalars: Readonly<Record<ScalarType, Scalar>> = {
  double: float("double", 1),
  float: float("float", 5),
  int32: integer("int32", 0),
  uint32: integer("uint32", 0),
  sint32: integer("sint32", 0),
  fixed32: integer("fixed32", 5),
  sfixed32: integer("sfixed32", 5),
  int64: integer("int64", 0),
  uint64: integer("uint64", 0),
  sint64: integer("sint64", 0),
  fixed64: integer("fixed64", 1),
  sfixed64: integer("sfixed64", 1),
  bool,
  string,
  bytes,
};

function safeNumber(value: Integer64): number {
  const number = typeof value === "number" ? value : wide(value);
  if (!Number.isSafeInteger(number)) throw new Malformed(`decode a 64-bit integer: ${number} is beyond 2^53`);
  return number;
}

function wide(value: { readonly low: number; readonly high: number; readonly unsigned?: boolean }): number {
  const high = value.unsigned ? value.high >>> 0 : value.high;
  return high * 2 ** 32 + (value.low >>> 0);
}

/** An assertion whose message is made only when it fails: these run for each value that is encoded. */
export function unfit(expected: string, path: string, found: unknown): AssertionFailed {
  const shown = typeof found === "number" || typeof found === "boolean" ? String(found) : typeof found;
  return new AssertionFailed(`expected ${expected} at ${path}, found ${shown}`);
}
