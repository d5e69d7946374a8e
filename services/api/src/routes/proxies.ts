import type { StoredProxy } from "@routeledger/snapshot-store";
import { formatRevision } from "@routeledger/std";
import type { FastifyInstance } from "fastify";
import { apiFailure } from "../api-failure.ts";
import { pathText, queryNumber } from "../http-request.ts";
import { parseMoment } from "../parse-moment.ts";
import type { ApiContext } from "./api-context.ts";

/** How long an answer about a revision may be held back, milliseconds. */
const waitMax = 60_000;
/** Records of a proxy's history in one answer. */
const historyMax = 1_000;

/** `GET /v1/proxies`, `/v1/proxies/:node`, `/v1/revisions/:moment/delivery`. */
export function proxyRoutes(server: FastifyInstance, context: ApiContext): void {
  const { read, store, clock, stopping } = context;

  server.get("/v1/proxies", async () => {
    const { proxies, lost } = await store.query("proxies", {});
    return { proxies: proxies.map(proxyAnswer), lost };
  });

  server.get("/v1/proxies/:node", async (request) => {
    const node = pathText(request, "node");
    const { proxies } = await store.query("proxies", {});
    const proxy = proxies.find((candidate) => candidate.node === node);
    if (proxy === undefined)
      throw apiFailure("notFound", `proxy "${node}" not found`, "`routeledger proxies` lists them");
    const limit = queryNumber(request, "history", { otherwise: 20, max: historyMax });
    const history = limit === 0 ? [] : await store.query("proxyHistory", { node, limit });
    return {
      ...proxyAnswer(proxy),
      history: history.map(({ timeMs, detail, ...entry }) => ({
        time: new Date(timeMs).toISOString(),
        ...entry,
        detail: JSON.parse(detail) as unknown,
      })),
    };
  });

  server.get("/v1/revisions/:moment/delivery", async (request) => {
    const moment = parseMoment(pathText(request, "moment"));
    const waitMs = queryNumber(request, "waitMs", { otherwise: 0, max: waitMax });
    await read.settled([moment]);
    const revision = await read.at(moment);
    const late = new AbortController();
    const cancel = clock.after(waitMs, () => late.abort());
    const signal = AbortSignal.any([late.signal, stopping]);
    try {
      for (;;) {
        const seen = store.deliveries.value;
        const answer = await delivery(revision);
        if (signal.aborted || isSettled(answer)) return answer;
        const published = store.published.value >= revision.sequence;
        if (published) await store.deliveries.waitFor(seen + 1, signal);
        else await store.published.waitFor(revision.sequence, signal);
      }
    } finally {
      cancel();
    }
  });

  async function delivery(revision: { epoch: number; sequence: number }) {
    const { published, proxies } = await store.query("deliveryOf", { sequence: revision.sequence });
    return {
      revision: formatRevision(revision),
      published,
      connected: proxies.map(({ node }) => node),
      acknowledged: proxies.filter(({ acknowledged }) => acknowledged).map(({ node }) => node),
      rejected: proxies.flatMap(({ node, rejected }) => rejected.map((one) => ({ node, ...one }))),
    };
  }
}

interface Delivery {
  readonly published: boolean;
  readonly connected: readonly string[];
  readonly acknowledged: readonly string[];
  readonly rejected: readonly object[];
}

/** Nothing more is to be waited for. */
function isSettled({ published, connected, acknowledged, rejected }: Delivery): boolean {
  return (
    rejected.length > 0 || connected.length === 0 || (published && acknowledged.length === connected.length)
  );
}

function proxyAnswer({ sinceMs, types, reason, ...proxy }: StoredProxy) {
  return {
    ...proxy,
    since: new Date(sinceMs).toISOString(),
    ...(reason !== "" && { reason }),
    types: types.map(({ typeName, wanted, sent, acked, rejected, current }) => ({
      type: typeName,
      wanted,
      sent: sent?.version ?? "",
      acked: acked?.version ?? "",
      rejected: rejected
        ? {
            version: rejected.version,
            message: rejected.message,
            resources: rejected.resources,
            time: new Date(rejected.timeMs).toISOString(),
          }
        : null,
      current,
      ...(sent && {
        sentAt: new Date(sent.timeMs).toISOString(),
        sentResources: sent.resources,
        sentBytes: sent.bytes,
      }),
      ...(acked && { ackedAt: new Date(acked.timeMs).toISOString() }),
    })),
  };
}
