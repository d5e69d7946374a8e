import type { JsonObject } from "@routeledger/std";
import type { ConformanceCase, NamespacedName, Step } from "./case.ts";
import { exchange, mismatches } from "./http-exchange.ts";
import type { PortMap } from "./manifests.ts";
import {
  conditionMismatches,
  type GatewayObject,
  latestMismatches,
  listenerMismatches,
  parentMismatches,
  type RouteObject,
  routeConditions,
} from "./statuses.ts";
import { weightMismatches } from "./weights.ts";

/** What the steps ask: a running Routeledger. */
export interface SystemUnderTest {
  readonly ports: PortMap;
  /** The object with its status; undefined when there is none. */
  get(kind: string, namespace: string, name: string): Promise<JsonObject | undefined>;
}

/** What is wrong at this moment; nothing when the step is as expected. */
type Player = (system: SystemUnderTest, step: Step, of: ConformanceCase) => Promise<string[]>;

/** The suite's helpers that are played; a case that needs another one cannot run. */
export const players: Readonly<Record<string, Player>> = {
  "kubernetes.NamespacesMustBeReady": async () => [],
  "kubernetes.GatewayAndHTTPRoutesMustBeAccepted": gatewayAndRoutesAccepted,
  "kubernetes.GatewayAndRoutesMustBeAccepted": gatewayAndRoutesAccepted,
  "kubernetes.HTTPRouteMustHaveResolvedRefsConditionsTrue": (system, { args }) =>
    routeCondition(system, args.routeNN, args.gwNN, {
      Type: "ResolvedRefs",
      Status: "True",
      Reason: "ResolvedRefs",
    }),
  "kubernetes.HTTPRouteMustHaveCondition": (system, { args }) =>
    routeCondition(system, args.routeNN, args.gwNN, args.condition ?? { Type: "" }),
  "kubernetes.HTTPRouteMustHaveNoAcceptedParents": async (system, { args }) => {
    const route = await getRoute(system, args.routeName);
    const accepted = (route?.status?.parents ?? []).flatMap(({ conditions }) =>
      conditions.filter(({ type, status }) => type === "Accepted" && status === "True"),
    );
    return accepted.length === 0 ? [] : ["expected no accepted parent, got one"];
  },
  "kubernetes.HTTPRouteMustHaveParents": async (system, { args }) => {
    const route = await getRoute(system, args.routeName);
    if (route === undefined) return [`no route ${args.routeName?.Name}`];
    return parentMismatches(args.parents ?? [], route, args.namespaceRequired ?? false);
  },
  "kubernetes.HTTPRouteMustHaveLatestConditions": async (system, { args }) => {
    const route = await getRoute(system, args.routeNN);
    const conditions = (route?.status?.parents ?? []).flatMap((parent) => parent.conditions);
    return latestMismatches(conditions, route?.metadata.generation ?? 0);
  },
  "kubernetes.GatewayMustHaveLatestConditions": (system, { args }) =>
    gatewayIs(system, args.gwNN, (gateway) =>
      latestMismatches(gateway.status?.conditions, gateway.metadata.generation),
    ),
  "kubernetes.GatewayMustHaveCondition": (system, { args }) =>
    gatewayIs(system, args.gwNN, (gateway) =>
      conditionMismatches(
        args.condition ? [args.condition] : [],
        gateway.status?.conditions,
        gateway.metadata.generation,
      ),
    ),
  "kubernetes.GatewayStatusMustHaveListeners": (system, { args }) =>
    gatewayIs(system, args.gwNN, (gateway) => listenerMismatches(args.listeners ?? [], gateway)),
  "kubernetes.GatewayMustHaveZeroRoutes": (system, { args }) =>
    gatewayIs(system, args.gwName, (gateway) =>
      (gateway.status?.listeners ?? [])
        .filter(({ attachedRoutes }) => attachedRoutes !== 0)
        .map(
          ({ name, attachedRoutes }) =>
            `listener ${name}: expected no attached routes, got ${attachedRoutes}`,
        ),
    ),
  "kubernetes.WaitForGatewayAddress": (system, { args }) =>
    gatewayIs(system, args.gwNN, (gateway) =>
      gateway.status?.addresses?.length ? [] : ["no address in the status"],
    ),
  "http.MakeRequestAndExpectEventuallyConsistentResponse": async (system, { args }) => {
    const { expected, gwAddr } = args;
    if (expected === undefined || gwAddr === undefined)
      throw new Error("a step with a request and an address");
    const port = system.ports.ofAddress(gwAddr);
    return mismatches(expected, await exchange(port, expected), port);
  },
  "weight.TestWeightedDistribution": (system, step, of) => weightMismatches(system, step, of),
};

async function gatewayAndRoutesAccepted(system: SystemUnderTest, { args }: Step): Promise<string[]> {
  const gateway = args.gw;
  if (gateway === undefined) throw new Error("a step that names a Gateway");
  const wrong = await gatewayIs(system, gateway, ({ metadata, status }) => {
    const accepted = [
      { Type: "Accepted", Status: "True" },
      { Type: "Programmed", Status: "True" },
    ];
    return conditionMismatches(accepted, status?.conditions, metadata.generation);
  });
  for (const route of args.routeNNs ?? []) {
    wrong.push(
      ...(await routeCondition(system, route, gateway, {
        Type: "Accepted",
        Status: "True",
        Reason: "Accepted",
      })),
    );
  }
  return wrong;
}

async function routeCondition(
  system: SystemUnderTest,
  name: NamespacedName | undefined,
  gateway: NamespacedName | undefined,
  expected: { Type: string; Status?: string; Reason?: string },
): Promise<string[]> {
  const route = await getRoute(system, name);
  if (route === undefined || gateway === undefined) return [`no route ${name?.Namespace}/${name?.Name}`];
  const conditions = routeConditions(route, gateway);
  return conditionMismatches([expected], conditions, route.metadata.generation).map(
    (what) => `HTTPRoute ${name?.Name}: ${what}`,
  );
}

async function getRoute(
  system: SystemUnderTest,
  name: NamespacedName | undefined,
): Promise<RouteObject | undefined> {
  if (name === undefined) throw new Error("a step that names a route");
  return (await system.get("httproute", name.Namespace, name.Name)) as RouteObject | undefined;
}

async function gatewayIs(
  system: SystemUnderTest,
  name: NamespacedName | undefined,
  wrongWith: (gateway: GatewayObject) => string[],
): Promise<string[]> {
  if (name === undefined) throw new Error("a step that names a Gateway");
  const gateway = (await system.get("gateway", name.Namespace, name.Name)) as GatewayObject | undefined;
  const wrong = gateway === undefined ? ["is not there"] : wrongWith(gateway);
  return wrong.map((what) => `Gateway ${name.Name}: ${what}`);
}
