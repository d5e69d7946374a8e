import { assert } from "@routeledger/std";
import { type DecodeOptions, decodeMessage } from "./decode.ts";
import { encodeMessage } from "./encode.ts";
import type { DecodedTypes, EnumTypes, MessageTypes, ServiceName } from "./generated/type-map.d.ts";
import { Malformed } from "./malformed.ts";
import { enumOf, findMessage, type MethodSchema, messageOf, methodsOf } from "./schema.ts";

/** Full name of a message of the descriptor, such as `envoy.config.cluster.v3.Cluster`. */
export type MessageName = keyof MessageTypes;

/** Full name of an enum of the descriptor. */
export type EnumName = keyof EnumTypes;

/** Encodes and decodes one message type. Deterministic; holds nothing. */
export interface Codec<Name extends MessageName> {
  readonly typeName: Name;
  /** `type.googleapis.com/<full name>`. */
  readonly typeUrl: string;
  /** See `encodeMessage`: equal messages give equal bytes. */
  encode(message: MessageTypes[Name]): Uint8Array;
  /** See `decodeMessage`. @throws Malformed */
  decode(bytes: Uint8Array, options?: DecodeOptions): DecodedTypes[Name];
}

export interface Any {
  readonly typeUrl: string;
  readonly value: Uint8Array;
}

/** An `Any` whose type the descriptor knows, decoded. Narrow it by `typeName`. */
export type Unpacked = {
  [Name in MessageName]: { readonly typeName: Name; readonly message: DecodedTypes[Name] };
}[MessageName];

const typeUrlPrefix = "type.googleapis.com/";
const codecs = new Map<string, unknown>();

/** The codec of a message; the same object each time. */
export function codec<Name extends MessageName>(typeName: Name): Codec<Name> {
  const known = codecs.get(typeName);
  if (known) return known as Codec<Name>;
  messageOf(typeName);
  const made: Codec<Name> = {
    typeName,
    typeUrl: typeUrl(typeName),
    encode: (message) => encodeMessage(typeName, message),
    decode: (bytes, options) => decodeMessage(typeName, bytes, options) as DecodedTypes[Name],
  };
  codecs.set(typeName, made);
  return made;
}

/** `type.googleapis.com/<full name>`, as xDS writes it. */
export function typeUrl(typeName: MessageName): string {
  return typeUrlPrefix + typeName;
}

/** The message that a type URL (any prefix) means; undefined when the descriptor lacks it. */
export function typeNameOf(url: string): MessageName | undefined {
  const name = url.slice(url.lastIndexOf("/") + 1);
  return findMessage(name) ? (name as MessageName) : undefined;
}

/** The message encoded deterministically, with its type. */
export function packAny<Name extends MessageName>(typeName: Name, message: MessageTypes[Name]): Any {
  return { typeUrl: typeUrl(typeName), value: encodeMessage(typeName, message) };
}

/**
 * The message in an `Any`; undefined when the descriptor lacks its type.
 * @throws Malformed when the bytes are not of that type
 */
export function unpackAny(any: AnyInput, options?: DecodeOptions): Unpacked | undefined {
  const typeName = typeNameOf(any.typeUrl ?? "");
  if (typeName === undefined) return undefined;
  return { typeName, message: decodeMessage(typeName, any.value ?? new Uint8Array(0), options) } as Unpacked;
}

/**
 * The message in an `Any` that must be of that type.
 * @throws Malformed when it is of another type or its bytes are not of that type
 */
export function unpackAnyAs<Name extends MessageName>(
  typeName: Name,
  any: AnyInput,
  options?: DecodeOptions,
): DecodedTypes[Name] {
  if (typeNameOf(any.typeUrl ?? "") !== typeName) {
    throw new Malformed(`unpack Any: expected ${typeName}, found ${any.typeUrl || "no type"}`);
  }
  return decodeMessage(typeName, any.value ?? new Uint8Array(0), options) as DecodedTypes[Name];
}

/** An `Any` as a builder or a decoder gives it. */
export interface AnyInput {
  readonly typeUrl?: string | undefined;
  readonly value?: Uint8Array | undefined;
}

/** The values of an enum by name: `enumValues("envoy.config.core.v3.ApiVersion").V3 === 2`. */
export function enumValues<Name extends EnumName>(name: Name): EnumTypes[Name] {
  return Object.fromEntries(enumOf(name).valuesByName) as unknown as EnumTypes[Name];
}

/** The name of an enum's value; undefined when the descriptor lacks the number. */
export function enumName(name: EnumName, value: number): string | undefined {
  return enumOf(name).namesByValue.get(value);
}

/** The methods of a gRPC service, as declared: paths, message names, which sides stream. */
export function serviceMethods(service: ServiceName): readonly MethodSchema[] {
  return methodsOf(service);
}

/** The path that gRPC calls a method by: `/package.Service/Method`. */
export function methodPath(service: ServiceName, method: string): string {
  const found = methodsOf(service).find((candidate) => candidate.name === method);
  assert(found !== undefined, `expected a method of ${service}, found ${method}`);
  return found.path;
}
