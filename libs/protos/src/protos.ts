/**
 * Codecs of Envoy's API, of the extension protocol and of our own logs, from one generated descriptor
 * (`node scripts/generate-protos.ts` writes `generated/`).
 *
 * Messages are plain objects with lowerCamelCase properties.
 * - What is encoded (`MessageTypes`, the namespaces `envoy`, `google`, `routeledger`, `envoygateway`): every
 *   property may be left out or undefined; an enum is its value's name or number.
 * - What is decoded (`DecodedTypes`, the namespace `decoded`): scalars, lists and maps always there, with their
 *   defaults; messages, members of a oneof and `optional` fields left out when unset; an enum is a number
 *   (`enumName`, `enumValues`). It may be encoded again as it is.
 * - A oneof is just its members; two of them set is a programmer's error.
 * - 64-bit integers are numbers; decoding refuses those beyond 2^53. Bytes are `Uint8Array`, maps plain objects.
 * - Fields that the descriptor lacks are dropped, or kept with `{ keepUnknownFields: true }`.
 *
 * To compare or to show messages use `toJson`, which leaves defaults out.
 *
 * Nothing here reads a clock, an environment or a file.
 */
export {
  type Any,
  type AnyInput,
  type Codec,
  codec,
  type EnumName,
  enumName,
  enumValues,
  type MessageName,
  methodPath,
  packAny,
  serviceMethods,
  typeNameOf,
  typeUrl,
  type Unpacked,
  unpackAny,
  unpackAnyAs,
} from "./codec.ts";
export type { DecodeOptions } from "./decode.ts";
export { type Duration, type DurationInput, durationOfMs, durationToMs } from "./duration.ts";
export { fieldViolations, type Violation, violationsMax } from "./field-violations.ts";
export { fromJson } from "./from-json.ts";
export type * as decoded from "./generated/decoded.d.ts";
export type { envoy, envoygateway, google, routeledger, xds } from "./generated/messages.d.ts";
export type { DecodedTypes, EnumTypes, MessageTypes, ServiceName } from "./generated/type-map.d.ts";
export { Malformed } from "./malformed.ts";
export { type ProtoFile, protoFile, protoFileNames, protoFileOf } from "./proto-files.ts";
export type { MethodSchema } from "./schema.ts";
export { type ToJsonOptions, toJson } from "./to-json.ts";
export { type EncodedField, topLevelFields } from "./top-level-fields.ts";
export { unknownFields } from "./unknown-fields.ts";
export { withMessages } from "./with-messages.ts";
