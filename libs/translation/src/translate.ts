import { type ConfigObject, type ConfigState, kindKey } from "@routeledger/config-model";
import { assert, by } from "@routeledger/std";
import { comparePartKeys, type Part } from "@routeledger/xds-model";
import { type BackendTlsOfGateway, clusterPart, clusterSecrets, isRefused } from "./backends/cluster.ts";
import { endpointParts } from "./backends/endpoint-parts.ts";
import type { Upstream } from "./backends/upstream.ts";
import { discoveryGroup } from "./kinds.ts";
import { type GatewayView, sameView, viewGateway } from "./listeners/gateway-view.ts";
import { listenerParts } from "./listeners/listener.ts";
import type { MemoTable } from "./memo-table.ts";
import { findGateway } from "./node-groups.ts";
import { attachedRoutes } from "./routes/attached-routes.ts";
import type { Domain } from "./routes/domains.ts";
import { withinLimit } from "./routes/route-limit.ts";
import { routeTableParts } from "./routes/route-table.ts";
import type { StateReader } from "./state-reader.ts";
import {
  type AttachedRoute,
  type Findings,
  gatewayFinding,
  listenerSetFindings,
} from "./statuses/findings.ts";
import { policyFindings, policyInputs } from "./statuses/policy-findings.ts";
import { secretParts } from "./tls/secret-parts.ts";
import type { TlsSecret } from "./tls/tls-secret.ts";
import { TranslationCache } from "./translation-cache.ts";

export interface Translation {
  /** All xDS resources of the node group: closed, sorted by type, resource, virtual host. */
  readonly parts: readonly Part[];
  readonly findings: Findings;
  /** Extension servers are not asked yet. */
  readonly wantedExtensionCalls: readonly never[];
}

/**
 * Translates one Gateway: pure, and equal for equal states whatever the cache has seen. What did not change is the
 * same instance as in the last translation with the cache.
 * @param nodeGroup one of `nodeGroups(state)`
 */
export function translate(
  state: ConfigState,
  nodeGroup: string,
  cache = new TranslationCache(),
): Translation {
  const found = findGateway(state, nodeGroup);
  assert(found !== undefined, `a node group of the state, got ${nodeGroup}`);
  const memo = cache.table(nodeGroup);
  const gateway = viewOf(state, found, cache);
  const attached = attachedRoutes(state, gateway, cache);
  const limited = memo.get("limited", [attached], () => withinLimit(gateway, attached));
  const { routes } = limited;
  const traffic = memo.get("traffic", [limited], () => trafficParts(gateway, limited.domains, cache));
  const reached = memo.get("reached", [routes], () => upstreamsOf(routes));
  const upstreams = memo.get("upstreams", reached, () => reached);
  const policies = memo.get("policies", policyInputs(state, routes), () =>
    policyFindings(state, found.gateway, routes, cache),
  );
  const tls = memo.get(
    "backend tls",
    [gateway.clientCertificate, ...policies.refused],
    (): BackendTlsOfGateway => ({
      clientCertificate: gateway.clientCertificate,
      refused: new Set(policies.refused),
    }),
  );
  const clusters = memo.get("clusters", [upstreams, tls], () =>
    upstreams.map((upstream) => clusterPart(upstream, tls)),
  );
  const slices = state.objects.get(kindKey(discoveryGroup, "EndpointSlice"));
  const endpoints = memo.get("endpoints", [upstreams, tls, slices], () => {
    const known = cache.table(`${nodeGroup} endpoints`);
    const asked = upstreams.filter((upstream) => !isRefused(upstream, tls));
    const parts = endpointParts(asked, slices, known);
    known.endRound();
    return parts;
  });
  const secrets = memo.get("secrets", [gateway, upstreams, tls], () => [
    ...secretsOf(gateway),
    ...clusterSecrets(upstreams, tls),
  ]);
  const secretMemo = cache.table(`${nodeGroup} secrets`);
  const certificates = secretParts(state, secrets, secretMemo);
  secretMemo.endRound();
  const findings = memo.get("findings", [gateway, routes, policies], () => ({
    ...findingsOf(gateway, { routes, refused: policies.refused }, memo),
    ancestors: policies.ancestors,
  }));
  const translation = memo.get(
    "translation",
    [traffic, clusters, endpoints, findings, ...certificates],
    () => ({
      parts: [...clusters, ...endpoints, ...traffic, ...certificates],
      findings,
      wantedExtensionCalls: [],
    }),
  );
  memo.endRound();
  return translation;
}

/** The view of the node group's Gateway: the same instance as long as nothing of it changes. */
function viewOf(
  state: ConfigState,
  { gateway, gatewayClass }: { readonly gateway: ConfigObject; readonly gatewayClass: ConfigObject },
  cache: TranslationCache,
): GatewayView {
  const memo = cache.table(`${gateway.namespace}/${gateway.name} view`);
  const latest = memo.get("latest", [], (): { view: GatewayView | undefined } => ({ view: undefined }));
  const view = cache.of(gateway, "view", state, (reader) =>
    viewGateway(reader, gateway, classRead(reader, gatewayClass)),
  );
  latest.view = sameView(latest.view, view);
  memo.endRound();
  return latest.view;
}

/** The class, as something that the view rests on. */
function classRead(reader: StateReader, gatewayClass: ConfigObject): ConfigObject {
  return reader.object(gatewayClass) ?? gatewayClass;
}

/** What the Gateway's listeners get over SDS. */
function secretsOf({ listeners }: GatewayView): readonly TlsSecret[] {
  return listeners.flatMap(({ serves, tls }) => {
    if (!serves || tls === undefined) return [];
    return [...tls.certificates, ...(tls.clients === undefined ? [] : [tls.clients.trustedCa])];
  });
}

/** Listeners and route tables of every port that serves, sorted. */
function trafficParts(
  gateway: GatewayView,
  domains: readonly Domain[],
  cache: TranslationCache,
): readonly Part[] {
  const table = `${gateway.object.namespace}/${gateway.object.name} traffic`;
  const memo = cache.table(table);
  const tables = [...Map.groupBy(domains, (domain) => domain.table.name).values()].flatMap((own) => {
    const [first] = own;
    if (first === undefined) return [];
    const hostMemo = cache.table(`${table} ${first.table.name}`);
    const parts = routeTableParts(gateway, first.table, own, { memo, hostMemo });
    hostMemo.endRound();
    return parts;
  });
  const listeners = listenerParts(gateway, memo);
  memo.endRound();
  return [...listeners, ...tables].sort(comparePartKeys);
}

/** What the served routes forward to, sorted by name, each once. */
function upstreamsOf(routes: readonly AttachedRoute[]): readonly Upstream[] {
  const upstreams = new Map<string, Upstream>();
  for (const { listeners, translated } of routes) {
    if (listeners.length === 0) continue;
    for (const upstream of translated?.upstreams ?? []) upstreams.set(upstream.name, upstream);
  }
  return [...upstreams.values()].sort(by(({ name }) => name));
}

function findingsOf(
  gateway: GatewayView,
  {
    routes,
    refused,
  }: { readonly routes: readonly AttachedRoute[]; readonly refused: readonly ConfigObject[] },
  memo: MemoTable,
): Omit<Findings, "ancestors"> {
  return {
    gateway: memo.get("finding", [gateway, ...routes, ...refused], () =>
      gatewayFinding(gateway, routes, refused),
    ),
    listenerSets: memo.get("set findings", [gateway, ...routes], () => listenerSetFindings(gateway, routes)),
    parents: new Map(routes.map(({ key, parents }) => [key, parents])),
  };
}
