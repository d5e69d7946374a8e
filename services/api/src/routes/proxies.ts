import { formatRevision } from "@routeledger/std";
import type { FastifyInstance } from "fastify";
import { apiFailure } from "../api-failure.ts";
import { pathText, queryNumber } from "../http-request.ts";
import { parseMoment } from "../parse-moment.ts";
import { proxyAnswer, proxyDetail } from "../proxy-answer.ts";
import type { ApiContext } from "./api-context.ts";

/** How long an answer about a revision may be held back, milliseconds. */
const waitMax = 60_000;
/** Records of a proxy's history in one answer. */
const historyMax = 1_000;
/** Names of proxies in the hint of an unknown one. */
const namesMax = 20;

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
    // A node that moved to another Gateway is known of both: where it is now counts.
    const known = proxies.filter((candidate) => candidate.node === node);
    const proxy = known.find(({ connected }) => connected) ?? known.sort((a, b) => b.sinceMs - a.sinceMs)[0];
    if (proxy === undefined) throw unknownProxy(node, [...new Set(proxies.map((one) => one.node))]);
    const limit = queryNumber(request, "history", { otherwise: 20, max: historyMax });
    const history = limit === 0 ? [] : await store.query("proxyHistory", { node, limit });
    return proxyDetail(proxy, history);
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
      acknowledged: proxies
        .filter(({ acknowledged, rejected }) => acknowledged && rejected.length === 0)
        .map(({ node }) => node),
      rejected: proxies.flatMap(({ node, rejected }) => rejected.map((one) => ({ node, ...one }))),
    };
  }
}

function unknownProxy(node: string, known: readonly string[]) {
  const more = known.length > namesMax ? `, and ${known.length - namesMax} more` : "";
  const names = `known are ${known.slice(0, namesMax).join(", ")}${more}`;
  return apiFailure(
    "notFound",
    `proxy "${node}" not found`,
    known.length === 0 ? "no proxy has connected yet" : names,
  );
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
