/**
 * Random changes of an object that its schema guides: what an API server and we must judge alike is decided at the
 * borders of types, bounds and enums, at repeated keys, and where fields meet that exclude one another.
 */
import type { Schema } from "@routeledger/config-model";
import type { JsonObject, JsonValue } from "@routeledger/std";

/** One change, by three numbers of any size: which place, what to do there, with which value. */
export interface Mutation {
  readonly place: number;
  readonly operation: number;
  readonly value: number;
}

/** A value in an object, and the schema that describes it, if one does. */
interface Place {
  readonly holder: JsonObject | JsonValue[];
  readonly key: string | number;
  readonly schema: Schema | undefined;
}

type Operation = (place: Place, pick: number) => void;

/** The object with the changes, one after the other; the input stays as it is. */
export function mutated(object: JsonObject, schema: Schema, mutations: readonly Mutation[]): JsonObject {
  const copy = structuredClone(object);
  for (const { place: at, operation, value } of mutations) {
    const places = placesOf(copy, schema);
    const place = places[at % places.length];
    if (place !== undefined) pickFrom(operationsFor(place), operation)(place, value);
  }
  return copy;
}

function pickFrom<T>(list: readonly T[], pick: number): T {
  return list[pick % list.length]!;
}

/** Below the root, without what the request's path says: apiVersion, kind, the object's namespace and name. */
function placesOf(object: JsonObject, schema: Schema): Place[] {
  const places: Place[] = [];
  for (const [key, member] of Object.entries(object)) {
    if (key === "apiVersion" || key === "kind" || key === "status") continue;
    if (key !== "metadata") visit({ holder: object, key, schema: memberOf(schema, key) });
    else {
      for (const name of ["labels", "annotations"]) {
        if (isObject(member) && member[name] !== undefined) {
          visit({ holder: member, key: name, schema: memberOf(memberOf(schema, key), name) });
        }
      }
    }
  }
  return places;

  function visit(place: Place): void {
    places.push(place);
    const value = valueAt(place);
    const { schema: at } = place;
    if (Array.isArray(value)) {
      for (const key of value.keys()) visit({ holder: value, key, schema: at?.items });
    } else if (isObject(value)) {
      for (const key of Object.keys(value)) visit({ holder: value, key, schema: memberOf(at, key) });
    }
  }
}

function memberOf(schema: Schema | undefined, name: string): Schema | undefined {
  const values = schema?.additionalProperties;
  return schema?.properties?.[name] ?? (typeof values === "object" ? values : undefined);
}

function operationsFor(place: Place): readonly Operation[] {
  const value = valueAt(place);
  if (Array.isArray(value)) return [...LIST, ...ANY];
  if (isObject(value)) return [...OBJECT, ...OBJECT, ...ANY];
  if (typeof value === "string") return [...STRING, ...ANY];
  if (typeof value === "number") return [...NUMBER, ...ANY];
  return ANY;
}

const ANY: readonly Operation[] = [
  remove,
  (place, pick) => put(place, pickFrom([7, "a", true, null, [], {}, [7], { a: 1 }, 1.5, -1], pick)),
  (place, pick) => put(place, sampleOf(place.schema, pick)),
];

const LIST: readonly Operation[] = [
  ({ holder, key }, pick) => {
    const list = (holder as JsonObject)[key] as JsonValue[];
    if (list.length > 0) list.push(structuredClone(pickFrom(list, pick)));
  },
  (place, pick) => (valueAt(place) as JsonValue[]).push(sampleOf(place.schema?.items, pick)),
  (place) => (valueAt(place) as JsonValue[]).reverse(),
  (place) => {
    const list = valueAt(place) as JsonValue[];
    const { maxItems } = place.schema ?? {};
    if (maxItems === undefined || maxItems > 200 || list.length === 0) list.length = 0;
    else while (list.length <= maxItems) list.push(structuredClone(list[0]!));
  },
];

const OBJECT: readonly Operation[] = [
  (place, pick) => {
    const known = Object.entries(place.schema?.properties ?? {});
    const [name, schema] = known.length === 0 ? [pickFrom(NAMES, pick), undefined] : pickFrom(known, pick);
    (valueAt(place) as JsonObject)[name] = sampleOf(schema, Math.floor(pick / Math.max(1, known.length)));
  },
  (place, pick) => {
    (valueAt(place) as JsonObject)[pickFrom(NAMES, pick)] = pickFrom(["a", 1, {}, null], pick);
  },
];

const STRING: readonly Operation[] = [
  (place, pick) => put(place, `${valueAt(place)}${pickFrom(ODD, pick)}`),
  (place, pick) => put(place, `${pickFrom(ODD, pick)}${valueAt(place)}`),
  (place, pick) => put(place, pickFrom(place.schema?.enum ?? ODD, pick)),
  (place, pick) => {
    const { minLength, maxLength } = place.schema ?? {};
    const length = pickFrom(
      [maxLength ?? 63, (maxLength ?? 63) + 1, Math.max(0, (minLength ?? 1) - 1), 254],
      pick,
    );
    put(place, pickFrom(["a", "😀", "A"], pick).repeat(Math.min(length, 5000)));
  },
  (place) => put(place, String(valueAt(place)).toUpperCase()),
];

const NUMBER: readonly Operation[] = [
  (place, pick) => put(place, (valueAt(place) as number) + pickFrom([1, -1, 65536, 2 ** 31], pick)),
  (place, pick) => {
    const { minimum = 0, maximum = 65535 } = place.schema ?? {};
    put(place, pickFrom([minimum - 1, minimum, maximum, maximum + 1], pick));
  },
];

const ODD = [
  ...[
    "/",
    "*",
    ".",
    "-",
    "_",
    " ",
    "é",
    "😀",
    "\u0000",
    "\t",
    "%2f",
    "%2F",
    "#",
    "?",
    "//",
    "/../",
    "/./",
    "/..",
    "%",
  ],
  ...["\u00b5s", "a", "0", ":", "\\", '"', "{", "ms", "1h", "\n", "*.", ".cluster.local", "@"],
];
const NAMES = [
  "unknown",
  "Name",
  "x/y",
  "a.b/c",
  "-a",
  "__proto__",
  "constructor",
  "",
  "name",
  `${"a".repeat(254)}/b`,
];
const TEXTS = [
  ...[
    "a",
    "b",
    "a.example",
    "*.a.example",
    "",
    "A",
    "10.0.0.1",
    "::1",
    "::ffff:10.0.0.1",
    "/a",
    "/a/b",
    "10s",
  ],
  ...[
    "0s",
    "1h1ms",
    "1.5s",
    "1",
    "http",
    "Service",
    "Gateway",
    "example.com/a",
    "System",
    "a:1",
    "Ym9keQ==",
    "YQ",
  ],
  ...["https://a.example", "https://*.a.example:8443", "*", "GET", "spiffe://a.example/b", "x".repeat(64)],
  ...[
    "2026-01-01T00:00:00Z",
    "fe80::1",
    "fd00::1",
    "224.0.0.1",
    "127.0.0.1",
    "0.0.0.0",
    "010.0.0.1",
    "a b",
    "😀",
  ],
];
const NUMBERS = [0, 1, 2, 80, 443, 100, 101, 65535, 65536, -1, 30000, 2 ** 31 - 1, 2 ** 31, 1_000_000_000];

/** A value that the schema may accept: what it requires, and of strings and numbers one that is somewhere good. */
function sampleOf(schema: Schema | undefined, pick: number, depth = 0): JsonValue {
  if (schema === undefined || depth > 8) return pickFrom(TEXTS, pick);
  if (schema.enum !== undefined) return pickFrom(schema.enum, pick);
  switch (schema.type) {
    case "object": {
      const required = schema.required ?? [];
      const names = Object.keys(schema.properties ?? {}).filter((name, index) => {
        return required.includes(name) || (pick >> (index % 12)) % 4 === 0;
      });
      return Object.fromEntries(
        names.map((name, index) => [name, sampleOf(schema.properties?.[name], pick + index, depth + 1)]),
      );
    }
    case "array":
      return Array.from({ length: 1 + (pick % 2) }, (_, index) =>
        sampleOf(schema.items, pick + index, depth + 1),
      );
    case "integer":
    case "number":
      return pickFrom(NUMBERS, pick);
    case "boolean":
      return pick % 2 === 0;
    default:
      return pickFrom(TEXTS, pick);
  }
}

function remove({ holder, key }: Place): void {
  if (Array.isArray(holder)) holder.splice(Number(key), 1);
  else delete holder[key];
}

function put({ holder, key }: Place, value: JsonValue): void {
  (holder as JsonObject)[key] = structuredClone(value);
}

function valueAt({ holder, key }: Place): JsonValue {
  return (holder as JsonObject)[key] as JsonValue;
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
