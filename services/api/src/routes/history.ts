import { displayRef } from "@routeledger/config-model";
import type {
  ObjectDifference,
  ResourceDifference,
  StoredEvent,
  StoredObject,
} from "@routeledger/snapshot-store";
import { formatRevision, type JsonObject } from "@routeledger/std";
import { typeNames } from "@routeledger/xds-model";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { apiFailure } from "../api-failure.ts";
import type { XdsChange } from "../change-results.ts";
import { pathText, queryFlag, queryNumber, queryText } from "../http-request.ts";
import { objectAnswer } from "../object-answer.ts";
import { parseMoment, parseRange } from "../parse-moment.ts";
import { findKind } from "../state-kinds.ts";
import type { ApiContext } from "./api-context.ts";

/** Events that one answer holds at most. */
const eventsMax = 10_000;

/** `GET /v1/log`, `/v1/events/:moment`, `/v1/diff`. */
export function historyRoutes(server: FastifyInstance, context: ApiContext): void {
  const { read, store } = context;

  server.get("/v1/log", async (request) => {
    const of = await objectFilter(request, context);
    const range = parseRange(queryText(request, "range") ?? "..@head");
    await read.settled([range.to]);
    if ((await store.query("head", {})).revision.sequence === 0) return { events: [] };
    const after = range.after === undefined ? 0 : (await read.at(range.after)).sequence;
    const to = (await read.at(range.to)).sequence;
    const limit = Math.max(1, queryNumber(request, "limit", { otherwise: 100, max: eventsMax }));
    const all = queryFlag(request, "all");
    const events = await store.query("eventsBetween", { after, to, limit, all, ...(of && { of }) });
    return { events: events.map(eventAnswer) };
  });

  server.get("/v1/events/:moment", async (request) => {
    const moment = parseMoment(pathText(request, "moment"));
    await read.published([moment]);
    const { sequence } = await read.at(moment);
    const event = await store.query("eventAt", { sequence });
    if (event === undefined)
      throw apiFailure("notFound", `no event stands at ${pathText(request, "moment")}`);
    const xds = await store.query("xdsBetween", { a: sequence - 1, b: sequence, json: true });
    const whole = new Map(event.objects.map((difference) => [keyOf(difference), difference]));
    return {
      ...eventAnswer(event),
      changes: event.changes.map(({ ref, change }) => {
        const difference = whole.get(displayRef(ref) + ref.group);
        return { ref, change, old: shown(difference?.old), new: shown(difference?.new) };
      }),
      xds: xds.map(xdsAnswer),
    };
  });

  server.get("/v1/diff", async (request) => {
    const a = queryText(request, "a");
    const b = queryText(request, "b") ?? "@head";
    if (a === undefined) throw apiFailure("badRequest", "a: expected a moment, such as @-1");
    const moments = [parseMoment(a), parseMoment(b)] as const;
    await read.published(moments);
    const from = await read.at(moments[0]);
    const to = await read.at(moments[1]);
    const span = { a: from.sequence, b: to.sequence };
    const [objects, xds] = await Promise.all([
      store.query("objectsBetween", span),
      store.query("xdsBetween", { ...span, json: true }),
    ]);
    return {
      a: formatRevision(from),
      b: formatRevision(to),
      objects: objects.map(objectChange),
      xds: xds.map(xdsAnswer),
    };
  });
}

/** `kind=httproute`, or `object=httproute/shop` with `namespace`. */
async function objectFilter(request: FastifyRequest, { door }: ApiContext) {
  const object = queryText(request, "object");
  const word = object?.split("/")[0] ?? queryText(request, "kind");
  if (word === undefined) return undefined;
  const { group, kind, scope } = await findKind(word, door);
  const name = object?.split("/")[1];
  const namespace = scope === "Cluster" ? "" : queryText(request, "namespace");
  return { group, kind, ...(namespace !== undefined && { namespace }), ...(name && { name }) };
}

/** Kinds that may change objects. */
const changingKinds: ReadonlySet<string> = new Set(["ChangeSet", "SwitchTurned", "SwitchReverted"]);

function eventAnswer({ revision, timeMs, changes, bytes: _bytes, ...event }: StoredEvent) {
  const { kind, actor, source, summary, commitId, term, traceContext } = event;
  return {
    revision: formatRevision(revision),
    time: new Date(timeMs).toISOString(),
    ...{ kind, actor, source, summary, commitId },
    ...(term > 0 && { term }),
    ...(traceContext !== "" && { traceContext }),
    ...(changingKinds.has(kind) && { changes }),
  };
}

function objectChange(difference: ObjectDifference) {
  const { old, new: fresh } = difference;
  const { group = "", kind = "", namespace = "", name = "" } = fresh ?? old ?? {};
  const change = old === undefined ? "created" : fresh === undefined ? "deleted" : "configured";
  return { ref: { group, kind, namespace, name }, change, old: shown(old), new: shown(fresh) };
}

function keyOf({ old, new: fresh }: ObjectDifference): string {
  const object = fresh ?? old;
  return object === undefined ? "" : displayRef(object) + object.group;
}

/** Without status: what people wrote. */
function shown(stored: StoredObject | undefined): JsonObject | null {
  if (stored === undefined) return null;
  const { status: _status, ...object } = objectAnswer(stored, undefined);
  return object;
}

function xdsAnswer({
  type,
  old,
  new: fresh,
  ...difference
}: ResourceDifference): XdsChange & { owners: object } {
  return { ...difference, type: typeNames[type], old: old ?? null, new: fresh ?? null };
}
