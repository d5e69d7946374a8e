import type { StoredResource } from "@routeledger/snapshot-store";
import { formatRevision } from "@routeledger/std";
import { typeNames } from "@routeledger/xds-model";
import type { FastifyInstance } from "fastify";
import { apiFailure } from "../api-failure.ts";
import { pathText, queryText } from "../http-request.ts";
import { parseMoment } from "../parse-moment.ts";
import type { ApiContext } from "./api-context.ts";

/** `GET /v1/xds` and `GET /v1/xds/:namespace/:gateway`: what was served to whom, at any moment. */
export function xdsRoutes(server: FastifyInstance, { read, store }: ApiContext): void {
  server.get("/v1/xds", async (request) => {
    const at = await resolve(queryText(request, "at"));
    return {
      revision: formatRevision(at),
      nodeGroups: await store.query("nodeGroupsAt", { sequence: at.sequence }),
    };
  });

  server.get("/v1/xds/:namespace/:gateway", async (request) => {
    const nodeGroup = `${pathText(request, "namespace")}/${pathText(request, "gateway")}`;
    const at = await resolve(queryText(request, "at"));
    const as = queryText(request, "names") === undefined ? "json" : "names";
    const found = await store.query("xdsAt", { nodeGroup, sequence: at.sequence, as });
    if (found === undefined)
      throw apiFailure("notFound", `Gateway ${nodeGroup} has no xDS at ${formatRevision(at)}`);
    return {
      nodeGroup,
      revision: formatRevision(at),
      types: found.versions.map(({ type, ...version }) => ({ type: typeNames[type], ...version })),
      resources: found.resources.map(resourceAnswer),
      retiring: found.retiring.map(({ retiredAtMs, ...resource }) => ({
        ...resourceAnswer(resource),
        retiredAt: new Date(retiredAtMs).toISOString(),
      })),
    };
  });

  async function resolve(at: string | undefined) {
    const moment = parseMoment(at ?? "@head");
    await read.published([moment]);
    return read.at(moment);
  }
}

function resourceAnswer({ type, name, version, digest, owners, json }: StoredResource) {
  return { type: typeNames[type], name, version, digest, owners, ...(json && { resource: json }) };
}
