import { concatBytes } from "@routeledger/std";
import protobuf from "protobufjs/minimal.js";
import { Malformed } from "./malformed.ts";
import { type Scalar, scalars } from "./scalars.ts";
import { type FieldSchema, messageOf, type ScalarType, type ValueType } from "./schema.ts";
import { unknownFields } from "./unknown-fields.ts";

/** Messages inside messages, at most; as in Google's implementations. */
const depthMax = 100;

export interface DecodeOptions {
  /** Keep the fields that the descriptor lacks under `unknownFields`; by default they are dropped. */
  readonly keepUnknownFields?: boolean;
}

type Message = Record<string, unknown> & { [unknownFields]?: Uint8Array };

interface Position {
  readonly reader: protobuf.Reader;
  /** Where this message ends. */
  readonly end: number;
  readonly depth: number;
  readonly keepUnknownFields: boolean;
}

type FieldDecoder = (message: Message, wireType: number, position: Position) => void;

interface MessageDecoder {
  readonly fields: ReadonlyMap<number, FieldDecoder>;
  /** Defaults that are immutable; the others are made for each message. */
  readonly template: Message;
  readonly made: readonly { readonly name: string; readonly make: () => unknown }[];
}

const decoders = new Map<string, MessageDecoder>();

/**
 * Decodes into plain objects: fields without presence hold their defaults, others are left out when unset. A
 * message field that comes twice is merged, other fields take the last value, as the specification says.
 * @throws Malformed for truncated or ill-formed bytes, integers beyond 2^53, and more than 100 nested messages
 */
export function decodeMessage(name: string, bytes: Uint8Array, options: DecodeOptions = {}): object {
  const reader = protobuf.Reader.create(asBuffer(bytes));
  const keepUnknownFields = options.keepUnknownFields === true;
  try {
    return decodeInto(emptyMessage(name), name, { reader, end: reader.len, depth: 0, keepUnknownFields });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Malformed(`decode ${name} of ${bytes.length} bytes: ${reason}`, { cause: error });
  }
}

/** protobufjs reads strings natively from a Buffer only. */
function asBuffer(bytes: Uint8Array): Uint8Array {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function emptyMessage(name: string): Message {
  const { template, made } = messageDecoder(name);
  const message: Message = { ...template };
  for (const field of made) message[field.name] = field.make();
  return message;
}

function decodeInto(message: Message, name: string, position: Position): Message {
  const { reader, end } = position;
  if (position.depth > depthMax) throw new Malformed(`more than ${depthMax} messages inside each other`);
  const { fields } = messageDecoder(name);
  while (reader.pos < end) {
    const start = reader.pos;
    const tag = reader.uint32();
    const decode = fields.get(tag >>> 3);
    if (decode) decode(message, tag & 7, position);
    else {
      if (tag >>> 3 === 0) throw new Malformed("field number 0");
      reader.skipType(tag & 7, position.depth, tag >>> 3);
      if (position.keepUnknownFields) keepUnknown(message, reader.buf.subarray(start, reader.pos));
    }
  }
  if (reader.pos !== end) throw new Malformed(`a field of ${name} ends after its message`);
  return message;
}

function keepUnknown(message: Message, field: Uint8Array): void {
  message[unknownFields] = concatBytes([message[unknownFields] ?? new Uint8Array(0), field]);
}

function messageDecoder(name: string): MessageDecoder {
  const known = decoders.get(name);
  if (known) return known;
  const schema = messageOf(name);
  const defaulted = schema.fields.filter((field) => !field.presence);
  const made = defaulted
    .map((field) => ({ name: field.name, make: defaultMaker(field) }))
    .filter(({ make }) => typeof make() === "object");
  const template = Object.fromEntries(defaulted.map((field) => [field.name, defaultMaker(field)()]));
  const siblings = (field: FieldSchema): readonly string[] =>
    schema.oneofs.find((oneof) => oneof.name === field.oneof)?.fields.map((member) => member.name) ?? [];
  const fields = new Map(schema.fields.map((field) => [field.id, fieldDecoder(field, siblings(field))]));
  const decoder = { fields, template, made };
  decoders.set(name, decoder);
  return decoder;
}

function defaultMaker(field: FieldSchema): () => unknown {
  if (field.cardinality === "repeated") return () => [];
  if (field.cardinality === "map") return () => ({});
  if (field.value.kind !== "scalar") return () => 0;
  if (field.value.scalar === "bytes") return () => new Uint8Array(0);
  const value = scalars[field.value.scalar].default;
  return () => value;
}

function fieldDecoder(field: FieldSchema, siblings: readonly string[]): FieldDecoder {
  if (field.cardinality === "map") return mapDecoder(field);
  if (field.cardinality === "repeated") return listDecoder(field);
  const { name, value } = field;
  const others = siblings.filter((sibling) => sibling !== name);
  const clearOthers = (message: Message): void => {
    for (const other of others) if (message[other] !== undefined) delete message[other];
  };
  if (value.kind === "message") {
    return (message, wireType, position) => {
      expectWireType(field, wireType, 2);
      clearOthers(message);
      message[name] = readMessage(value.name, position, message[name] as Message | undefined);
    };
  }
  const scalar = scalarOf(value);
  return (message, wireType, { reader }) => {
    expectWireType(field, wireType, scalar.wireType);
    clearOthers(message);
    message[name] = scalar.read(reader);
  };
}

function listDecoder(field: FieldSchema): FieldDecoder {
  const { name, value } = field;
  if (value.kind === "message") {
    return (message, wireType, position) => {
      expectWireType(field, wireType, 2);
      (message[name] as unknown[]).push(readMessage(value.name, position, undefined));
    };
  }
  const scalar = scalarOf(value);
  return (message, wireType, { reader }) => {
    const list = message[name] as unknown[];
    // Readers accept packed and unpacked lists alike.
    if (wireType === 2 && scalar.wireType !== 2) {
      const end = endOfBlock(reader);
      while (reader.pos < end) list.push(scalar.read(reader));
      if (reader.pos !== end) throw new Malformed(`the packed list ${name} ends inside a value`);
      return;
    }
    expectWireType(field, wireType, scalar.wireType);
    list.push(scalar.read(reader));
  };
}

function mapDecoder(field: FieldSchema): FieldDecoder {
  const keyType = field.keyType as ScalarType;
  const { value } = field;
  return (message, wireType, position) => {
    expectWireType(field, wireType, 2);
    const { reader } = position;
    const end = endOfBlock(reader);
    let key: unknown = scalars[keyType].default;
    let entry: unknown =
      value.kind === "message"
        ? emptyMessage(value.name)
        : defaultMaker({ ...field, cardinality: "singular" })();
    while (reader.pos < end) {
      const tag = reader.uint32();
      if (tag >>> 3 === 1) key = scalars[keyType].read(reader);
      else if (tag >>> 3 !== 2) reader.skipType(tag & 7, position.depth, tag >>> 3);
      else if (value.kind === "message") entry = readMessage(value.name, position, entry as Message);
      else entry = scalarOf(value).read(reader);
    }
    if (reader.pos !== end) throw new Malformed(`an entry of the map ${field.name} ends inside a value`);
    setEntry(message[field.name] as Record<string, unknown>, String(key), entry);
  };
}

/** A key that objects treat specially must become a property like any other. */
function setEntry(map: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== "__proto__") map[key] = value;
  else Object.defineProperty(map, key, { value, enumerable: true, writable: true, configurable: true });
}

function readMessage(name: string, position: Position, before: Message | undefined): Message {
  const end = endOfBlock(position.reader);
  if (end > position.end) throw new Malformed(`${name} ends after the message that holds it`);
  const { reader, keepUnknownFields } = position;
  return decodeInto(before ?? emptyMessage(name), name, {
    reader,
    end,
    depth: position.depth + 1,
    keepUnknownFields,
  });
}

function endOfBlock(reader: protobuf.Reader): number {
  const length = reader.uint32();
  const end = reader.pos + length;
  if (end > reader.len) throw new Malformed(`a length of ${length} goes beyond the end`);
  return end;
}

function scalarOf(type: ValueType): Scalar {
  return type.kind === "scalar" ? scalars[type.scalar] : scalars.int32;
}

function expectWireType(field: FieldSchema, found: number, expected: number): void {
  if (found !== expected)
    throw new Malformed(`field ${field.name}: expected wire type ${expected}, found ${found}`);
}
