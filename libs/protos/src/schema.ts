import { assert } from "@routeledger/std";
import descriptor from "./generated/descriptor.json" with { type: "json" };

export type ScalarType =
  | "double"
  | "float"
  | "int32"
  | "uint32"
  | "sint32"
  | "fixed32"
  | "sfixed32"
  | "int64"
  | "uint64"
  | "sint64"
  | "fixed64"
  | "sfixed64"
  | "bool"
  | "string"
  | "bytes";

/** What one value of a field is; of a map field, what its values are. */
export type ValueType =
  | { readonly kind: "scalar"; readonly scalar: ScalarType }
  | { readonly kind: "enum"; readonly name: string }
  | { readonly kind: "message"; readonly name: string };

export interface FieldSchema {
  /** The property's name in objects and in JSON. */
  readonly name: string;
  readonly protoName: string;
  readonly id: number;
  readonly cardinality: "singular" | "repeated" | "map";
  readonly value: ValueType;
  /** Of a map field. */
  readonly keyType: ScalarType | undefined;
  readonly packed: boolean;
  /** Unset and default can be told apart: messages, members of a oneof, `optional` fields. */
  readonly presence: boolean;
  /** Name of the oneof with several members that it belongs to. */
  readonly oneof: string | undefined;
  /** `validate.rules` as the source says them: `{"string": {"min_len": 1}}`. */
  readonly rules: Readonly<Record<string, unknown>> | undefined;
  readonly deprecated: boolean;
  /** Envoy refuses the field unless its runtime allows it. */
  readonly disallowed: boolean;
  /** `udpa.annotations.sensitive`: it must not be shown to people. */
  readonly sensitive: boolean;
}

export interface OneofSchema {
  readonly name: string;
  readonly fields: readonly FieldSchema[];
  /** `validate.required`. */
  readonly required: boolean;
}

export interface MessageSchema {
  readonly name: string;
  /** By number. */
  readonly fields: readonly FieldSchema[];
  readonly fieldsById: ReadonlyMap<number, FieldSchema>;
  /** By JSON name and by name in the source. */
  readonly fieldsByName: ReadonlyMap<string, FieldSchema>;
  /** Without those that stand for `optional`. */
  readonly oneofs: readonly OneofSchema[];
  /** `validate.disabled` or `validate.ignored`. */
  readonly unchecked: boolean;
}

export interface EnumSchema {
  readonly name: string;
  readonly valuesByName: ReadonlyMap<string, number>;
  /** The first name of each number. */
  readonly namesByValue: ReadonlyMap<number, string>;
}

export interface MethodSchema {
  readonly name: string;
  /** As gRPC calls it: `/package.Service/Method`. */
  readonly path: string;
  readonly requestType: string;
  readonly responseType: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

interface Node {
  readonly nested?: Readonly<Record<string, Node>>;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly fields?: Readonly<Record<string, FieldNode>>;
  readonly oneofs?: Readonly<Record<string, { oneof: readonly string[]; options?: Record<string, unknown> }>>;
  readonly values?: Readonly<Record<string, number>>;
  readonly methods?: Readonly<
    Record<string, { requestType: string; responseType: string; requestStream?: true; responseStream?: true }>
  >;
}

interface FieldNode {
  readonly rule?: "repeated";
  readonly keyType?: string;
  readonly type: string;
  readonly id: number;
  readonly protoName?: string;
  readonly options?: Readonly<Record<string, unknown>>;
}

const messages = new Map<string, MessageSchema | undefined>();
const enums = new Map<string, EnumSchema>();

/** The schema of a message by its full name; undefined when the descriptor lacks it. Built once, when first asked. */
export function findMessage(name: string): MessageSchema | undefined {
  if (messages.has(name)) return messages.get(name);
  const node = nodeAt(name);
  const schema = node?.fields ? messageSchema(name, node) : undefined;
  // Names that are not there come from outside (type URLs) and would grow the map without bound.
  if (schema) messages.set(name, schema);
  return schema;
}

/** The schema of a message that must be there. */
export function messageOf(name: string): MessageSchema {
  const schema = findMessage(name);
  assert(schema !== undefined, `expected a message of the descriptor, found ${name}`);
  return schema;
}

/** The schema of an enum that must be there. */
export function enumOf(name: string): EnumSchema {
  const known = enums.get(name);
  if (known) return known;
  const values = nodeAt(name)?.values;
  assert(values !== undefined, `expected an enum of the descriptor, found ${name}`);
  const namesByValue = new Map<number, string>();
  for (const [valueName, value] of Object.entries(values)) {
    if (!namesByValue.has(value)) namesByValue.set(value, valueName);
  }
  const schema = { name, valuesByName: new Map(Object.entries(values)), namesByValue };
  enums.set(name, schema);
  return schema;
}

/** The methods of a service that must be there, as declared. */
export function methodsOf(service: string): readonly MethodSchema[] {
  const methods = nodeAt(service)?.methods;
  assert(methods !== undefined, `expected a service of the descriptor, found ${service}`);
  return Object.entries(methods).map(([name, method]) => ({
    name,
    path: `/${service}/${name}`,
    requestType: method.requestType.slice(1),
    responseType: method.responseType.slice(1),
    requestStream: method.requestStream === true,
    responseStream: method.responseStream === true,
  }));
}

/** Full names of all messages, sorted. */
export function allMessageNames(): readonly string[] {
  const names: string[] = [];
  const visit = (prefix: string, node: Node): void => {
    if (node.fields) names.push(prefix);
    for (const [name, child] of Object.entries(node.nested ?? {}))
      visit(prefix ? `${prefix}.${name}` : name, child);
  };
  visit("", descriptor as unknown as Node);
  return names.sort();
}

/** What a symbol of the descriptor is, and the names of what a message declares within it, sorted. */
export function nestedNames(name: string): {
  readonly kind: "message" | "enum" | "service";
  readonly messages: readonly string[];
  readonly enums: readonly string[];
} {
  const node = nodeAt(name);
  const nested = Object.entries(node?.nested ?? {});
  const namesOf = (isEnum: boolean): string[] =>
    nested.filter(([, { values }]) => (values !== undefined) === isEnum).map(([nestedName]) => nestedName);
  const kind = node?.methods ? "service" : node?.values ? "enum" : "message";
  return { kind, messages: namesOf(false), enums: namesOf(true) };
}

function nodeAt(name: string): Node | undefined {
  let node: Node | undefined = descriptor as unknown as Node;
  for (const part of name.split(".")) {
    if (node?.nested === undefined || !Object.hasOwn(node.nested, part)) return undefined;
    node = node.nested[part];
  }
  return node;
}

function messageSchema(name: string, node: Node): MessageSchema {
  const oneofByField = new Map<string, string>();
  const optional = new Set<string>();
  for (const [oneof, { oneof: members }] of Object.entries(node.oneofs ?? {})) {
    for (const member of members) {
      if (node.fields?.[member]?.options?.proto3_optional === true) optional.add(member);
      else oneofByField.set(member, oneof);
    }
  }
  const fields = Object.entries(node.fields ?? {})
    .map(([field, json]) =>
      fieldSchema({ field, json, oneof: oneofByField.get(field), optional: optional.has(field) }),
    )
    .sort((a, b) => a.id - b.id);
  const fieldsByName = new Map<string, FieldSchema>();
  for (const field of fields) fieldsByName.set(field.protoName, field).set(field.name, field);
  const oneofs = Object.entries(node.oneofs ?? {})
    .map(([oneof, { options }]) => ({
      name: oneof,
      fields: fields.filter((field) => field.oneof === oneof),
      required: options?.["(validate.required)"] === true,
    }))
    .filter((oneof) => oneof.fields.length > 0);
  return {
    name,
    fields,
    fieldsById: new Map(fields.map((field) => [field.id, field])),
    fieldsByName,
    oneofs,
    unchecked:
      node.options?.["(validate.disabled)"] === true || node.options?.["(validate.ignored)"] === true,
  };
}

interface FieldInput {
  readonly field: string;
  readonly json: FieldNode;
  readonly oneof: string | undefined;
  readonly optional: boolean;
}

function fieldSchema({ field, json, oneof, optional }: FieldInput): FieldSchema {
  const value = valueType(json.type);
  const cardinality = json.keyType !== undefined ? "map" : json.rule === "repeated" ? "repeated" : "singular";
  const options = json.options ?? {};
  const packable =
    value.kind === "enum" || (value.kind === "scalar" && !/^(string|bytes)$/.test(value.scalar));
  return {
    name: field,
    protoName: json.protoName ?? field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    id: json.id,
    cardinality,
    value,
    keyType: json.keyType as ScalarType | undefined,
    packed: cardinality === "repeated" && packable && options.packed !== false,
    presence: cardinality === "singular" && (value.kind === "message" || oneof !== undefined || optional),
    oneof,
    rules: options["(validate.rules)"] as Record<string, unknown> | undefined,
    deprecated: options.deprecated === true,
    disallowed: options["(envoy.annotations.disallowed_by_default)"] === true,
    sensitive: options["(udpa.annotations.sensitive)"] === true,
  };
}

function valueType(type: string): ValueType {
  if (!type.startsWith(".")) return { kind: "scalar", scalar: type as ScalarType };
  const name = type.slice(1);
  return nodeAt(name)?.values ? { kind: "enum", name } : { kind: "message", name };
}
