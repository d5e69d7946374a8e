import { type EncodedField, topLevelFields } from "@routeledger/protos";
import { bytesEqual, concatBytes } from "@routeledger/std";
import {
  type ResourceQuestion,
  type TranslationList,
  type TranslationQuestion,
  type TranslationResources,
  translationLists,
} from "./hook-questions.ts";
import { examinedName, resourceKinds, resourceName } from "./resource-names.ts";

/** What an answer's bytes say. */
export type Reading<Answer> =
  | { readonly kind: "answer"; readonly answer: Answer }
  | { readonly kind: "unchanged" }
  /** Breaks the protocol; `message` completes "the answer ...". */
  | { readonly kind: "invalid"; readonly message: string };

const resourceField = 1;
/** In the order of `translationLists`, in the answer. */
const firstListField = 1;

/**
 * The resource of an answer as its server encoded it. An absent one, or the same bytes, are `unchanged`. Invalid: no
 * protobuf, at any depth, or another name than the question's, none included.
 */
export function readResourceAnswer(question: ResourceQuestion, answer: Uint8Array): Reading<Uint8Array> {
  const fields = topLevelFields(plain(answer));
  if ("illFormed" in fields) return invalid(`is no protobuf message: ${fields.illFormed}`);
  const values = messagesOf(fields, resourceField);
  if (values === undefined)
    return invalid(`holds a number in field ${resourceField} instead of the resource`);
  if (values.length === 0) return { kind: "unchanged" };
  // A message field that comes twice is merged, and the join of both encodings is the encoding of that.
  const resource = concatBytes(values);
  const kind = resourceKinds[question.hook];
  const examined = examinedName(kind, resource);
  if ("illFormed" in examined) return invalid(`holds no ${kind.type}: ${examined.illFormed}`);
  const asked = resourceName(kind, question.resource);
  if (examined.name !== asked) {
    return invalid(`names ${quoted(examined.name)} instead of ${quoted(asked)}: a resource keeps its name`);
  }
  return bytesEqual(resource, question.resource)
    ? { kind: "unchanged" }
    : { kind: "answer", answer: resource };
}

/**
 * The lists that replace those of the question, only those that it asked about; `unchanged` when they are the same,
 * byte for byte and in the same order. Invalid: no protobuf, at any depth, a resource without a name, or two of one
 * name.
 */
export function readTranslationAnswer(
  question: TranslationQuestion,
  answer: Uint8Array,
): Reading<TranslationResources> {
  const fields = topLevelFields(plain(answer));
  if ("illFormed" in fields) return invalid(`is no protobuf message: ${fields.illFormed}`);
  const lists: { [List in TranslationList]?: readonly Uint8Array[] } = {};
  let changed = false;
  for (const [index, list] of translationLists.entries()) {
    const asked = question.resources[list];
    if (asked === undefined) continue;
    const answered = messagesOf(fields, firstListField + index)?.map((value) => value.slice());
    if (answered === undefined) return invalid(`holds a number instead of a resource in ${list}`);
    const fault = listFault(list, answered);
    if (fault !== undefined) return invalid(fault);
    lists[list] = answered;
    changed ||= !sameResources(asked, answered);
  }
  return changed ? { kind: "answer", answer: lists } : { kind: "unchanged" };
}

function listFault(list: TranslationList, resources: readonly Uint8Array[]): string | undefined {
  const kind = resourceKinds[list];
  const names = new Set<string>();
  for (const [index, resource] of resources.entries()) {
    const examined = examinedName(kind, resource);
    if ("illFormed" in examined) return `holds no ${kind.type} in ${list}[${index}]: ${examined.illFormed}`;
    if (examined.name === "") return `has no name in ${list}[${index}]: each resource needs one`;
    if (names.has(examined.name)) return `holds ${quoted(examined.name)} twice in ${list}: names are unique`;
    names.add(examined.name);
  }
  return undefined;
}

function sameResources(some: readonly Uint8Array[], others: readonly Uint8Array[]): boolean {
  return (
    some.length === others.length &&
    some.every((bytes, index) => bytesEqual(bytes, others[index] as Uint8Array))
  );
}

/** Undefined where one of them is no message. */
function messagesOf(fields: readonly EncodedField[], number: number): readonly Uint8Array[] | undefined {
  const values = fields.filter((field) => field.number === number).map(({ value }) => value);
  return values.every((value) => value !== undefined) ? values : undefined;
}

/** A Buffer's `slice` shares its memory, a Uint8Array's does not. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function invalid(message: string): { readonly kind: "invalid"; readonly message: string } {
  return { kind: "invalid", message };
}

const quotedNameMax = 200;

function quoted(name: string): string {
  return JSON.stringify(name.length > quotedNameMax ? `${name.slice(0, quotedNameMax)}...` : name);
}
