import { type ObjectRef, refOf } from "@routeledger/config-model";
import type { JsonObject } from "@routeledger/std";
import { apiFailure } from "./api-failure.ts";
import type { ConfigDoor } from "./config-door.ts";
import type { DeleteTarget } from "./plan-delete.ts";
import {
  type InputFile,
  inputLengthMax,
  inputObjectsMax,
  type ReadInput,
  readDocuments,
} from "./read-documents.ts";
import { findKind, findKindInfo } from "./state-kinds.ts";

const bodyHint =
  'send {"files": [{"path": "...", "text": "..."}]} or {"objects": [{...}]} as JSON; over HTTP also YAML as application/yaml';

/**
 * The files of a request: `{files: [{path, text}]}`, `{objects: [{...}]}` (each a file `objects[0]`, ...), else one
 * object as it stands, which is named by `path`.
 * @throws Failure `badRequest`
 */
export function filesOf(body: unknown, path: string): InputFile[] {
  if (typeof body !== "object" || body === null) {
    throw apiFailure("badRequest", "the request has no body", bodyHint);
  }
  if ("files" in body) return filesIn(body.files);
  if ("objects" in body && !("kind" in body)) return objectFiles(body.objects);
  return [{ path, text: JSON.stringify(body) }];
}

function filesIn(files: unknown): InputFile[] {
  if (Array.isArray(files) && files.every(isFile)) return files;
  throw apiFailure("badRequest", "files: expected a list of {path, text}", bodyHint);
}

function isFile(file: unknown): file is InputFile {
  const given = file as { path?: unknown; text?: unknown } | null;
  return typeof given?.path === "string" && typeof given.text === "string";
}

function objectFiles(objects: unknown): InputFile[] {
  if (!Array.isArray(objects))
    throw apiFailure("badRequest", "objects: expected a list of objects", bodyHint);
  return objects.map((object: unknown, index) => ({
    path: `objects[${index}]`,
    text: JSON.stringify(object),
  }));
}

/**
 * Through what a request says that it came; never a folder, which deletes what it owns and no file of it names.
 * @throws Failure `badRequest`
 */
export function sourceOf(given: string | undefined, otherwise: string): string {
  if (given?.startsWith("folder/")) {
    throw apiFailure("badRequest", "source: only a watched folder is folder/...", "leave it out");
  }
  return given ?? otherwise;
}

/** @throws Failure `tooLarge` over 64 MiB or 50,000 objects, `badRequest` for no object at all */
export async function readInput(files: readonly InputFile[]): Promise<ReadInput> {
  const length = files.reduce((sum, { text }) => sum + text.length, 0);
  if (length > inputLengthMax) {
    throw apiFailure("tooLarge", "all files together are over 64 MiB", "apply them in several steps");
  }
  const input = await readDocuments(files);
  if (input.objects.length > inputObjectsMax) {
    throw apiFailure("tooLarge", `${input.objects.length} objects, expected at most ${inputObjectsMax}`);
  }
  if (input.objects.length + input.refusals.length === 0) {
    throw apiFailure("badRequest", "no objects: the input is empty");
  }
  return input;
}

/** What names objects to delete is read with. */
export interface TargetContext {
  /** For refs and objects that name none. */
  readonly namespace: string;
  readonly door: ConfigDoor;
}

/** The objects of `{refs: [{kind, namespace, name}]}`. @throws Failure `badRequest`, `unknownKind` */
export async function targetsOfRefs(refs: unknown, context: TargetContext): Promise<DeleteTarget[]> {
  if (!Array.isArray(refs))
    throw apiFailure("badRequest", "refs: expected a list of {kind, namespace, name}");
  const targets: DeleteTarget[] = [];
  for (const ref of refs) targets.push({ ref: await refOfWords(ref, context) });
  return targets;
}

/**
 * The objects that files name; those of unknown kinds are left out.
 * @throws Failure `badRequest`, also for a document that cannot be read
 */
export async function targetsOfFiles(
  files: readonly InputFile[],
  { namespace, door }: TargetContext,
): Promise<DeleteTarget[]> {
  const { objects, refusals } = await readInput(files);
  const [refusal] = refusals;
  if (refusal !== undefined) {
    throw apiFailure(
      "badRequest",
      `${refusal.file} document ${refusal.document}: ${refusal.problem.message}`,
    );
  }
  const targets: DeleteTarget[] = [];
  for (const { object, file, document } of objects) {
    const ref = refOf(object);
    const info = await findKindInfo(ref, door);
    if (info === undefined) continue;
    targets.push({
      ref: { ...ref, namespace: namespaceOf(info, ref.namespace || namespace) },
      file,
      document,
    });
  }
  return targets;
}

/** A kind by any of its names. */
async function refOfWords(words: unknown, { namespace, door }: TargetContext): Promise<ObjectRef> {
  const { kind, name, namespace: own } = (words ?? {}) as JsonObject;
  if (typeof kind !== "string" || typeof name !== "string" || name === "") {
    throw apiFailure("badRequest", "refs: expected {kind, namespace, name}, each a string");
  }
  const info = await findKind(kind, door);
  const where = typeof own === "string" && own !== "" ? own : namespace;
  return { group: info.group, kind: info.kind, namespace: namespaceOf(info, where), name };
}

function namespaceOf({ scope }: { readonly scope: string }, namespace: string): string {
  return scope === "Cluster" ? "" : namespace;
}
