import type { JsonObject, JsonValue } from "@routeledger/std";
import { type Any, type MessageName, typeNameOf } from "./codec.ts";
import { encodeMessage } from "./encode.ts";
import type { MessageTypes } from "./generated/type-map.d.ts";
import { bytesFromJson, enumFromJson, mapKeyFromJson, nullValue, scalarFromJson } from "./json-scalars.ts";
import { wellKnownJson } from "./json-well-known.ts";
import { Malformed, misfit } from "./malformed.ts";
import { type FieldSchema, messageOf, type ScalarType, type ValueType } from "./schema.ts";
import { hasOwnJson } from "./to-json.ts";

/** Messages inside messages, at most; as in decoding. */
const depthMax = 100;

interface Place {
  readonly path: string;
  readonly depth: number;
}

/**
 * Reads canonical proto3 JSON, and the names of the source (snake_case). Null means unset. What comes back holds
 * only what the JSON says; enums are numbers.
 * @throws Malformed, with the path, for unknown fields, values that do not fit, a field given twice, two members
 * of a oneof, integers beyond 2^53, and an `Any` of a type that the descriptor lacks
 */
export function fromJson<Name extends MessageName>(typeName: Name, json: JsonValue): MessageTypes[Name] {
  return messageFromJson(typeName, json, { path: "", depth: 0 }) as MessageTypes[Name];
}

function messageFromJson(name: string, json: JsonValue, place: Place): object {
  if (place.depth > depthMax)
    throw misfit(place.path, `at most ${depthMax} messages inside each other`, json);
  if (name === "google.protobuf.Any") return anyFromJson(json, place);
  const wellKnown = wellKnownJson.get(name);
  if (wellKnown) return wellKnown.fromJson(json, place.path);
  return objectFromJson(name, asObject(json, place), place);
}

function asObject(json: JsonValue, place: Place): JsonObject {
  if (typeof json !== "object" || json === null || Array.isArray(json))
    throw misfit(place.path, "an object", json);
  return json;
}

function objectFromJson(name: string, json: JsonObject, place: Place): object {
  const schema = messageOf(name);
  const message: Record<string, unknown> = {};
  const seen = new Set<string>();
  const chosen = new Map<string, string>();
  for (const [key, value] of Object.entries(json)) {
    const path = place.path === "" ? key : `${place.path}.${key}`;
    const field = schema.fieldsByName.get(key);
    if (field === undefined)
      throw new Malformed(`parse JSON at ${path}: ${name} has no such field`, { path });
    if (seen.has(field.name))
      throw new Malformed(`parse JSON at ${path}: the field is given twice`, { path });
    seen.add(field.name);
    if (value === null && !takesNull(field)) continue;
    if (field.oneof !== undefined) {
      const other = chosen.get(field.oneof);
      if (other !== undefined) {
        throw new Malformed(`parse JSON at ${path}: ${other} of the same oneof is set, too`, { path });
      }
      chosen.set(field.oneof, key);
    }
    message[field.name] = fieldFromJson(field, value, { path, depth: place.depth });
  }
  return message;
}

/** Of these null is a value. */
function takesNull(field: FieldSchema): boolean {
  return field.cardinality === "singular" && isNullable(field.value);
}

function isNullable(type: ValueType): boolean {
  return type.kind !== "scalar" && (type.name === "google.protobuf.Value" || type.name === nullValue);
}

function fieldFromJson(field: FieldSchema, json: JsonValue, place: Place): unknown {
  if (field.cardinality === "repeated") {
    if (!Array.isArray(json)) throw misfit(place.path, "a list", json);
    return json.map((element, index) =>
      elementFromJson(field.value, element, { ...place, path: `${place.path}[${index}]` }),
    );
  }
  if (field.cardinality === "singular") return valueFromJson(field.value, json, place);
  const entries = Object.entries(asObject(json, place)).map(([key, value]): [string, unknown] => {
    const path = `${place.path}[${JSON.stringify(key)}]`;
    const mapKey = mapKeyFromJson(field.keyType as ScalarType, key, path);
    return [mapKey, elementFromJson(field.value, value, { ...place, path })];
  });
  return Object.fromEntries(entries);
}

function elementFromJson(type: ValueType, json: JsonValue, place: Place): unknown {
  if (json === null && !isNullable(type)) throw misfit(place.path, "a value", json);
  return valueFromJson(type, json, place);
}

function valueFromJson(type: ValueType, json: JsonValue, place: Place): unknown {
  if (type.kind === "scalar") return scalarFromJson(type.scalar, json, place.path);
  if (type.kind === "enum") return enumFromJson(type.name, json, place.path);
  return messageFromJson(type.name, json, { ...place, depth: place.depth + 1 });
}

function anyFromJson(json: JsonValue, place: Place): Any | object {
  const { "@type": typeUrl, ...content } = asObject(json, place);
  if (typeUrl === undefined && Object.keys(content).length === 0) return {};
  if (typeof typeUrl !== "string" || typeUrl === "")
    throw misfit(`${place.path}["@type"]`, "a type URL", typeUrl ?? null);
  const typeName = typeNameOf(typeUrl);
  if (typeName === undefined) return { typeUrl, value: opaqueValue(typeUrl, content, place) };
  const inner = { path: `${place.path}(${typeName})`, depth: place.depth + 1 };
  return { typeUrl, value: encodeMessage(typeName, contentFromJson(typeName, content, inner)) };
}

function contentFromJson(typeName: string, content: JsonObject, place: Place): object {
  // Some implementations write the empty object of Empty under `value`, as they do for well-known types.
  const underValue = hasOwnJson(typeName) || (typeName === "google.protobuf.Empty" && "value" in content);
  if (!underValue) return messageFromJson(typeName, content, place);
  const { value, ...others } = content;
  const [other] = Object.keys(others);
  if (other !== undefined) {
    throw new Malformed(`parse JSON at ${place.path}.${other}: only "value" may stand here`, {
      path: place.path,
    });
  }
  if (value === undefined) throw misfit(place.path, '"value"', content);
  return messageFromJson(typeName, value, place);
}

function opaqueValue(typeUrl: string, content: JsonObject, place: Place): Uint8Array {
  const { value, ...others } = content;
  if (typeof value === "string" && Object.keys(others).length === 0) {
    return bytesFromJson(value, `${place.path}.value`);
  }
  throw new Malformed(`parse JSON at ${place.path || "the message"}: the type ${typeUrl} is not known`, {
    path: place.path,
  });
}
