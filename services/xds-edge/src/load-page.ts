import type { JsonObject } from "@routeledger/std";
import { type LoadView, loadWindowMsMax } from "./load-sums.ts";

/** Rows of one answer; how many there are besides is said. */
const rowsMax = 1_000;
const windowDefaultMs = 10_000;

/**
 * What `/loads` of an edge answers: node groups; of `nodeGroup` its clusters with requests in the last `windowMs`; of
 * `cluster` besides the last report of each proxy. Undefined for a window that is none, and a cluster of no node group.
 */
export function loadPage(loads: LoadView, query: URLSearchParams): JsonObject | undefined {
  const [nodeGroup, cluster] = [query.get("nodeGroup"), query.get("cluster")];
  const windowMs = Number(query.get("windowMs") ?? windowDefaultMs);
  const isWindow = windowMs > 0 && windowMs <= loadWindowMsMax;
  if (!isWindow || (cluster !== null && nodeGroup === null)) return undefined;
  if (nodeGroup === null) return rows("nodeGroups", loads.nodeGroups());
  if (cluster === null) {
    const found = loads.clusters({ nodeGroup, windowMs });
    return { nodeGroup, windowMs, ...rows("clusters", found.map(shown)) };
  }
  const proxies = loads.proxies({ nodeGroup, cluster }).map(({ cluster: _same, ageMs, ...load }) => {
    return { ...load, ageMs: Math.round(ageMs) };
  });
  const sum = shown(loads.sum({ nodeGroup, cluster, windowMs }));
  return { nodeGroup, cluster, windowMs, ...sum, ...rows("lastReports", proxies) };
}

/** JSON has no undefined. */
function shown<Load extends { readonly errorShare: number | undefined }>({ errorShare, ...load }: Load) {
  return { ...load, errorShare: errorShare ?? null };
}

function rows(name: string, all: readonly (JsonObject | string)[]): JsonObject {
  const more = all.length - rowsMax;
  return { [name]: all.slice(0, rowsMax), ...(more > 0 && { more }) };
}
