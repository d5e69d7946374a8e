import { assert, compareStrings } from "@routeledger/std";
import protobuf from "protobufjs/minimal.js";
import { type Scalar, scalars } from "./scalars.ts";
import { enumOf, type FieldSchema, messageOf, type ScalarType, type ValueType } from "./schema.ts";
import { unknownFields } from "./unknown-fields.ts";

type Message = Readonly<Record<string, unknown>>;
type MessageEncoder = (message: Message, writer: protobuf.Writer) => void;
type FieldEncoder = (value: unknown, writer: protobuf.Writer) => void;

const encoders = new Map<string, MessageEncoder>();

/**
 * Encodes deterministically: fields by number, map entries by key, defaults of fields without presence left out,
 * kept unknown fields last. Equal messages give equal bytes.
 * @throws AssertionFailed for a value of a wrong type or range, and when two members of a oneof are set
 */
export function encodeMessage(name: string, message: object): Uint8Array {
  const writer = new protobuf.Writer();
  messageEncoder(name)(message as Message, writer);
  return writer.finish();
}

function messageEncoder(name: string): MessageEncoder {
  const known = encoders.get(name);
  if (known) return known;
  const schema = messageOf(name);
  const fields = schema.fields.map((field) => ({
    name: field.name,
    encode: lazy(() => fieldEncoder(field, name)),
  }));
  const choices = schema.oneofs.filter((oneof) => oneof.fields.length > 1);
  const encoder: MessageEncoder = (message, writer) => {
    for (const field of fields) {
      const value = message[field.name];
      if (value !== undefined && value !== null) field.encode()(value, writer);
    }
    for (const choice of choices) {
      const set = choice.fields.filter(
        (field) => message[field.name] !== undefined && message[field.name] !== null,
      );
      assert(
        set.length <= 1,
        `expected at most one of oneof ${name}.${choice.name}, found ${set.map((field) => field.name).join(" and ")}`,
      );
    }
    const kept = (message as { readonly [unknownFields]?: Uint8Array })[unknownFields];
    if (kept !== undefined) writer.raw(kept);
  };
  encoders.set(name, encoder);
  return encoder;
}

/** Messages refer to each other in circles, so an encoder is made when it is first needed. */
function lazy<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

function fieldEncoder(field: FieldSchema, owner: string): FieldEncoder {
  const path = `${owner}.${field.name}`;
  if (field.cardinality === "map") return mapEncoder(field, path);
  const { wireType, write } = valueWriter(field.value, path);
  if (field.packed) return packedEncoder(field.id, write);
  const tag = (field.id << 3) | wireType;
  if (field.cardinality === "repeated") {
    return (value, writer) => {
      assert(Array.isArray(value), `expected a list at ${path}, found ${typeof value}`);
      for (const element of value) {
        writer.uint32(tag);
        write(element, writer);
      }
    };
  }
  const isDefault = field.presence ? () => false : defaultTest(field.value);
  return (value, writer) => {
    if (isDefault(value)) return;
    writer.uint32(tag);
    write(value, writer);
  };
}

function packedEncoder(id: number, write: FieldEncoder): FieldEncoder {
  return (value, writer) => {
    const list = value as readonly unknown[];
    if (list.length === 0) return;
    writer.uint32((id << 3) | 2).fork();
    for (const element of list) write(element, writer);
    writer.ldelim();
  };
}

function mapEncoder(field: FieldSchema, path: string): FieldEncoder {
  const keyType = field.keyType as ScalarType;
  const key = scalars[keyType];
  const { wireType, write } = valueWriter(field.value, path);
  return (value, writer) => {
    const map = value as Readonly<Record<string, unknown>>;
    for (const text of Object.keys(map).sort(keyType === "string" ? compareStrings : compareKeys)) {
      writer.uint32((field.id << 3) | 2).fork();
      writer.uint32((1 << 3) | key.wireType);
      key.write(writer, mapKey(keyType, text), path);
      writer.uint32((2 << 3) | wireType);
      write(map[text], writer);
      writer.ldelim();
    }
  };
}

/** Integers by value; false before true. */
function compareKeys(a: string, b: string): number {
  return a === "true" || a === "false" ? compareStrings(a, b) : Number(a) - Number(b);
}

function mapKey(type: ScalarType, text: string): unknown {
  if (type === "string") return text;
  return type === "bool" ? text === "true" : Number(text);
}

function valueWriter(type: ValueType, path: string): { wireType: number; write: FieldEncoder } {
  if (type.kind === "scalar") {
    const scalar: Scalar = scalars[type.scalar];
    return { wireType: scalar.wireType, write: (value, writer) => scalar.write(writer, value, path) };
  }
  if (type.kind === "enum") {
    const { valuesByName } = enumOf(type.name);
    return {
      wireType: 0,
      write: (value, writer) => {
        const number = typeof value === "string" ? valuesByName.get(value) : value;
        assert(number !== undefined, `expected a value of ${type.name} at ${path}, found ${String(value)}`);
        scalars.int32.write(writer, number, path);
      },
    };
  }
  const encoder = lazy(() => messageEncoder(type.name));
  return {
    wireType: 2,
    write: (value, writer) => {
      assert(
        typeof value === "object" && value !== null,
        `expected a message at ${path}, found ${String(value)}`,
      );
      encoder()(value as Message, writer.fork());
      writer.ldelim();
    },
  };
}

function defaultTest(type: ValueType): (value: unknown) => boolean {
  if (type.kind === "enum") {
    const { valuesByName } = enumOf(type.name);
    return (value) => value === 0 || (typeof value === "string" && valuesByName.get(value) === 0);
  }
  if (type.kind === "message") return () => false;
  switch (type.scalar) {
    case "string":
      return (value) => value === "";
    case "bytes":
      return (value) => (value as Uint8Array).length === 0;
    case "bool":
      return (value) => value === false;
    default:
      return (value) => Object.is(value, 0);
  }
}
