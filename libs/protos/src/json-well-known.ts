import { compareStrings, type JsonObject, type JsonValue } from "@routeledger/std";
import { durationFromText, durationText } from "./duration.ts";
import { scalarFromJson, scalarToJson } from "./json-scalars.ts";
import { Malformed, misfit } from "./malformed.ts";
import type { ScalarType } from "./schema.ts";
import { timestampFromText, timestampText } from "./timestamp.ts";

/** A message whose JSON is not an object of its fields. */
export interface WellKnownJson {
  readonly toJson: (message: Readonly<Record<string, unknown>>) => JsonValue;
  readonly fromJson: (json: JsonValue, path: string) => Record<string, unknown>;
}

interface StructValue {
  readonly nullValue?: unknown;
  readonly numberValue?: number;
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly structValue?: { readonly fields?: Readonly<Record<string, StructValue>> };
  readonly listValue?: { readonly values?: readonly StructValue[] };
}

/** Objects and lists inside each other, at most. */
const depthMax = 100;

function wrapper(type: ScalarType): WellKnownJson {
  const empty = type === "string" || type === "bytes" ? (type === "bytes" ? new Uint8Array(0) : "") : 0;
  const unset = type === "bool" ? false : empty;
  return {
    toJson: (message) => scalarToJson(type, message.value ?? unset),
    fromJson: (json, path) => ({ value: scalarFromJson(type, json, path) }),
  };
}

/** The well-known types by full name, without `Any`, whose JSON depends on what is in it. */
export const wellKnownJson: ReadonlyMap<string, WellKnownJson> = new Map<string, WellKnownJson>([
  ["google.protobuf.BoolValue", wrapper("bool")],
  ["google.protobuf.BytesValue", wrapper("bytes")],
  ["google.protobuf.DoubleValue", wrapper("double")],
  ["google.protobuf.FloatValue", wrapper("float")],
  ["google.protobuf.Int32Value", wrapper("int32")],
  ["google.protobuf.Int64Value", wrapper("int64")],
  ["google.protobuf.StringValue", wrapper("string")],
  ["google.protobuf.UInt32Value", wrapper("uint32")],
  ["google.protobuf.UInt64Value", wrapper("uint64")],
  ["google.protobuf.Duration", { toJson: durationText, fromJson: durationFromText }],
  ["google.protobuf.Timestamp", { toJson: timestampText, fromJson: timestampFromText }],
  ["google.protobuf.FieldMask", { toJson: fieldMaskToJson, fromJson: fieldMaskFromJson }],
  [
    "google.protobuf.Struct",
    {
      toJson: (message) => structToJson(message, 0),
      fromJson: (json, path) => structFromJson(json, path, 0),
    },
  ],
  [
    "google.protobuf.ListValue",
    {
      toJson: (message) => listToJson(message, 0),
      fromJson: (json, path) => listFromJson(json, path, 0),
    },
  ],
  [
    "google.protobuf.Value",
    {
      toJson: (message) => valueToJson(message as StructValue, 0),
      fromJson: (json, path) => ({ ...valueFromJson(json, path, 0) }),
    },
  ],
]);

function structToJson(struct: NonNullable<StructValue["structValue"]>, depth: number): JsonObject {
  const entries = Object.entries(struct.fields ?? {}).sort(([a], [b]) => compareStrings(a, b));
  return Object.fromEntries(entries.map(([name, value]) => [name, valueToJson(value, depth + 1)]));
}

function listToJson(list: NonNullable<StructValue["listValue"]>, depth: number): JsonValue[] {
  return (list.values ?? []).map((value) => valueToJson(value, depth + 1));
}

function valueToJson(value: StructValue, depth: number): JsonValue {
  if (depth > depthMax) throw new Malformed(`show a Struct as JSON: more than ${depthMax} levels`);
  if (value.structValue) return structToJson(value.structValue, depth);
  if (value.listValue) return listToJson(value.listValue, depth);
  if (value.numberValue === undefined) return value.stringValue ?? value.boolValue ?? null;
  if (Number.isFinite(value.numberValue)) return value.numberValue;
  throw new Malformed(`show a Struct as JSON: ${value.numberValue} has no JSON`);
}

function structFromJson(json: JsonValue, path: string, depth: number): Record<string, unknown> {
  if (typeof json !== "object" || json === null || Array.isArray(json)) throw misfit(path, "an object", json);
  const entries = Object.entries(json);
  return {
    fields: Object.fromEntries(entries.map(([k, v]) => [k, valueFromJson(v, `${path}.${k}`, depth + 1)])),
  };
}

function listFromJson(json: JsonValue, path: string, depth: number): Record<string, unknown> {
  if (!Array.isArray(json)) throw misfit(path, "a list", json);
  return { values: json.map((element, index) => valueFromJson(element, `${path}[${index}]`, depth + 1)) };
}

function valueFromJson(json: JsonValue, path: string, depth: number): StructValue {
  if (depth > depthMax) throw misfit(path, `at most ${depthMax} levels`, json);
  if (json === null) return { nullValue: 0 };
  if (typeof json === "number") return { numberValue: json };
  if (typeof json === "string") return { stringValue: json };
  if (typeof json === "boolean") return { boolValue: json };
  if (Array.isArray(json)) return { listValue: listFromJson(json, path, depth) };
  return { structValue: structFromJson(json, path, depth) };
}

function fieldMaskToJson(message: Readonly<Record<string, unknown>>): JsonValue {
  const paths = (message.paths ?? []) as readonly string[];
  return paths
    .map((path) => {
      const camel = path.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
      const faithful = !camel.includes("_") && snakePath(camel) === path;
      if (!faithful) throw new Malformed(`show a FieldMask as JSON: ${path} has no JSON name`);
      return camel;
    })
    .join(",");
}

function fieldMaskFromJson(json: JsonValue, path: string): Record<string, unknown> {
  if (typeof json !== "string" || json.includes("_"))
    throw misfit(path, "lowerCamelCase paths joined by commas", json);
  return { paths: json === "" ? [] : json.split(",").map(snakePath) };
}

function snakePath(path: string): string {
  return path.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
