import { type ObjectRef, refOf } from "@routeledger/config-model";
import { fromUtf8, type JsonObject } from "@routeledger/std";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { apiFailure } from "../api-failure.ts";
import type { ChangeAnswer } from "../change-results.ts";
import { apply, type ChangeRequest, remove } from "../change-service.ts";
import { ifMatch, queryFlag, queryText } from "../http-request.ts";
import { kindInfo, kindNamed } from "../kind-names.ts";
import type { DeleteTarget } from "../plan-delete.ts";
import {
  type InputFile,
  inputLengthMax,
  inputObjectsMax,
  type ReadInput,
  readDocuments,
} from "../read-documents.ts";
import type { ApiContext } from "./api-context.ts";

/** Bytes of a request's body: 64 MiB of text, escaped as JSON. */
export const bodyBytesMax = 160 * 1024 * 1024;

/** `POST /v1/apply` and `POST /v1/delete`. */
export function changeRoutes(server: FastifyInstance, context: ApiContext): void {
  const counted = context.metrics.counter({
    name: "api_changes_total",
    help: "objects in apply and delete requests, by what became of them",
    labels: ["outcome"],
  });
  const send = (reply: FastifyReply, answer: ChangeAnswer): FastifyReply => {
    for (const { outcome } of answer.results) counted.inc({ outcome });
    return reply.code(statusOf(answer)).send(answer);
  };

  server.post("/v1/apply", { bodyLimit: bodyBytesMax }, async (request, reply) => {
    const input = await readInput(filesOf(request));
    const answer = await apply(context.door, {
      ...changeRequest(request),
      input,
      dryRun: queryFlag(request, "dryRun"),
      atomic: queryFlag(request, "atomic"),
    });
    return send(reply, answer);
  });

  server.post("/v1/delete", { bodyLimit: bodyBytesMax }, async (request, reply) => {
    const changed = changeRequest(request);
    const answer = await remove(context.door, {
      ...changed,
      targets: await targetsOf(request, changed.namespace),
      ignoreNotFound: queryFlag(request, "ignoreNotFound"),
      allowMassDelete: queryFlag(request, "allowMassDelete"),
      dryRun: queryFlag(request, "dryRun"),
    });
    return send(reply, answer);
  });
}

/** All refused is an error, though the answer says of each object why; a part refused is not. */
function statusOf({ results }: ChangeAnswer): number {
  return results.length > 0 && results.every(({ outcome }) => outcome === "refused") ? 422 : 200;
}

function changeRequest(request: FastifyRequest): ChangeRequest {
  const ifRevision = ifMatch(request);
  return {
    author: {
      // In open mode nobody is asked, so what the client says is only a name; a token's name stands whatever it says.
      actor: request.tokenActor ?? queryText(request, "actor") ?? "open",
      source: queryText(request, "source") ?? "http",
      traceContext: String(request.headers.traceparent ?? ""),
    },
    summary: queryText(request, "summary") ?? "",
    namespace: queryText(request, "namespace") ?? "default",
    ...(ifRevision && { ifRevision }),
  };
}

/** `{files: [{path, text}]}`, one object as JSON, or text as it stands. */
function filesOf(request: FastifyRequest): InputFile[] {
  const { body } = request;
  const path = queryText(request, "file") ?? "-";
  if (Buffer.isBuffer(body)) return [{ path, text: textOf(body) }];
  if (typeof body !== "object" || body === null)
    throw apiFailure("badRequest", "the request has no body", bodyHint);
  if (!("files" in body)) return [{ path, text: JSON.stringify(body) }];
  const files: unknown = body.files;
  if (Array.isArray(files) && files.every(isFile)) return files;
  throw apiFailure("badRequest", "files: expected a list of {path, text}", bodyHint);
}

const bodyHint =
  'send {"files": [{"path": "...", "text": "..."}]} as application/json, or YAML as application/yaml';

function isFile(file: unknown): file is InputFile {
  const given = file as { path?: unknown; text?: unknown } | null;
  return typeof given?.path === "string" && typeof given.text === "string";
}

function textOf(body: Buffer): string {
  try {
    return fromUtf8(body);
  } catch {
    throw apiFailure("badRequest", "the body is binary: expected YAML or JSON in UTF-8");
  }
}

async function readInput(files: readonly InputFile[]): Promise<ReadInput> {
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

async function targetsOf(request: FastifyRequest, namespace: string): Promise<DeleteTarget[]> {
  const { body } = request;
  if (typeof body === "object" && body !== null && "refs" in body) {
    if (Array.isArray(body.refs))
      return body.refs.map((ref: unknown) => ({ ref: refOfWords(ref, namespace) }));
    throw apiFailure("badRequest", "refs: expected a list of {kind, namespace, name}");
  }
  const { objects, refusals } = await readInput(filesOf(request));
  const [refusal] = refusals;
  if (refusal !== undefined) {
    throw apiFailure(
      "badRequest",
      `${refusal.file} document ${refusal.document}: ${refusal.problem.message}`,
    );
  }
  return objects.flatMap(({ object, file, document }): DeleteTarget[] => {
    const ref = refOf(object);
    const info = kindInfo(ref);
    if (info === undefined) return [];
    return [{ ref: { ...ref, namespace: namespaceOf(info, ref.namespace || namespace) }, file, document }];
  });
}

/** A kind by any of its names. */
function refOfWords(words: unknown, namespace: string): ObjectRef {
  const { kind, name, namespace: own } = (words ?? {}) as JsonObject;
  if (typeof kind !== "string" || typeof name !== "string" || name === "") {
    throw apiFailure("badRequest", "refs: expected {kind, namespace, name}, each a string");
  }
  const info = kindNamed(kind);
  const where = typeof own === "string" && own !== "" ? own : namespace;
  return { group: info.group, kind: info.kind, namespace: namespaceOf(info, where), name };
}

function namespaceOf({ scope }: { readonly scope: string }, namespace: string): string {
  return scope === "Cluster" ? "" : namespace;
}
