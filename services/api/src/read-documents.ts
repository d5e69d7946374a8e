import type { JsonObject, JsonValue } from "@routeledger/std";
import { isNode, LineCounter, parseDocument } from "yaml";
import type { InputProblem } from "./change-results.ts";
import { type DocumentText, splitDocuments } from "./split-documents.ts";

/** A file as the client sent it. */
export interface InputFile {
  /** For people; `-` is standard input. */
  readonly path: string;
  readonly text: string;
}

/** One object of the input, as it was written. */
export interface InputObject {
  readonly file: string;
  readonly document: number;
  /** `items[3].` within a List, else empty: stands before the object's field paths. */
  readonly prefix: string;
  readonly object: JsonObject;
  /** The line of a field of the object (its nearest parent's where it is not there); slow, for errors. */
  lineOf(field: string): number | undefined;
}

/** What could not be read, or is no object. */
export interface InputRefusal {
  readonly file: string;
  readonly document: number;
  readonly problem: InputProblem;
}

export interface ReadInput {
  readonly objects: readonly InputObject[];
  readonly refusals: readonly InputRefusal[];
}

/** All text of one request together, in UTF-16 code units. */
export const inputLengthMax = 64 * 1024 * 1024;
/** Objects of one request. */
export const inputObjectsMax = 50_000;
/** Documents longer than this that look like JSON are read as JSON, which tells repeated names not apart but is fast. */
const yamlLengthMax = 1024 * 1024;
/** What is read at a stretch before others get their turn, in UTF-16 code units. */
const stretchLength = 64 * 1024;

/** Reads YAML and JSON files of any number of documents and Lists. Never throws for what it reads. */
export async function readDocuments(files: readonly InputFile[]): Promise<ReadInput> {
  const objects: InputObject[] = [];
  const refusals: InputRefusal[] = [];
  let stretch = 0;
  for (const { path, text } of files) {
    if (text.includes("\0")) {
      refusals.push({
        file: path,
        document: 1,
        problem: { message: "is binary: expected YAML or JSON in UTF-8" },
      });
      continue;
    }
    for (const [index, document] of splitDocuments(text).entries()) {
      readDocument({ file: path, document: index + 1 }, document, { objects, refusals });
      stretch += document.text.length;
      if (stretch < stretchLength) continue;
      stretch = 0;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  return { objects, refusals };
}

interface Place {
  readonly file: string;
  readonly document: number;
}

interface Found {
  readonly objects: InputObject[];
  readonly refusals: InputRefusal[];
}

function readDocument(place: Place, document: DocumentText, { objects, refusals }: Found): void {
  const value = parseText(document);
  if ("problem" in value) {
    refusals.push({ ...place, problem: value.problem });
    return;
  }
  const parsed = value.value;
  if (isTooDeep(parsed)) {
    refusals.push({ ...place, problem: { line: document.line, message: "nested too deeply" } });
    return;
  }
  if (!isObject(parsed)) {
    const message = `expected an object with apiVersion, kind and metadata, got ${describe(parsed)}`;
    refusals.push({ ...place, problem: { line: document.line, message } });
    return;
  }
  const items = itemsOf(parsed);
  if (items === undefined) {
    objects.push(inputObject(place, document, "", parsed));
    return;
  }
  for (const [index, item] of items.entries()) {
    const prefix = `items[${index}].`;
    if (isObject(item)) objects.push(inputObject(place, document, prefix, item));
    else {
      const message = `expected an object, got ${describe(item)}`;
      refusals.push({ ...place, problem: { field: `items[${index}]`, message } });
    }
  }
}

/** `List`, `HTTPRouteList`: what kubectl prints for several objects. */
function itemsOf({ kind, items }: JsonObject): JsonValue[] | undefined {
  return typeof kind === "string" && kind.endsWith("List") && Array.isArray(items) ? items : undefined;
}

function inputObject(place: Place, document: DocumentText, prefix: string, object: JsonObject): InputObject {
  return { ...place, prefix, object, lineOf: (field) => lineOf(document, `${prefix}${field}`) };
}

type Parsed = { readonly value: unknown } | { readonly problem: InputProblem };

function parseText(document: DocumentText): Parsed {
  const { text, line } = document;
  if (text.length > yamlLengthMax && /^\s*[{[]/.test(text)) {
    try {
      return { value: JSON.parse(text) };
    } catch {
      // YAML says where the error is.
    }
  }
  const lineCounter = new LineCounter();
  const parsed = parseDocument(text, { ...yamlOptions, lineCounter });
  const [error] = parsed.errors;
  if (error !== undefined) {
    const position = error.linePos?.[0];
    const at = position === undefined ? line : line + position.line - 1;
    return { problem: { line: at, message: `syntax error: ${firstLine(error.message)}` } };
  }
  try {
    return { value: parsed.toJS({ maxAliasCount: 100 }) };
  } catch (cause) {
    const reason = cause instanceof Error ? firstLine(cause.message) : "for no known reason";
    return { problem: { line, message: `cannot be read: ${reason}` } };
  }
}

const yamlOptions = { merge: true, uniqueKeys: true, prettyErrors: true, logLevel: "silent" } as const;

/** Without the place, and without what was read there: it may be a part of a Secret (P11). */
function firstLine(message: string): string {
  if (message.includes("call stack")) return "nested too deeply";
  const [line = ""] = message.split("\n");
  return line
    .replace(/ at line \d+, column \d+:?$/, "")
    .replace(/: .*$/, "")
    .replace(/^(The) .* (tag has no suffix)/, "$1 $2")
    .replace(/(, so) .* (is invalid)/, "$1 it $2")
    .replace(/^(Unknown directive|Unsupported YAML version|Invalid escape sequence) .*/, "$1");
}

function lineOf({ text, line }: DocumentText, field: string): number | undefined {
  if (text.length > yamlLengthMax) return undefined;
  const lineCounter = new LineCounter();
  const parsed = parseDocument(text, { ...yamlOptions, lineCounter });
  for (let path = segmentsOf(field); ; path = path.slice(0, -1)) {
    const node = path.length === 0 ? parsed.contents : parsed.getIn(path, true);
    if (isNode(node) && node.range) return line + lineCounter.linePos(node.range[0]).line - 1;
    if (path.length === 0) return undefined;
  }
}

/** `spec.rules[0].labels[a/b]` as names and indexes. */
function segmentsOf(field: string): (string | number)[] {
  return [...field.matchAll(/\[([^\]]*)\]|[^.[\]]+/g)].map(([whole, inBrackets]) => {
    if (inBrackets === undefined) return whole;
    return /^\d+$/.test(inBrackets) ? Number(inBrackets) : inBrackets;
  });
}

/** Levels of nesting beyond which nothing is looked at; validation refuses far fewer, and says where. */
const levelsMax = 200;

/** Goes level by level: what is called for each level would itself nest too deeply. */
function isTooDeep(value: unknown): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; depth < levelsMax; depth++) {
    level = level.flatMap((one) => (typeof one === "object" && one !== null ? Object.values(one) : []));
    if (level.length === 0) return false;
  }
  return true;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "something else" : `a ${typeof value}`;
}
