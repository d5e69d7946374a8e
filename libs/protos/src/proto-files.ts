/** The `.proto` files of the descriptor, as gRPC reflection speaks of them. */
import { assert, compareStrings } from "@routeledger/std";
import { codec } from "./codec.ts";
import files from "./generated/files.json" with { type: "json" };
import type { MessageTypes } from "./generated/type-map.d.ts";
import {
  enumOf,
  type FieldSchema,
  findMessage,
  type MessageSchema,
  methodsOf,
  nestedNames,
  type ScalarType,
  type ValueType,
} from "./schema.ts";

type FileDescriptor = MessageTypes["routeledger.reflection.v1.FileDescriptor"];
type MessageDescriptor = MessageTypes["routeledger.reflection.v1.MessageDescriptor"];
type EnumDescriptor = MessageTypes["routeledger.reflection.v1.EnumDescriptor"];
type FieldDescriptor = MessageTypes["routeledger.reflection.v1.FieldDescriptor"];
type ServiceDescriptor = MessageTypes["routeledger.reflection.v1.ServiceDescriptor"];

export interface ProtoFile {
  /** Import path, such as `envoy/service/discovery/v3/ads.proto`. */
  readonly name: string;
  /** Names of the files that it imports, sorted. */
  readonly dependencies: readonly string[];
  /** A google.protobuf.FileDescriptorProto with what the descriptor keeps of the file. */
  readonly bytes: Uint8Array;
}

const symbolsOfFile = new Map<string, readonly string[]>(Object.entries(files));
const fileOfSymbol = new Map(
  [...symbolsOfFile].flatMap(([file, symbols]) => symbols.map((symbol) => [symbol, file] as const)),
);
const made = new Map<string, ProtoFile>();

/** Names of all files, sorted. */
export const protoFileNames: readonly string[] = [...symbolsOfFile.keys()];

/** A file by its import path; undefined when there is none. Made once, when first asked. */
export function protoFile(name: string): ProtoFile | undefined {
  const symbols = symbolsOfFile.get(name);
  if (symbols === undefined) return undefined;
  const known = made.get(name) ?? makeFile(name, symbols);
  made.set(name, known);
  return known;
}

/** Name of the file that declares a message, enum or service, or what is within one; undefined when none does. */
export function protoFileOf(symbol: string): string | undefined {
  for (let name = symbol; name !== ""; name = name.slice(0, Math.max(0, name.lastIndexOf(".")))) {
    const file = fileOfSymbol.get(name);
    if (file !== undefined) return isDeclared(symbol, name) ? file : undefined;
  }
  return undefined;
}

/** Whether an outermost symbol, or what is declared within it, has that name. */
function isDeclared(symbol: string, outermost: string): boolean {
  if (symbol === outermost) return true;
  const parent = symbol.slice(0, symbol.lastIndexOf("."));
  const last = symbol.slice(parent.length + 1);
  const { kind, messages, enums } = nestedNames(parent);
  if (kind === "service") return methodsOf(parent).some(({ name }) => name === last);
  if (kind === "enum") return enumOf(parent).valuesByName.has(last);
  const fields = findMessage(parent)?.fields ?? [];
  return (
    messages.includes(last) || enums.includes(last) || fields.some(({ protoName }) => protoName === last)
  );
}

function makeFile(name: string, symbols: readonly string[]): ProtoFile {
  const imports = new Set<string>();
  const typeName = (type: string): string => {
    const file = protoFileOf(type);
    assert(file !== undefined, `a type of some file, got ${type}`);
    if (file !== name) imports.add(file);
    return `.${type}`;
  };
  const descriptor = { messageType: [], enumType: [], service: [] } as {
    messageType: MessageDescriptor[];
    enumType: EnumDescriptor[];
    service: ServiceDescriptor[];
  };
  for (const symbol of symbols) {
    const { kind } = nestedNames(symbol);
    if (kind === "service") descriptor.service.push(serviceDescriptor(symbol, typeName));
    else if (kind === "enum") descriptor.enumType.push(enumDescriptor(symbol));
    else descriptor.messageType.push(messageDescriptor(symbol, typeName));
  }
  const [first = ""] = symbols;
  const dependencies = [...imports].sort(compareStrings);
  const file: FileDescriptor = {
    ...{ name, package: first.slice(0, first.lastIndexOf(".")), dependency: dependencies },
    ...descriptor,
    syntax: "proto3",
  };
  return { name, dependencies, bytes: codec("routeledger.reflection.v1.FileDescriptor").encode(file) };
}

type TypeName = (type: string) => string;

function serviceDescriptor(service: string, typeName: TypeName): ServiceDescriptor {
  return {
    name: lastOf(service),
    method: methodsOf(service).map(({ name, requestType, responseType, requestStream, responseStream }) => ({
      ...{ name, inputType: typeName(requestType), outputType: typeName(responseType) },
      ...{ clientStreaming: requestStream, serverStreaming: responseStream },
    })),
  };
}

function enumDescriptor(name: string): EnumDescriptor {
  const { valuesByName, namesByValue } = enumOf(name);
  // The first value of a proto3 enum must be 0.
  const value = [...valuesByName]
    .map(([valueName, number]) => ({ name: valueName, number }))
    .sort((a, b) => Number(b.number === 0) - Number(a.number === 0));
  const isAliased = valuesByName.size > namesByValue.size;
  return { name: lastOf(name), value, ...(isAliased && { options: { allowAlias: true } }) };
}

function messageDescriptor(name: string, typeName: TypeName): MessageDescriptor {
  const { messages, enums } = nestedNames(name);
  // Of a message that only holds others which are kept, there is no schema.
  const schema = findMessage(name);
  const fields = membersTogether(schema?.fields ?? []);
  const oneofs = oneofsOf(schema);
  return {
    name: lastOf(name),
    field: fields.map((field) => fieldDescriptor(field, { message: name, oneofs, typeName })),
    nestedType: [
      ...messages.map((nested) => messageDescriptor(`${name}.${nested}`, typeName)),
      ...fields.filter(({ cardinality }) => cardinality === "map").map((field) => entryOf(field, typeName)),
    ],
    enumType: enums.map((nested) => enumDescriptor(`${name}.${nested}`)),
    oneofDecl: oneofs.map((oneof) => ({ name: oneof })),
  };
}

/** Members of a oneof behind each other, where the first of them stands, as a `.proto` file has them. */
function membersTogether(fields: readonly FieldSchema[]): FieldSchema[] {
  const members = Map.groupBy(fields, ({ oneof, protoName }) =>
    oneof === undefined ? `field ${protoName}` : `oneof ${oneof}`,
  );
  return [...members.values()].flat();
}

/** Oneofs as declared, then those that stand for `optional`. */
function oneofsOf(schema: MessageSchema | undefined): string[] {
  const declared = (schema?.oneofs ?? []).map(({ name }) => name);
  return [...declared, ...(schema?.fields ?? []).filter(isOptional).map(syntheticOneof)];
}

function isOptional({ presence, value, oneof }: FieldSchema): boolean {
  return presence && value.kind !== "message" && oneof === undefined;
}

function syntheticOneof({ protoName }: FieldSchema): string {
  return `_${protoName}`;
}

interface FieldContext {
  readonly message: string;
  readonly oneofs: readonly string[];
  readonly typeName: TypeName;
}

function fieldDescriptor(field: FieldSchema, { message, oneofs, typeName }: FieldContext): FieldDescriptor {
  const { protoName, name, id, cardinality, value, oneof, packed, deprecated } = field;
  const isScalarList = cardinality === "repeated" && value.kind !== "message" && !isText(value);
  const isUnpacked = isScalarList && !packed;
  const inOneof = oneof ?? (isOptional(field) ? syntheticOneof(field) : undefined);
  return {
    ...{ name: protoName, number: id, jsonName: name },
    label: cardinality === "singular" ? labels.optional : labels.repeated,
    ...(cardinality === "map"
      ? { type: messageType, typeName: `.${message}.${entryName(field)}` }
      : typeOf(value, typeName)),
    ...(inOneof !== undefined && { oneofIndex: oneofs.indexOf(inOneof) }),
    ...(isOptional(field) && { proto3Optional: true }),
    ...((isUnpacked || deprecated) && {
      options: { ...(isUnpacked && { packed: false }), ...(deprecated && { deprecated }) },
    }),
  };
}

function isText(value: ValueType): boolean {
  return value.kind === "scalar" && /^(string|bytes)$/.test(value.scalar);
}

function entryOf(field: FieldSchema, typeName: TypeName): MessageDescriptor {
  assert(field.keyType !== undefined, `a key type of map field ${field.name}`);
  const common = { label: labels.optional };
  return {
    name: entryName(field),
    field: [
      { ...common, name: "key", number: 1, jsonName: "key", type: scalarTypes[field.keyType] },
      { ...common, name: "value", number: 2, jsonName: "value", ...typeOf(field.value, typeName) },
    ],
    options: { mapEntry: true },
  };
}

/** As protoc names it: `node_metadatas` has `NodeMetadatasEntry`. */
function entryName({ protoName }: FieldSchema): string {
  return `${protoName.replace(/(?:^|_)(.)/g, (_match, letter: string) => letter.toUpperCase())}Entry`;
}

function typeOf(value: ValueType, typeName: TypeName): Pick<FieldDescriptor, "type" | "typeName"> {
  if (value.kind === "scalar") return { type: scalarTypes[value.scalar] };
  return { type: value.kind === "message" ? messageType : enumType, typeName: typeName(value.name) };
}

function lastOf(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}

/** Of google.protobuf.FieldDescriptorProto. */
const labels = { optional: 1, repeated: 3 } as const;
const messageType = 11;
const enumType = 14;
const scalarTypes: Readonly<Record<ScalarType, number>> = {
  double: 1,
  float: 2,
  int64: 3,
  uint64: 4,
  int32: 5,
  fixed64: 6,
  fixed32: 7,
  bool: 8,
  string: 9,
  bytes: 12,
  uint32: 13,
  sfixed32: 15,
  sfixed64: 16,
  sint32: 17,
  sint64: 18,
};
