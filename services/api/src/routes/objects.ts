import type { FastifyInstance, FastifyRequest } from "fastify";
import { pathText, queryText } from "../http-request.ts";
import type { ObjectWords } from "../object-reader.ts";
import type { ApiContext } from "./api-context.ts";

/** `GET /v1/objects/...` and `GET /v1/status/:kind/...`: objects, now or at a moment. */
export function objectRoutes(server: FastifyInstance, { objects }: ApiContext): void {
  server.get("/v1/objects/:kind", (request) => {
    const words = { kind: pathText(request, "kind"), namespace: queryText(request, "namespace") };
    return objects.list(words, queryText(request, "at"));
  });

  server.get("/v1/objects/:kind/:namespace/:name", (request) =>
    objects.find(wordsOf(request), queryText(request, "at")),
  );

  server.get("/v1/status/:kind/:namespace/:name", async (request) => {
    const object = await objects.find(wordsOf(request), queryText(request, "at"));
    return object.status ?? {};
  });
}

function wordsOf(request: FastifyRequest): ObjectWords {
  return {
    kind: pathText(request, "kind"),
    namespace: pathText(request, "namespace"),
    name: pathText(request, "name"),
  };
}
