import protobuf from "protobufjs";
import { type KeptSymbols, nameOf } from "./prune.ts";

/** A namespace, message, enum or service as protobufjs's `Root.fromJSON` reads it. */
interface JsonNode {
  [property: string]: unknown;
  nested?: Record<string, JsonNode>;
}

/** Options that are kept; the others say nothing to a program that encodes, validates or redacts. */
const keptOptions: readonly string[] = [
  "(envoy.annotations.disallowed_by_default)",
  "(udpa.annotations.sensitive)",
  "(validate.disabled)",
  "(validate.ignored)",
  "(validate.required)",
  "(validate.rules)",
  "allow_alias",
  "deprecated",
  "packed",
  "proto3_optional",
];

/**
 * The kept symbols as one protobufjs JSON descriptor. Fields carry their JSON names (and `protoName` where that
 * cannot be derived), references are absolute, members are sorted by number and symbols by name, so equal input
 * gives equal bytes. Options are whole objects: `"(validate.rules)": {"string": {"min_len": 1}}`.
 */
export function descriptorJson(kept: KeptSymbols): JsonNode {
  const top: JsonNode = { nested: {} };
  for (const message of kept.messages) Object.assign(nodeAt(top, nameOf(message)), messageNode(message));
  for (const enumeration of kept.enums)
    Object.assign(nodeAt(top, nameOf(enumeration)), enumNode(enumeration));
  for (const service of kept.services) Object.assign(nodeAt(top, nameOf(service)), serviceNode(service));
  return sortNested(top);
}

/** The name of a field in JSON and in objects; protoc's rule. */
export function fieldName(field: protobuf.Field): string {
  return protobuf.util.jsonName(field.name);
}

function messageNode(message: protobuf.Type): JsonNode {
  const node: JsonNode = { edition: "proto3" };
  const options = keptOptionsOf(message);
  if (options) node.options = options;
  const oneofs: Record<string, unknown> = {};
  for (const oneof of message.oneofsArray) {
    const oneofOptions = keptOptionsOf(oneof);
    const members = oneof.fieldsArray.map(fieldName);
    oneofs[oneof.name] = { oneof: members, ...(oneofOptions ? { options: oneofOptions } : {}) };
  }
  if (message.oneofsArray.length > 0) node.oneofs = oneofs;
  const fields: Record<string, unknown> = {};
  for (const field of [...message.fieldsArray].sort((a, b) => a.id - b.id)) {
    fields[fieldName(field)] = fieldNode(field);
  }
  node.fields = fields;
  return node;
}

function fieldNode(field: protobuf.Field): Record<string, unknown> {
  const node: Record<string, unknown> = {};
  if (field.repeated) node.rule = "repeated";
  if (field instanceof protobuf.MapField) node.keyType = field.keyType;
  node.type = field.resolvedType ? `.${nameOf(field.resolvedType)}` : field.type;
  node.id = field.id;
  if (snakeCase(fieldName(field)) !== field.name) node.protoName = field.name;
  const options = keptOptionsOf(field);
  if (options) node.options = options;
  return node;
}

function enumNode(enumeration: protobuf.Enum): JsonNode {
  const options = keptOptionsOf(enumeration);
  return { edition: "proto3", ...(options ? { options } : {}), values: { ...enumeration.values } };
}

function serviceNode(service: protobuf.Service): JsonNode {
  const methods: Record<string, unknown> = {};
  for (const method of service.methodsArray) {
    methods[method.name] = {
      requestType: `.${nameOf(method.resolvedRequestType as protobuf.Type)}`,
      ...(method.requestStream ? { requestStream: true } : {}),
      responseType: `.${nameOf(method.resolvedResponseType as protobuf.Type)}`,
      ...(method.responseStream ? { responseStream: true } : {}),
    };
  }
  return { edition: "proto3", methods };
}

function keptOptionsOf(symbol: protobuf.ReflectionObject): Record<string, unknown> | undefined {
  const options: Record<string, unknown> = {};
  for (const name of keptOptions) {
    // An aggregate is set as parsed option only; `proto3_optional` and bundled definitions as plain option only.
    const plain = symbol.options?.[name];
    if (plain !== undefined) options[name] = plain;
    for (const parsed of symbol.parsedOptions ?? []) {
      const value = (parsed as Record<string, unknown>)[name];
      if (value !== undefined) options[name] = merged(options[name], value);
    }
  }
  return Object.keys(options).length > 0 ? options : undefined;
}

/** Several statements may set parts of one option: `[(validate.rules).string = {...}, (validate.rules).string...]`. */
function merged(before: unknown, value: unknown): unknown {
  if (!isRecord(value) || !isRecord(before)) return sorted(value);
  const result: Record<string, unknown> = { ...before };
  for (const [key, part] of Object.entries(value)) result[key] = merged(result[key], part);
  return sorted(result);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function nodeAt(top: JsonNode, name: string): JsonNode {
  let node = top;
  for (const part of name.split(".")) {
    node.nested ??= {};
    node.nested[part] ??= {};
    node = node.nested[part];
  }
  return node;
}

function sortNested(node: JsonNode): JsonNode {
  const { nested, ...own } = node;
  if (nested === undefined) return own;
  const names = Object.keys(nested).sort();
  return {
    ...own,
    nested: Object.fromEntries(names.map((name) => [name, sortNested(nested[name] as JsonNode)])),
  };
}
