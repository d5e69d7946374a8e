import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import protobuf from "protobufjs";
import descriptor from "./generated/descriptor.json" with { type: "json" };
import { codec, fieldViolations, fromJson, type MessageName, toJson } from "./protos.ts";
import { integerBounds, isIntegerType } from "./scalars.ts";
import {
  allMessageNames,
  enumOf,
  type FieldSchema,
  messageOf,
  type ScalarType,
  type ValueType,
} from "./schema.ts";

const reference = protobuf.Root.fromJSON(structuredClone(descriptor) as never);

/** Their JSON has rules of its own about which values exist; json.test.ts holds these. */
const strictJson = /^google\.protobuf\.(Any|Duration|FieldMask|ListValue|Struct|Timestamp|Value)$/;

const names = allMessageNames().filter((name) => !strictJson.test(name)) as MessageName[];

type Draw = fc.GeneratorValue;

/** A message with some of its fields set, messages inside each other down to `depth`. */
function randomMessage(draw: Draw, name: string, depth: number): Record<string, unknown> {
  const message: Record<string, unknown> = {};
  if (strictJson.test(name)) return message;
  const chosen = new Set<string>();
  for (const field of messageOf(name).fields) {
    if (draw(fc.nat, { max: 3 }) > 0 || (field.oneof !== undefined && chosen.has(field.oneof))) continue;
    if (field.value.kind === "message" && depth === 0) continue;
    if (field.oneof !== undefined) chosen.add(field.oneof);
    message[field.name] = randomField(draw, field, depth);
  }
  return message;
}

function randomField(draw: Draw, field: FieldSchema, depth: number): unknown {
  const count = field.cardinality === "singular" ? 1 : draw(fc.nat, { max: 3 });
  const values = Array.from({ length: count }, () => randomValue(draw, field.value, depth));
  if (field.cardinality === "singular") return values[0];
  if (field.cardinality === "repeated") return values;
  const keyType = field.keyType as ScalarType;
  // protobufjs writes keys in the order of properties, in which those that look like numbers come first.
  return Object.fromEntries(
    values.map((value) => [keyType === "string" ? `k${draw(fc.string)}` : String(draw(fc.nat)), value]),
  );
}

function randomValue(draw: Draw, type: ValueType, depth: number): unknown {
  if (type.kind === "message") return randomMessage(draw, type.name, depth - 1);
  if (type.kind === "enum") return draw(fc.constantFrom, ...enumOf(type.name).namesByValue.keys());
  if (isIntegerType(type.scalar)) {
    const [min, max] = integerBounds(type.scalar);
    return draw(fc.integer, { min: Math.max(min, -(2 ** 31)), max: Math.min(max, 2 ** 31 - 1) });
  }
  if (type.scalar === "float") return Math.fround(draw(fc.nat) / 8);
  if (type.scalar === "double") return draw(fc.double, { noNaN: true });
  if (type.scalar === "bool") return draw(fc.boolean);
  return type.scalar === "string"
    ? draw(fc.string, { unit: "grapheme" as const })
    : draw(fc.uint8Array, { maxLength: 80 });
}

function forRandomMessages(check: (name: MessageName, message: object) => void): void {
  fc.assert(
    fc.property(fc.constantFrom(...names), fc.gen(), (name, draw) =>
      check(name, randomMessage(draw, name, 3)),
    ),
    { numRuns: 400 },
  );
}

test("random messages: protobufjs reads our bytes, and writes the same ones again", () => {
  forRandomMessages((name, message) => {
    const bytes = codec(name).encode(message);
    const type = reference.lookupType(name);
    assert.deepEqual([...type.encode(type.decode(bytes)).finish()], [...bytes]);
  });
});

test("random messages: what is decoded encodes to the same bytes", () => {
  forRandomMessages((name, message) => {
    const bytes = codec(name).encode(message);
    assert.deepEqual(codec(name).encode(codec(name).decode(bytes) as object), bytes);
  });
});

test("random messages: JSON reads back to the same bytes, and is the same of what was built and decoded", () => {
  forRandomMessages((name, message) => {
    const bytes = codec(name).encode(message);
    const json = toJson(name, message);
    assert.deepEqual(codec(name).encode(fromJson(name, JSON.parse(JSON.stringify(json))) as object), bytes);
    assert.deepEqual(toJson(name, codec(name).decode(bytes) as object), json);
  });
});

test("random messages: violations are the same of what was built and decoded", () => {
  forRandomMessages((name, message) => {
    const decoded = codec(name).decode(codec(name).encode(message)) as object;
    assert.deepEqual(fieldViolations(name, decoded), fieldViolations(name, message));
  });
});

test("random bytes never make decoding fail in another way than Malformed", () => {
  const property = fc.property(fc.constantFrom(...names), fc.uint8Array({ maxLength: 60 }), (name, bytes) => {
    try {
      codec(name).decode(bytes, { keepUnknownFields: true });
    } catch (error) {
      assert.equal((error as Error).constructor.name, "Malformed");
    }
  });
  fc.assert(property, { numRuns: 2000 });
});
