import { AssertionFailed, compareStrings } from "@routeledger/std";
import protobuf from "protobufjs/minimal.js";
import { type Scalar, scalars, unfit } from "./scalars.ts";
import {
  enumOf,
  type FieldSchema,
  type MessageSchema,
  messageOf,
  type ScalarType,
  type ValueType,
} from "./schema.ts";
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

interface FieldSlot {
  readonly id: number;
  readonly name: string;
  /** Which oneof of the message it belongs to; -1 for none. */
  readonly choice: number;
  encode: FieldEncoder;
}

function messageEncoder(name: string): MessageEncoder {
  const known = encoders.get(name);
  if (known) return known;
  const schema = messageOf(name);
  const slots = new Map(
    schema.fields.map((field): [string, FieldSlot] => [field.name, fieldSlot(field, schema)]),
  );
  const encoder: MessageEncoder = (message, writer) => {
    const set = setFields(message, slots);
    if (schema.oneofs.length > 0) refuseTwoOfOneof(set, schema);
    for (const slot of set) slot.encode(message[slot.name], writer);
    const kept = (message as { readonly [unknownFields]?: Uint8Array })[unknownFields];
    if (kept !== undefined) writer.raw(kept);
  };
  encoders.set(name, encoder);
  return encoder;
}

function fieldSlot(field: FieldSchema, schema: MessageSchema): FieldSlot {
  const slot: FieldSlot = {
    id: field.id,
    name: field.name,
    choice: schema.oneofs.findIndex((oneof) => oneof.name === field.oneof),
    // Messages refer to each other in circles, so the encoder is made when it is first needed.
    encode: (value, writer) => {
      slot.encode = fieldEncoder(field, schema.name);
      slot.encode(value, writer);
    },
  };
  return slot;
}

/** The fields that are there, by number. Few of many are, so the properties are walked, not the schema. */
function setFields(message: Message, slots: ReadonlyMap<string, FieldSlot>): readonly FieldSlot[] {
  const set: FieldSlot[] = [];
  let sorted = true;
  let last = 0;
  for (const name of Object.keys(message)) {
    const value = message[name];
    if (value === undefined || value === null) continue;
    const slot = slots.get(name);
    if (slot === undefined) throw new AssertionFailed(`expected a field of the message, found ${name}`);
    if (slot.id < last) sorted = false;
    last = slot.id;
    set.push(slot);
  }
  return sorted ? set : set.sort((a, b) => a.id - b.id);
}

function refuseTwoOfOneof(set: readonly FieldSlot[], schema: MessageSchema): void {
  let seen = 0;
  for (const { choice } of set) {
    if (choice === -1) continue;
    const bit = 1 << choice;
    if ((seen & bit) !== 0) {
      throw new AssertionFailed(
        `expected at most one of oneof ${schema.name}.${schema.oneofs[choice]?.name}, found two`,
      );
    }
    seen |= bit;
  }
}

function fieldEncoder(field: FieldSchema, owner: string): FieldEncoder {
  const path = `${owner}.${field.name}`;
  if (field.cardinality === "map") return mapEncoder(field, path);
  const { wireType, write } = valueWriter(field.value, path);
  if (field.packed) return packedEncoder(field.id, path, write);
  const tag = (field.id << 3) | wireType;
  if (field.cardinality === "repeated") {
    return (value, writer) => {
      if (!Array.isArray(value)) throw unfit("a list", path, value);
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

function packedEncoder(id: number, path: string, write: FieldEncoder): FieldEncoder {
  return (list, writer) => {
    if (!Array.isArray(list)) throw unfit("a list", path, list);
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
        if (number === undefined)
          throw new AssertionFailed(`expected a value of ${type.name} at ${path}, found ${value}`);
        scalars.int32.write(writer, number, path);
      },
    };
  }
  const encoder = messageEncoder(type.name);
  return {
    wireType: 2,
    write: (value, writer) => {
      if (typeof value !== "object" || value === null) throw unfit("a message", path, value);
      encoder(value as Message, writer.fork());
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
