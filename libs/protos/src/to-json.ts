import type { JsonObject, JsonValue } from "@routeledger/std";
import { type AnyInput, type MessageName, typeNameOf } from "./codec.ts";
import { decodeMessage } from "./decode.ts";
import type { MessageTypes } from "./generated/type-map.d.ts";
import { base64Of, enumToJson, scalarToJson } from "./json-scalars.ts";
import { wellKnownJson } from "./json-well-known.ts";
import { enumOf, type FieldSchema, messageOf, type ValueType } from "./schema.ts";

export interface ToJsonOptions {
  /**
   * Show `[redacted]` for what Envoy's API marks as sensitive (private keys, passwords), and for all that is in
   * such a message, as Envoy's own `/config_dump` does.
   */
  readonly redactSensitive?: boolean;
}

interface Context {
  readonly redactSensitive: boolean;
  /** Inside a sensitive field. */
  readonly sensitive: boolean;
}

type Message = Readonly<Record<string, unknown>>;

/**
 * Canonical proto3 JSON: lowerCamelCase names, fields by number, defaults of fields without presence left out.
 * Takes messages as built and as decoded. An `Any` of a type that the descriptor lacks becomes
 * `{"@type": ..., "value": <base64>}`, which `fromJson` reads back.
 * @throws Malformed when an `Any` holds bytes that are not of its type, or a well-known type a value without JSON
 */
export function toJson<Name extends MessageName>(
  typeName: Name,
  message: MessageTypes[Name],
  options: ToJsonOptions = {},
): JsonValue {
  const context = { redactSensitive: options.redactSensitive === true, sensitive: false };
  return messageToJson(typeName, message as Message, context);
}

function messageToJson(name: string, message: Message, context: Context): JsonValue {
  if (name === "google.protobuf.Any") return anyToJson(message as AnyInput, context);
  const wellKnown = wellKnownJson.get(name);
  if (wellKnown) return context.sensitive ? redacted : wellKnown.toJson(message);
  return objectToJson(name, message, context);
}

const redacted = "[redacted]";

function objectToJson(name: string, message: Message, context: Context): JsonObject {
  const json: JsonObject = {};
  for (const field of messageOf(name).fields) {
    const value = message[field.name];
    if (value === undefined || value === null || isDefault(field, value)) continue;
    const sensitive = context.sensitive || (context.redactSensitive && field.sensitive);
    json[field.name] = fieldToJson(
      field,
      value,
      sensitive === context.sensitive ? context : { ...context, sensitive },
    );
  }
  return json;
}

function isDefault(field: FieldSchema, value: unknown): boolean {
  if (field.presence) return false;
  if (field.cardinality === "repeated") return (value as readonly unknown[]).length === 0;
  if (field.cardinality === "map") return Object.keys(value as object).length === 0;
  if (field.value.kind === "enum" && typeof value === "string") {
    return enumOf(field.value.name).valuesByName.get(value) === 0;
  }
  if (value instanceof Uint8Array) return value.length === 0;
  return value === "" || value === false || Object.is(value, 0);
}

function fieldToJson(field: FieldSchema, value: unknown, context: Context): JsonValue {
  if (field.cardinality === "repeated") {
    return (value as readonly unknown[]).map((element) => valueToJson(field.value, element, context));
  }
  if (field.cardinality === "map") {
    const entries = Object.entries(value as Message).map(([key, entry]): [string, JsonValue] => [
      key,
      valueToJson(field.value, entry, context),
    ]);
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
  }
  return valueToJson(field.value, value, context);
}

function valueToJson(type: ValueType, value: unknown, context: Context): JsonValue {
  if (type.kind === "message") return messageToJson(type.name, value as Message, context);
  if (context.sensitive) return redacted;
  return type.kind === "enum" ? enumToJson(type.name, value) : scalarToJson(type.scalar, value);
}

function anyToJson(any: AnyInput, context: Context): JsonValue {
  const typeUrl = any.typeUrl ?? "";
  const value = any.value ?? new Uint8Array(0);
  if (typeUrl === "" && value.length === 0) return {};
  const type = { "@type": typeUrl };
  const typeName = typeNameOf(typeUrl);
  if (typeName === undefined) return { ...type, value: context.sensitive ? redacted : base64Of(value) };
  const json = messageToJson(typeName, decodeMessage(typeName, value) as Message, context);
  return hasOwnJson(typeName) ? { ...type, value: json } : { ...type, ...(json as JsonObject) };
}

/** Inside an `Any` the JSON of such a message stands under `value`. */
export function hasOwnJson(typeName: string): boolean {
  return typeName === "google.protobuf.Any" || wellKnownJson.has(typeName);
}
