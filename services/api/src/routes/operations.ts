import type { FastifyInstance } from "fastify";
import { apiFailure } from "../api-failure.ts";
import { apiPage } from "../api-page.ts";
import { queryNumber, queryText } from "../http-request.ts";
import { openApi } from "../open-api.ts";
import type { ApiContext } from "./api-context.ts";

/** How long a store that is being written may be behind what was appended before it was asked, milliseconds. */
const storeDeadlineMs = 5_000;

/** What machines ask of the process itself, and what the api says of itself. */
export function operationRoutes(server: FastifyInstance, context: ApiContext): void {
  const { metrics, store, door, checkReplay } = context;
  const head = metrics.gauge({
    name: "api_store_config_sequence",
    help: "last CONFIG sequence in the store",
  });
  const published = metrics.gauge({
    name: "api_store_published_sequence",
    help: "last CONFIG sequence of which the store has what it became",
  });

  const pending = metrics.gauge({
    name: "api_pending_changes",
    help: "changes that wait for others, for their turn or for the log",
  });

  server.get("/livez", async (_, reply) => reply.type("text/plain").send("ok\n"));

  server.get("/readyz", async (_, reply) => {
    const failure = context.failed();
    if (failure !== undefined) {
      const message = failure instanceof Error ? failure.message : String(failure);
      throw apiFailure("notReady", `not ready: ${message}`, "see the api's log");
    }
    const lastItem = await door.lastItem();
    // The store writes beside this thread: what was appended just now is on its way to it.
    if (!(await store.config.waitFor(lastItem, AbortSignal.timeout(storeDeadlineMs)))) {
      const behind = lastItem - store.config.value;
      throw apiFailure("notReady", `not ready: the store is ${behind} messages behind`);
    }
    return reply.send({ ready: true });
  });

  server.get("/metrics", async (_, reply) => {
    head.set(store.config.value);
    pending.set(door.pending);
    published.set(store.published.value);
    return reply.type(metrics.contentType).send(await metrics.text());
  });

  server.get("/v1/store/digest", (request) => {
    const isAsked = queryText(request, "since") !== undefined;
    const since = queryNumber(request, "since", { otherwise: 0, max: Number.MAX_SAFE_INTEGER });
    return store.query("contentDigest", isAsked ? { since } : {});
  });

  server.post("/v1/replay/check", () => {
    if (checkReplay === undefined) {
      throw apiFailure(
        "notFound",
        "this api cannot replay",
        "`routeledger replay --check --data DIR` does, offline",
      );
    }
    return checkReplay();
  });

  server.get("/openapi.json", async () => openApi);
  server.get("/", async (_, reply) => reply.type("text/html; charset=utf-8").send(apiPage(openApi)));
}
