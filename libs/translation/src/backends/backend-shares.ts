import type { ConfigObject } from "@routeledger/config-model";
import type { envoy } from "@routeledger/protos";
import type { JsonObject } from "@routeledger/std";
import { invalidBackendCluster } from "@routeledger/xds-model";
import { Problem, unsupported } from "../problem.ts";
import { type Filters, parseFilters } from "../routes/filters.ts";
import type { FailureStatus } from "../routes/rule-kind.ts";
import type { StateReader } from "../state-reader.ts";
import { integerOf, shown } from "../untrusted.ts";
import { resolveBackendRef } from "./backend-ref.ts";
import { routedCluster, type Upstream } from "./upstream.ts";

/** One backendRef of a rule. */
export interface BackendShare {
  /** 0 to 1,000,000; 1 when the reference names none (G66). */
  readonly weight: number;
  readonly upstream: Upstream | Problem;
  /** A problem drops the whole rule (G62). */
  readonly filters: Filters | Problem;
}

const weightMax = 1_000_000;

/** BackendRefs of a rule that are looked at: what the schema allows. */
const backendRefsMax = 16;

export function parseBackends(
  reader: StateReader,
  route: ConfigObject,
  { field, refs }: { readonly field: string; readonly refs: readonly JsonObject[] },
): { readonly shares: readonly BackendShare[]; readonly problems: readonly Problem[] } {
  const shares = refs.slice(0, backendRefsMax).map((ref, index): BackendShare => {
    const refField = `${field}.backendRefs[${index}]`;
    const weight = ref.weight === undefined || ref.weight === null ? 1 : integerOf(ref.weight);
    const valid = weight !== undefined && weight >= 0 && weight <= weightMax;
    return {
      weight: valid ? weight : 1,
      upstream: resolveBackendRef(reader, route, { field: refField, ref }),
      filters: valid
        ? parseFilters(`${refField}.filters`, ref.filters)
        : unsupported(`${refField}.weight: ${shown(ref.weight)} is not between 0 and ${weightMax}`),
    };
  });
  const problems = shares.map(({ upstream }) => upstream).filter((upstream) => upstream instanceof Problem);
  return { shares, problems };
}

/**
 * Where requests go, by weight; undefined when all of them fail: no backends, all of weight 0, or none valid. The
 * share of invalid backends goes to a cluster that never exists, and fails by that (G65).
 */
export function forwardAction(
  shares: readonly BackendShare[],
  failureStatus: FailureStatus,
): envoy.config.route.v3.RouteAction | undefined {
  const valid = shares.filter(isValid);
  if (!valid.some(({ weight }) => weight > 0)) return undefined;
  const upgrades = valid.some(({ upstream }) => upstream.protocol === "http2") ? noWebsocket : {};
  const invalidWeight = shares
    .filter(({ upstream }) => upstream instanceof Problem)
    .reduce((sum, { weight }) => sum + weight, 0);
  const [only, ...others] = valid;
  if (only !== undefined && others.length === 0 && invalidWeight === 0 && !mutates(only.filters)) {
    return { cluster: routedCluster(only.upstream), ...upgrades };
  }
  const clusters = valid.map(envoyShare);
  if (invalidWeight === 0) return { weightedClusters: { clusters }, ...upgrades };
  return {
    weightedClusters: {
      clusters: [...clusters, { name: invalidBackendCluster, weight: { value: invalidWeight } }],
    },
    clusterNotFoundResponseCode: failureStatus === 503 ? "SERVICE_UNAVAILABLE" : "INTERNAL_SERVER_ERROR",
    ...upgrades,
  };
}

interface ValidShare extends BackendShare {
  readonly upstream: Upstream;
  readonly filters: Filters;
}

function isValid(share: BackendShare): share is ValidShare {
  return !(share.upstream instanceof Problem) && !(share.filters instanceof Problem);
}

/** The connection manager allows websocket; over HTTP/2 it would need extended CONNECT (G77). */
const noWebsocket: envoy.config.route.v3.RouteAction = {
  upgradeConfigs: [{ upgradeType: "websocket", enabled: { value: false } }],
};

function mutates({ requestHeaders, responseHeaders }: Filters): boolean {
  return [requestHeaders, responseHeaders].some(({ add, remove }) => add.length > 0 || remove.length > 0);
}

/** Rule G44: header filters of a backendRef belong to its share. A share of weight 0 stays, so that its cluster is warm. */
function envoyShare({
  upstream,
  weight,
  filters,
}: ValidShare): envoy.config.route.v3.WeightedCluster.ClusterWeight {
  return { name: routedCluster(upstream), weight: { value: weight }, ...envoyMutations(filters) };
}

/** Header filters in the fields that routes and weighted clusters have in common. */
export function envoyMutations({
  requestHeaders,
  responseHeaders,
}: Filters): Pick<
  envoy.config.route.v3.Route,
  "requestHeadersToAdd" | "requestHeadersToRemove" | "responseHeadersToAdd" | "responseHeadersToRemove"
> {
  return {
    requestHeadersToAdd: requestHeaders.add,
    requestHeadersToRemove: requestHeaders.remove,
    responseHeadersToAdd: responseHeaders.add,
    responseHeadersToRemove: responseHeaders.remove,
  };
}
