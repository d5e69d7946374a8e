import type { JsonObject, JsonValue } from "@routeledger/std";
import type { Schema } from "./schema.ts";

/**
 * A copy of the value with the schema's defaults, as an API server applies them: null in an object is absent
 * unless the schema says nullable, then what is absent gets its default, then the default's own members get
 * theirs. Idempotent. What no schema describes is copied by reference and must not be changed.
 */
export function applyDefaults(value: JsonValue, schema: Schema): JsonValue {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined ? value : value.map((item) => applyDefaults(item, items));
  }
  return isObject(value) ? defaultedObject(value, schema) : value;
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The schema of a member, or undefined when the field is unknown or free. */
export function memberSchema(schema: Schema, name: string): Schema | undefined {
  const { properties, additionalProperties } = schema;
  if (properties !== undefined && Object.hasOwn(properties, name)) return properties[name];
  return typeof additionalProperties === "object" ? additionalProperties : undefined;
}

function isAbsent(member: JsonValue, schema: Schema): boolean {
  return (member === null && schema.nullable !== true) || (member === "" && schema.emptyIsAbsent === true);
}

function defaultOf(schema: Schema, value: JsonValue): JsonValue {
  return applyDefaults(structuredClone(value), schema);
}

function defaultedObject(object: JsonObject, schema: Schema): JsonObject {
  const members: [string, JsonValue][] = [];
  for (const [name, member] of Object.entries(object)) {
    const known = memberSchema(schema, name);
    if (known === undefined) members.push([name, member]);
    else if (!isAbsent(member, known)) members.push([name, applyDefaults(member, known)]);
    else if (known.default !== undefined) members.push([name, defaultOf(known, known.default)]);
  }
  for (const [name, known] of Object.entries(schema.properties ?? {})) {
    const wanted = known.default !== undefined && !Object.hasOwn(object, name);
    if (wanted) members.push([name, defaultOf(known, known.default!)]);
  }
  // Not by assignment: a member named __proto__ must stay a member.
  return Object.fromEntries(members);
}
