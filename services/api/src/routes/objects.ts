import type { StoredObject } from "@routeledger/snapshot-store";
import type { JsonObject } from "@routeledger/std";
import type { FastifyInstance } from "fastify";
import { apiFailure } from "../api-failure.ts";
import { pathText, queryText } from "../http-request.ts";
import { kindNamed } from "../kind-names.ts";
import { isGateway, objectAnswer } from "../object-answer.ts";
import { parseMoment } from "../parse-moment.ts";
import type { ApiContext } from "./api-context.ts";

/** `GET /v1/objects/...` and `GET /v1/status/:kind/...`: objects, now or at a moment. */
export function objectRoutes(server: FastifyInstance, context: ApiContext): void {
  const { read, store } = context;

  /** Where the store stands for an object request: at a moment, or at the newest event. */
  async function sequenceOf(at: string | undefined): Promise<number> {
    const moment = parseMoment(at ?? "@head");
    await read.settledWithStatuses();
    // Before the first event there is nothing, which is no error when nobody asked for a moment.
    if (at === undefined && (await store.query("head", {})).revision.sequence === 0) return 0;
    return (await read.at(moment)).sequence;
  }

  /** Proxies tell of now; what they had acknowledged at a moment in the past is not joined. */
  async function answer(stored: StoredObject, isPast: boolean): Promise<JsonObject> {
    if (isPast || !isGateway(stored)) return objectAnswer(stored, undefined);
    const nodeGroup = `${stored.namespace}/${stored.name}`;
    const { sequence } = stored.revision;
    return objectAnswer(stored, await store.query("deliveryOf", { sequence, nodeGroup }));
  }

  async function find(words: { kind: string; namespace: string; name: string }, at: string | undefined) {
    const { group, kind, scope, plural } = kindNamed(words.kind);
    const sequence = await sequenceOf(at);
    const namespace = scope === "Cluster" ? "" : words.namespace;
    const stored = await store.query("objectAt", {
      ref: { group, kind, namespace, name: words.name },
      sequence,
    });
    if (stored !== undefined) return answer(stored, at !== undefined);
    const resource = group === "" ? plural : `${plural}.${group}`;
    throw apiFailure("notFound", `${resource} "${words.name}" not found`);
  }

  server.get("/v1/objects/:kind", async (request) => {
    const { group, kind, scope } = kindNamed(pathText(request, "kind"));
    const at = queryText(request, "at");
    const sequence = await sequenceOf(at);
    const namespace = scope === "Cluster" ? undefined : queryText(request, "namespace");
    const stored = await store.query("objectsAt", {
      kind: { group, kind },
      sequence,
      ...(namespace !== undefined && { namespace }),
    });
    const items = await Promise.all(stored.map((object) => answer(object, at !== undefined)));
    return { apiVersion: "v1", kind: "List", items };
  });

  server.get("/v1/objects/:kind/:namespace/:name", (request) =>
    find(
      {
        kind: pathText(request, "kind"),
        namespace: pathText(request, "namespace"),
        name: pathText(request, "name"),
      },
      queryText(request, "at"),
    ),
  );

  server.get("/v1/status/:kind/:namespace/:name", async (request) => {
    const object = await find(
      {
        kind: pathText(request, "kind"),
        namespace: pathText(request, "namespace"),
        name: pathText(request, "name"),
      },
      queryText(request, "at"),
    );
    return object.status ?? {};
  });
}
