import { type ConfigObject, type ConfigState, objectKey } from "@routeledger/config-model";
import { assert } from "@routeledger/std";
import { comparePartKeys, type Part } from "@routeledger/xds-model";
import { attachRoute } from "./attach.ts";
import { clusterPart } from "./cluster.ts";
import { addressesPart, servicePart, slicesByService } from "./endpoints.ts";
import { type AttachedRoute, type Findings, gatewayFinding, parentFindings } from "./findings.ts";
import { type GatewayView, viewGateway } from "./gateway-view.ts";
import { discoveryGroup, routeKinds } from "./kinds.ts";
import { listenerParts } from "./listener.ts";
import type { MemoTable } from "./memo-table.ts";
import { findGateway } from "./node-groups.ts";
import { routesNaming } from "./route-index.ts";
import { type ListenerRoute, routeTableParts } from "./route-table.ts";
import { StateReader } from "./state-reader.ts";
import { translateRoute } from "./translated-route.ts";
import { TranslationCache } from "./translation-cache.ts";
import type { Upstream } from "./upstream.ts";

export interface Translation {
  /** All xDS resources of the node group: closed, sorted by type, resource, virtual host. */
  readonly parts: readonly Part[];
  readonly findings: Findings;
  /** Extension servers are not asked yet. */
  readonly wantedExtensionCalls: readonly never[];
}

/**
 * Translates one Gateway: pure, and equal for equal states whatever the cache has seen.
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
  const gateway = memo.get("gateway", [found.gateway, found.gatewayClass], () =>
    viewGateway(found.gateway, found.gatewayClass),
  );
  const routes = attachAll(state, gateway, nodeGroup, cache);
  const parts = [...trafficParts(gateway, routes, memo), ...upstreamParts(state, routes, memo)];
  const findings = findingsOf(gateway, routes, memo);
  memo.endRound();
  return { parts: parts.sort(comparePartKeys), findings, wantedExtensionCalls: [] };
}

function attachAll(
  state: ConfigState,
  gateway: GatewayView,
  nodeGroup: string,
  cache: TranslationCache,
): AttachedRoute[] {
  const memo = cache.table(nodeGroup);
  return routeKinds.flatMap((kind) =>
    routesNaming(state, kind, nodeGroup).map((object) => {
      const reader = new StateReader(state);
      const namespace = reader.object({
        group: "",
        kind: "Namespace",
        namespace: "",
        name: object.namespace,
      });
      const key = objectKey(object);
      const attachments = memo.get(`attach ${key}`, [object, gateway, namespace], () =>
        attachRoute(object, gateway, namespace),
      );
      const translated =
        kind === "HTTPRoute"
          ? cache.of(object, "translated", state, (tracked) => translateRoute(tracked, object))
          : undefined;
      return memo.get(`attached ${key}`, [attachments, translated], () => ({
        object,
        attachments,
        translated,
      }));
    }),
  );
}

/** Listeners and route tables of every port that serves. */
function trafficParts(gateway: GatewayView, routes: readonly AttachedRoute[], memo: MemoTable): Part[] {
  const attached = routes.flatMap(listenerRoutes);
  const ports = new Set(gateway.listeners.filter(({ serves }) => serves).map(({ port }) => port));
  return [...ports].flatMap((port) => [
    ...listenerParts(gateway, port, memo),
    ...routeTableParts(
      gateway,
      port,
      attached.filter(({ listener }) => listener.port === port),
      memo,
    ),
  ]);
}

/** Each listener that takes a route once, whichever parentRefs chose it. */
function listenerRoutes({ attachments, translated }: AttachedRoute): ListenerRoute[] {
  if (translated === undefined) return [];
  const listeners = new Set(attachments.flatMap((attachment) => attachment.listeners));
  return [...listeners].filter(({ serves }) => serves).map((listener) => ({ listener, route: translated }));
}

/** The clusters that the routes forward to, and for each EDS cluster its endpoints. */
function upstreamParts(state: ConfigState, routes: readonly AttachedRoute[], memo: MemoTable): Part[] {
  const upstreams = new Map<string, Upstream>();
  for (const { translated } of routes.filter((route) => listenerRoutes(route).length > 0)) {
    for (const upstream of translated?.upstreams ?? []) upstreams.set(upstream.name, upstream);
  }
  const endpoints = new Map<string, Part>();
  for (const upstream of upstreams.values()) {
    const part = endpointsOf(state, upstream, memo);
    if (part !== undefined) endpoints.set(part.resource, part);
  }
  return [...[...upstreams.values()].map(clusterPart), ...endpoints.values()];
}

const noSlices: readonly ConfigObject[] = [];

function endpointsOf(state: ConfigState, { endpoints, owner }: Upstream, memo: MemoTable): Part | undefined {
  if (endpoints.type === "dns") return undefined;
  if (endpoints.type === "addresses") {
    return memo.get(`endpoints ${endpoints.name}`, [endpoints.addresses], () =>
      addressesPart(endpoints.name, endpoints.addresses, owner),
    );
  }
  const inNamespace = new StateReader(state).namespace(discoveryGroup, "EndpointSlice", owner.namespace);
  const slices = slicesByService(inNamespace).get(owner.name) ?? noSlices;
  return memo.get(`endpoints ${endpoints.name}`, [owner, ...slices], () =>
    servicePart(endpoints.name, endpoints.port, { service: owner, slices }),
  );
}

function findingsOf(gateway: GatewayView, routes: readonly AttachedRoute[], memo: MemoTable): Findings {
  const parents = new Map<string, Findings["parents"] extends ReadonlyMap<string, infer V> ? V : never>();
  for (const route of routes) {
    const key = objectKey(route.object);
    parents.set(
      key,
      memo.get(`parents ${key}`, [route], () => parentFindings(route)),
    );
  }
  return {
    gateway: memo.get("finding", [gateway, ...routes], () => gatewayFinding(gateway, routes)),
    parents,
  };
}
