import type { JsonObject, JsonValue } from "@routeledger/std";
import fc, { type Arbitrary } from "fast-check";

const nastyJson: Arbitrary<JsonValue> = fc.oneof(
  fc.constantFrom<JsonValue>(
    null,
    true,
    0,
    -1,
    1.5,
    1e308,
    65_536,
    4_294_967_296,
    "",
    "*",
    "a\u0000b",
    [],
    {},
  ),
  fc.constantFrom<JsonValue>(
    [null],
    [[]],
    ["x", null, 1],
    { name: null },
    { value: {} },
    "__proto__",
    "//",
    "%",
  ),
  fc.string({ unit: "binary", maxLength: 8 }),
);

/** Where and how an object is spoilt: fractions of what there is, so that it says the same of an object in any process. */
const spoiling = fc.record({
  at: fc.array(fc.nat({ max: 1_000_000 }), { minLength: 2, maxLength: 8 }),
  how: fc.constantFrom("replace", "replace", "remove", "double"),
  by: nastyJson,
});

/** Names that no API server gives; undefined keeps the object's own. */
const strangeName = fc.oneof(
  { arbitrary: fc.constant(undefined), weight: 9 },
  {
    arbitrary: fc.constantFrom(
      "",
      "a/b",
      "/",
      "..",
      "a.b",
      "A",
      "*",
      "é",
      "a\u0000b",
      "a b",
      "%",
      "__proto__",
      "n".repeat(2000),
    ),
    weight: 1,
  },
);

/** An object as a log may hold it that no door looked at: some of its fields are anything. */
export function spoilt(of: Arbitrary<JsonObject>): Arbitrary<JsonObject> {
  return fc.tuple(of, fc.array(spoiling, { maxLength: 3 }), strangeName).map(([object, spoilings, name]) => {
    const { apiVersion = null, kind = null, metadata = null, ...body } = structuredClone(object);
    const own = metadata as JsonObject;
    // What other than a place and a name is in the metadata is not to be trusted either.
    const rest: JsonObject = { ...body, labels: own.labels ?? {}, created: own.creationTimestamp ?? null };
    for (const one of spoilings) spoil(rest, one.at, one);
    const { labels = null, created = null, ...spoiltBody } = rest;
    const identity = {
      name: name ?? own.name ?? "",
      ...(own.namespace === undefined ? {} : { namespace: own.namespace }),
    };
    return { apiVersion, kind, metadata: { ...identity, labels, creationTimestamp: created }, ...spoiltBody };
  });
}

function spoil(
  value: JsonObject | JsonValue[],
  at: readonly number[],
  { how, by }: { readonly how: string; readonly by: JsonValue },
): void {
  const keys = Object.keys(value);
  const [step = 0, ...rest] = at;
  const key = keys[step % keys.length];
  if (key === undefined) return;
  const list = Array.isArray(value) ? value : undefined;
  const members = value as Record<string, JsonValue>;
  const member = members[key];
  const deeper = typeof member === "object" && member !== null && Object.keys(member).length > 0;
  if (deeper && rest.length > 0) spoil(member as JsonObject, rest, { how, by });
  else if (how === "replace") members[key] = structuredClone(by);
  else if (how === "double" && list !== undefined) list.push(structuredClone(member ?? null));
  else if (list !== undefined) list.splice(Number(key), 1);
  else delete members[key];
}
