import { fromUtf8 } from "@routeledger/std";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { apiFailure } from "../api-failure.ts";
import type { Author } from "../change-coalescer.ts";
import {
  filesOf,
  readInput,
  sourceOf,
  type TargetContext,
  targetsOfFiles,
  targetsOfRefs,
} from "../change-input.ts";
import { type ChangeAnswer, statusOf } from "../change-results.ts";
import { apply, type ChangeRequest, remove, reseal } from "../change-service.ts";
import { ifMatch, queryFlag, queryNumber, queryText } from "../http-request.ts";
import type { DeleteTarget } from "../plan-delete.ts";
import { type Preparation, preparationDefaults } from "../prepare-change.ts";
import type { InputFile } from "../read-documents.ts";
import type { ApiContext } from "./api-context.ts";

/** Bytes of a request's body: 64 MiB of text, escaped as JSON. */
export const bodyBytesMax = 160 * 1024 * 1024;

/** How long a step of a switch may be given, milliseconds. */
const phaseMsMax = 3_600_000;

/** `POST /v1/apply`, `POST /v1/delete` and `POST /v1/secrets/reseal`. */
export function changeRoutes(server: FastifyInstance, context: ApiContext): void {
  const send = (reply: FastifyReply, answer: ChangeAnswer): FastifyReply => {
    context.countOutcomes(answer);
    return reply.code(statusOf(answer)).send(answer);
  };

  server.post("/v1/apply", { bodyLimit: bodyBytesMax }, async (request, reply) => {
    const input = await readInput(filesOfBody(request));
    const answer = await apply(context.door, {
      ...changeRequest(request),
      input,
      dryRun: queryFlag(request, "dryRun"),
      atomic: queryFlag(request, "atomic"),
      ...preparation(request),
    });
    return send(reply, answer);
  });

  server.post("/v1/delete", { bodyLimit: bodyBytesMax }, async (request, reply) => {
    const changed = changeRequest(request);
    const answer = await remove(context.door, {
      ...changed,
      targets: await targetsOf(request, { namespace: changed.namespace, door: context.door }),
      ignoreNotFound: queryFlag(request, "ignoreNotFound"),
      allowMassDelete: queryFlag(request, "allowMassDelete"),
      dryRun: queryFlag(request, "dryRun"),
      ...preparation(request),
    });
    return send(reply, answer);
  });

  server.post("/v1/secrets/reseal", async (request, reply) =>
    send(reply, await reseal(context.door, changeRequest(request).author)),
  );
}

function changeRequest(request: FastifyRequest): ChangeRequest {
  const ifRevision = ifMatch(request);
  return {
    author: authorOf(request),
    summary: queryText(request, "summary") ?? "",
    namespace: queryText(request, "namespace") ?? "default",
    ...(ifRevision && { ifRevision }),
  };
}

export function authorOf(request: FastifyRequest): Author {
  return {
    // In open mode nobody is asked, so what the client says is only a name; a token's name stands whatever it says.
    actor: request.tokenActor ?? queryText(request, "actor") ?? "open",
    source: sourceOf(queryText(request, "source"), "http"),
    traceContext: String(request.headers.traceparent ?? ""),
  };
}

/** Of `prepare=true`; nothing without it. @throws Failure `badRequest` */
function preparation(request: FastifyRequest): { readonly prepare?: Preparation } {
  if (!queryFlag(request, "prepare")) return {};
  const { deadlineMs, trialMs, watchMs } = preparationDefaults;
  const number = (name: string, otherwise: number, max: number): number =>
    queryNumber(request, name, { otherwise, max });
  const watchErrors = queryText(request, "watchErrors");
  const watch = {
    periodMs: number("watchMs", watchMs, phaseMsMax),
    errorsPerMillionMax: number("watchErrors", 0, 1_000_000),
  };
  return {
    prepare: {
      deadlineMs: number("deadlineMs", deadlineMs, phaseMsMax),
      trialMs: number("trialMs", trialMs, phaseMsMax),
      watch: watchErrors === undefined ? undefined : watch,
    },
  };
}

/** The body as JSON, or text as it stands. */
function filesOfBody(request: FastifyRequest): InputFile[] {
  const { body } = request;
  const path = queryText(request, "file") ?? "-";
  return Buffer.isBuffer(body) ? [{ path, text: textOf(body) }] : filesOf(body, path);
}

function textOf(body: Buffer): string {
  try {
    return fromUtf8(body);
  } catch {
    throw apiFailure("badRequest", "the body is binary: expected YAML or JSON in UTF-8");
  }
}

async function targetsOf(request: FastifyRequest, context: TargetContext): Promise<DeleteTarget[]> {
  const { body } = request;
  if (typeof body === "object" && body !== null && "refs" in body) return targetsOfRefs(body.refs, context);
  return targetsOfFiles(filesOfBody(request), context);
}
