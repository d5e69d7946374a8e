import type { JsonValue } from "@routeledger/std";
import { Malformed, misfit } from "./malformed.ts";
import { type IntegerType, integerBounds, isIntegerType } from "./scalars.ts";
import { enumOf, type ScalarType } from "./schema.ts";

/** A scalar in canonical proto3 JSON: 64-bit integers as strings, bytes in base64, NaN, infinities and -0 as strings. */
export function scalarToJson(type: ScalarType, value: unknown): JsonValue {
  if (type === "bytes") return base64Of(value as Uint8Array);
  if (type === "float" || type === "double") return floatToJson(type, value as number);
  if (type.endsWith("64")) return String(value);
  return value as JsonValue;
}

/** Reads a scalar, as liberal as the specification: numbers also as strings, base64 of both alphabets. */
export function scalarFromJson(type: ScalarType, json: JsonValue, path: string): unknown {
  if (isIntegerType(type)) return integerFromJson(type, json, path);
  switch (type) {
    case "float":
    case "double":
      return floatFromJson(type, json, path);
    case "bool":
      if (typeof json !== "boolean") throw misfit(path, "true or false", json);
      return json;
    case "string":
      if (typeof json !== "string") throw misfit(path, "a string", json);
      return json;
    default:
      return bytesFromJson(json, path);
  }
}

/** An enum's value by name; a number that has none as number; the one value of `NullValue` as null. */
export function enumToJson(name: string, value: unknown): JsonValue {
  if (name === nullValue) return null;
  if (typeof value === "string") return value;
  return enumOf(name).namesByValue.get(value as number) ?? (value as number);
}

/** The number of an enum's value that is given by name or number. */
export function enumFromJson(name: string, json: JsonValue, path: string): number {
  if (name === nullValue && json === null) return 0;
  if (typeof json === "number") return integerFromJson("int32", json, path);
  const number = typeof json === "string" ? enumOf(name).valuesByName.get(json) : undefined;
  if (number === undefined) throw misfit(path, `a value of ${name}`, json);
  return number;
}

/** A map key from the property name that stands for it; it stays a string, in its one spelling. */
export function mapKeyFromJson(type: ScalarType, key: string, path: string): string {
  if (type === "string") return key;
  if (type === "bool") {
    if (key !== "true" && key !== "false") throw misfit(path, "the key true or false", key);
    return key;
  }
  return String(integerFromJson(type as IntegerType, key, path));
}

/** The enum whose one value is JSON's null. */
export const nullValue = "google.protobuf.NullValue";

export function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

/** Bytes from base64, standard or URL alphabet, with or without padding. */
export function bytesFromJson(json: JsonValue, path: string): Uint8Array {
  if (typeof json !== "string" || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(json)) throw misfit(path, "base64", json);
  if (json.replace(/=+$/, "").length % 4 === 1) throw misfit(path, "base64", json);
  return new Uint8Array(Buffer.from(json, "base64"));
}

function floatToJson(type: "float" | "double", value: number): JsonValue {
  if (!Number.isFinite(value)) return String(value);
  // As a number JSON.stringify would lose its sign.
  if (Object.is(value, -0)) return "-0";
  return type === "float" ? shortestFloat(value) : value;
}

/** The shortest decimal that is the same 32-bit float, so 0.1 is not shown as 0.10000000149011612. */
function shortestFloat(value: number): number {
  const single = Math.fround(value);
  for (let digits = 6; digits <= 9; digits++) {
    const short = Number(single.toPrecision(digits));
    if (Math.fround(short) === single) return short;
  }
  return single;
}

const numberText = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

function integerFromJson(type: IntegerType, json: JsonValue, path: string): number {
  const number = typeof json === "string" && numberText.test(json) ? Number(json) : json;
  if (typeof number !== "number" || !Number.isInteger(number)) throw misfit(path, type, json);
  const [min, max] = integerBounds(type);
  if (number < min || number > max) {
    if (type.endsWith("64") && Math.abs(number) > max && Math.abs(number) <= 2 ** 64) {
      throw new Malformed(`parse JSON at ${path}: integers beyond 2^53 are not supported, found ${json}`, {
        path,
      });
    }
    throw misfit(path, type, json);
  }
  return number === 0 ? 0 : number;
}

function floatFromJson(type: "float" | "double", json: JsonValue, path: string): number {
  if (json === "NaN") return Number.NaN;
  if (json === "Infinity") return Number.POSITIVE_INFINITY;
  if (json === "-Infinity") return Number.NEGATIVE_INFINITY;
  const number = typeof json === "string" && numberText.test(json) ? Number(json) : json;
  if (typeof number !== "number" || !Number.isFinite(number)) throw misfit(path, type, json);
  if (type === "float" && !Number.isFinite(Math.fround(number))) throw misfit(path, type, json);
  return number;
}
