import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalJson, type JsonObject, type JsonValue } from "@routeledger/std";
import fc from "fast-check";
import { isObject } from "./apply-defaults.ts";
import { knownKinds, schemaFor } from "./catalog.ts";
import { FIELD_ERRORS_MAX, type FieldError } from "./field-error.ts";
import type { Schema } from "./schema.ts";
import { validateObject } from "./validate-object.ts";

const RUNS = 25;
const LIST_ITEMS_MAX = 3;

/** Where a value stands in an object, and the schema that describes it. */
interface Place {
  readonly path: string;
  readonly holder: JsonObject | JsonValue[];
  readonly key: string | number;
  readonly schema: Schema;
}

const RULE_MESSAGES = knownKinds().flatMap(({ group, kind, versions }) =>
  versions.flatMap((version) => messagesOf(schemaFor({ group, version, kind })!)),
);

for (const { group, kind, versions } of knownKinds().filter((info) => info.group.startsWith("gateway."))) {
  for (const version of versions) {
    const schema = schemaFor({ group, version, kind })!;
    const apiVersion = `${group}/${version}`;
    const objects = arbitrarySpec(schema).map(
      (spec): JsonObject => ({ apiVersion, kind, metadata: { name: "generated" }, spec }),
    );

    test(`P7: ${version} ${kind}: what its schema generates is accepted, and validates to itself once defaulted`, () => {
      fc.assert(
        fc.property(objects, (object) => {
          const first = validateObject(object);
          assert.deepEqual(schemaErrors(object), []);
          assert.deepEqual(validateObject(first.object), first);
          assert.equal(canonicalJson(validateObject(first.object).object), canonicalJson(first.object));
        }),
        { numRuns: RUNS },
      );
    });

    test(`P7: ${version} ${kind}: a field of a wrong type is one error, at exactly its path`, () => {
      fc.assert(
        fc.property(objects, fc.nat(), (object, choice) => {
          const places = placesOf(object, schema);
          const place = places[choice % places.length]!;
          put(place, wrongValue(place.schema));
          assert.deepEqual(problems(object), [`TypeInvalid ${place.path}`]);
        }),
        { numRuns: RUNS },
      );
    });

    test(`P7: ${version} ${kind}: an unknown field is one error, at exactly its path`, () => {
      fc.assert(
        fc.property(objects, fc.nat(), (object, choice) => {
          const places = placesOf(object, schema).filter(({ schema: at }) => at.properties !== undefined);
          const place = places[choice % places.length]!;
          const value = valueAt(place) as JsonObject;
          // A map with a limit on its members would also have one too many.
          value.unknownField = {};
          assert.deepEqual(problems(object), [`UnknownField ${place.path}.unknownField`]);
        }),
        { numRuns: RUNS },
      );
    });

    test(`P7: ${version} ${kind}: a required field that is missing is one error, at exactly its path`, () => {
      fc.assert(
        fc.property(objects, fc.nat(), (object, choice) => {
          const places = placesOf(object, schema).filter((place) => isRequired(place, object, schema));
          if (places.length === 0) return;
          const place = places[choice % places.length]!;
          delete (place.holder as JsonObject)[place.key];
          const required = schemaErrors(object)
            .filter((error) => error.code === "Required")
            .map((error) => error.path);
          assert.deepEqual(required, [place.path]);
        }),
        { numRuns: RUNS },
      );
    });
  }
}

function problems(object: JsonObject): string[] {
  return schemaErrors(object).map((error) => `${error.code} ${error.path}`);
}

/** Without those of CEL rules: what a schema generates may break them, but not so often that others are cut off. */
function schemaErrors(object: JsonObject): FieldError[] {
  const { errors } = validateObject(object);
  fc.pre(errors.length < FIELD_ERRORS_MAX);
  return errors.filter(({ message }) => !RULE_MESSAGES.some((rule) => message.endsWith(rule)));
}

function messagesOf(schema: Schema): string[] {
  const values = typeof schema.additionalProperties === "object" ? [schema.additionalProperties] : [];
  const below = [
    ...Object.values(schema.properties ?? {}),
    ...(schema.items ? [schema.items] : []),
    ...values,
  ];
  const own = (schema["x-kubernetes-validations"] ?? []).map((rule) => rule.message!.trim());
  return [...own, ...below.flatMap(messagesOf)];
}

function arbitrarySpec(schema: Schema): fc.Arbitrary<JsonObject> {
  return arbitraryValue(schema.properties!.spec!) as fc.Arbitrary<JsonObject>;
}

/** Values that a schema accepts. Alternatives (oneOf, anyOf) are left out: see arbitraryObject. */
function arbitraryValue(schema: Schema): fc.Arbitrary<JsonValue> {
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  switch (schema.type) {
    case "object":
      return arbitraryObject(schema);
    case "array":
      return arbitraryList(schema);
    case "integer":
      return fc.integer({ min: schema.minimum ?? -1000, max: schema.maximum ?? 1000 });
    case "boolean":
      return fc.boolean();
    case "string":
      return arbitraryString(schema);
    default:
      throw new Error(`a generator for ${JSON.stringify(schema)}`);
  }
}

function arbitraryObject(schema: Schema): fc.Arbitrary<JsonObject> {
  if (typeof schema.additionalProperties === "object") {
    const values = arbitraryValue(schema.additionalProperties);
    return fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), values, {
      maxKeys: Math.min(3, schema.maxProperties ?? 3),
    });
  }
  const required = schema.required ?? [];
  const members = Object.entries(schema.properties ?? {})
    .filter(([name, member]) => required.includes(name) || !hasAlternatives(member))
    .map(([name, member]): [string, fc.Arbitrary<JsonValue>] => [name, arbitraryValue(member)]);
  return fc.record(Object.fromEntries(members), { requiredKeys: [...required] }) as fc.Arbitrary<JsonObject>;
}

function hasAlternatives(schema: Schema): boolean {
  return (
    schema.oneOf !== undefined ||
    schema.anyOf !== undefined ||
    (schema.items !== undefined && hasAlternatives(schema.items))
  );
}

function arbitraryList(schema: Schema): fc.Arbitrary<JsonValue[]> {
  const minLength = schema.minItems ?? 0;
  const maxLength = Math.min(schema.maxItems ?? LIST_ITEMS_MAX, Math.max(minLength, LIST_ITEMS_MAX));
  const items = arbitraryValue(schema.items!);
  const keys = schema["x-kubernetes-list-map-keys"];
  if (keys !== undefined) {
    const defaultOf = (key: string) => schema.items?.properties?.[key]?.default ?? null;
    const selector = (item: JsonValue) =>
      canonicalJson(keys.map((key) => (item as JsonObject)[key] ?? defaultOf(key)));
    return fc.uniqueArray(items, { minLength, maxLength, selector });
  }
  if (schema["x-kubernetes-list-type"] === "set") {
    return fc.uniqueArray(items, { minLength, maxLength, selector: canonicalJson });
  }
  return fc.array(items, { minLength, maxLength });
}

function arbitraryString(schema: Schema): fc.Arbitrary<string> {
  const minLength = schema.minLength ?? 0;
  const maxLength = Math.min(schema.maxLength ?? 20, Math.max(20, minLength));
  if (schema.pattern === undefined)
    return fc.string({ minLength, maxLength, unit: "grapheme" }).filter(fits(schema));
  return fc.stringMatching(new RegExp(schema.pattern)).filter(fits(schema));
}

function fits({ minLength = 0, maxLength = Number.POSITIVE_INFINITY }: Schema): (text: string) => boolean {
  return (text) => [...text].length >= minLength && [...text].length <= maxLength;
}

/** Every value in the spec that a schema describes, the spec itself first. */
function placesOf(object: JsonObject, schema: Schema): Place[] {
  const places: Place[] = [];
  visit({ path: "spec", holder: object, key: "spec", schema: schema.properties!.spec! });
  return places;

  function visit(place: Place): void {
    places.push(place);
    const value = valueAt(place);
    if (Array.isArray(value)) {
      for (const key of value.keys()) {
        visit({ path: `${place.path}[${key}]`, holder: value, key, schema: place.schema.items! });
      }
    } else if (isObject(value)) {
      for (const key of Object.keys(value)) {
        const member = place.schema.properties?.[key] ?? (place.schema.additionalProperties as Schema);
        visit({ path: `${place.path}.${key}`, holder: value, key, schema: member });
      }
    }
  }
}

/** Whether its holder's schema requires it; a missing list key is left out, as its siblings may then repeat. */
function isRequired(place: Place, object: JsonObject, schema: Schema): boolean {
  const holder = placesOf(object, schema).find((candidate) => valueAt(candidate) === place.holder);
  const required = holder?.schema.required ?? [];
  return place.schema.default === undefined && required.includes(String(place.key));
}

function valueAt({ holder, key }: Place): JsonValue {
  return (holder as JsonObject)[key] as JsonValue;
}

function put({ holder, key }: Place, value: JsonValue): void {
  (holder as JsonObject)[key] = value;
}

function wrongValue(schema: Schema): JsonValue {
  return schema.type === "string" ? 7 : "a string";
}
