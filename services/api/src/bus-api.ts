import type { Logger, Metrics } from "@routeledger/service-kit";
import { type Clock, parseRevision, utf8 } from "@routeledger/std";
import { apiFailure, httpErrorOf } from "./api-failure.ts";
import { BusMembers } from "./bus-members.ts";
import { filesOf, readInput, sourceOf, targetsOfFiles, targetsOfRefs } from "./change-input.ts";
import { type ChangeAnswer, statusOf } from "./change-results.ts";
import { apply, type ChangeRequest, remove } from "./change-service.ts";
import type { ConfigDoor } from "./config-door.ts";
import type { ObjectReader } from "./object-reader.ts";
import { shortenedAnswer } from "./shortened-answer.ts";

/** Request and reply between processes: what the api needs of a bus. */
export interface ApiBus {
  serve(service: ApiBusService): Promise<{ stop(): Promise<void> }>;
}

export interface ApiBusService {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly endpoints: readonly {
    readonly name: string;
    readonly subject: string;
    handle(request: ApiBusRequest): Promise<ApiBusReply>;
  }[];
}

export interface ApiBusRequest {
  readonly body: Uint8Array;
  header(name: string): string | undefined;
}

export interface ApiBusReply {
  readonly body: Uint8Array;
  /** The HTTP status and message of the error that the body is. */
  readonly error?: { readonly code: number; readonly description: string };
}

/** Bytes of an answer: `max_payload` of NATS, 1 MiB where nobody changes it, less what headers may take. */
export const answerBytesMax = 1024 * 1024 - 8 * 1024;
/** Requests that are answered at a time; one more is told to come later. */
const requestsMax = 256;
/** Characters of an error's message in its header; the body has it whole. */
const descriptionLengthMax = 200;
/** How long an api that stops waits for the bus to have heard so, milliseconds. */
const leaveDeadlineMs = 2_000;
/** Of what is spoken on the bus, not of the program. */
const busVersion = "1.0.0";

export interface BusApiOptions {
  readonly bus: ApiBus;
  readonly door: ConfigDoor;
  readonly objects: ObjectReader;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly countOutcomes: (answer: ChangeAnswer) => void;
}

/** An answer, and the status that it has over HTTP. */
interface Answered {
  readonly status: number;
  readonly body: object;
}

/**
 * Answers `routeledger.api.apply`, `.delete` and `.get`: what HTTP answers, by the same code. Requests are JSON; an
 * error is the reply's error code (the HTTP status) and message, and the JSON that HTTP answers. Of all api processes
 * one answers. docs/spec/api.md says more.
 */
export async function startBusApi(options: BusApiOptions): Promise<{ stop(): Promise<void> }> {
  const { bus, clock, metrics, logger } = options;
  const seconds = metrics.histogram({
    name: "api_bus_request_seconds",
    help: "time of requests on the bus",
    labels: ["endpoint", "status"],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60],
  });
  const underWay = new Set<Promise<unknown>>();

  const endpoint = (
    name: string,
    answer: (members: BusMembers, request: ApiBusRequest) => Promise<Answered>,
  ) => ({
    name,
    subject: `routeledger.api.${name}`,
    handle: async (request: ApiBusRequest): Promise<ApiBusReply> => {
      const startedMs = clock.monotonicMs();
      const work = answered(async () => {
        if (underWay.size >= requestsMax)
          throw apiFailure("busy", `${requestsMax} requests are being answered`, "ask again");
        return answer(BusMembers.of(request.body), request);
      }, logger);
      underWay.add(work);
      const reply = await work.finally(() => underWay.delete(work));
      const status = String(reply.error?.code ?? 200);
      seconds.observe({ endpoint: name, status }, (clock.monotonicMs() - startedMs) / 1000);
      return reply;
    },
  });

  const service = await bus.serve({
    name: "routeledger-api",
    version: busVersion,
    description: "appends what people say, answers what they ask",
    endpoints: [
      endpoint("apply", (members, request) => busApply(options, members, request)),
      endpoint("delete", (members, request) => busDelete(options, members, request)),
      endpoint("get", (members) => busGet(options, members)),
    ],
  });
  return {
    async stop() {
      await withinDeadline(service.stop(), clock).catch((err: unknown) =>
        logger.warn({ err }, "the api could not leave the bus"),
      );
      await Promise.allSettled(underWay);
    },
  };
}

/** The bus may be out of reach, and then nobody says when it has been left. */
async function withinDeadline(work: Promise<void>, clock: Clock): Promise<void> {
  const late = Promise.withResolvers<void>();
  const cancel = clock.after(leaveDeadlineMs, late.resolve);
  await Promise.race([work, late.promise]).finally(cancel);
}

async function busApply(
  { door, countOutcomes }: BusApiOptions,
  members: BusMembers,
  request: ApiBusRequest,
): Promise<Answered> {
  members.expect("files", "objects", "dryRun", "atomic", ...changeMembers);
  members.expectOneOf("files", "objects");
  const answer = await apply(door, {
    ...changeRequest(members, request),
    input: await readInput(filesOf(members.all, "-")),
    dryRun: members.flag("dryRun"),
    atomic: members.flag("atomic"),
  });
  countOutcomes(answer);
  return { status: statusOf(answer), body: shortenedAnswer(answer, answerBytesMax) };
}

async function busDelete(
  { door, countOutcomes }: BusApiOptions,
  members: BusMembers,
  request: ApiBusRequest,
): Promise<Answered> {
  members.expect("refs", "files", "objects", "dryRun", "ignoreNotFound", "allowMassDelete", ...changeMembers);
  members.expectOneOf("refs", "files", "objects");
  const changed = changeRequest(members, request);
  const { refs } = members.all;
  const context = { namespace: changed.namespace, door };
  const answer = await remove(door, {
    ...changed,
    targets:
      refs === undefined
        ? await targetsOfFiles(filesOf(members.all, "-"), context)
        : await targetsOfRefs(refs, context),
    ignoreNotFound: members.flag("ignoreNotFound"),
    allowMassDelete: members.flag("allowMassDelete"),
    dryRun: members.flag("dryRun"),
  });
  countOutcomes(answer);
  return { status: statusOf(answer), body: shortenedAnswer(answer, answerBytesMax) };
}

async function busGet({ objects }: BusApiOptions, members: BusMembers): Promise<Answered> {
  members.expect("kind", "namespace", "name", "at");
  const kind = members.text("kind");
  if (kind === undefined) throw apiFailure("badRequest", "kind: expected a kind, such as httproute");
  const name = members.text("name");
  const namespace = members.text("namespace");
  const at = members.text("at");
  const body =
    name === undefined
      ? await objects.list({ kind, namespace }, at)
      : await objects.find({ kind, namespace: namespace ?? "default", name }, at);
  return { status: 200, body };
}

const changeMembers = ["namespace", "actor", "source", "summary", "ifRevision"] as const;

function changeRequest(members: BusMembers, request: ApiBusRequest): ChangeRequest {
  const ifText = members.text("ifRevision");
  const ifRevision = ifText === undefined ? undefined : parseRevision(ifText.replace(/^@/, ""));
  if (ifText !== undefined && ifRevision === undefined) {
    throw apiFailure(
      "badRequest",
      `ifRevision: expected a revision such as 1.412, got ${ifText.slice(0, 80)}`,
    );
  }
  const actor = members.text("actor");
  return {
    author: {
      // NATS decides who may publish here, and tells nobody who did: the name is the requester's word.
      actor: actor === undefined ? "bus" : `bus/${actor}`,
      source: sourceOf(members.text("source"), "bus"),
      traceContext: request.header("traceparent") ?? "",
    },
    summary: members.text("summary") ?? "",
    namespace: members.text("namespace") ?? "default",
    ...(ifRevision && { ifRevision }),
  };
}

/** The reply of an answer, or of what it throws. */
async function answered(answer: () => Promise<Answered>, logger: Logger): Promise<ApiBusReply> {
  try {
    const { status, body } = await answer();
    const bytes = utf8(JSON.stringify(body));
    if (bytes.length > answerBytesMax) throw answerTooLarge(bytes.length);
    return status === 200
      ? { body: bytes }
      : { body: bytes, error: { code: status, description: "all objects are refused" } };
  } catch (error) {
    const { status, body } = httpErrorOf(error);
    if (status >= 500) logger.error({ err: error }, "a request on the bus failed");
    const description = headerText(body.error.message);
    return { body: utf8(JSON.stringify(body)), error: { code: status, description } };
  }
}

function answerTooLarge(bytes: number) {
  return apiFailure(
    "tooLarge",
    `the answer is ${bytes} bytes, and a message holds at most ${answerBytesMax}`,
    "ask for one namespace or one object, or over HTTP",
  );
}

/** A header holds one line. */
function headerText(message: string): string {
  return message.replace(/[^\x20-\x7e]+/g, " ").slice(0, descriptionLengthMax);
}
