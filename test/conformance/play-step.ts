import type { JsonObject } from "@routeledger/std";
import type { ConformanceCase, ExpectedCondition, NamespacedName, Step } from "./case.ts";
import { exchange, mismatches } from "./http-exchange.ts";
import type { PortMap } from "./manifests.ts";
import {
  type ClassObject,
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
  /** A kind of Gateway API; the object with its status, undefined when there is none. */
  get(kind: string, namespace: string, name: string): Promise<JsonObject | undefined>;
}

/** What is wrong at this moment; nothing when the step is as expected. */
export type Player = (system: SystemUnderTest, step: Step, of: ConformanceCase) => Promise<string[]>;

/** The suite's helpers that are played; a case that needs another one cannot run. */
export const players: Readonly<Record<string, Player>> = {
  /** Each Gateway of the namespaces; those of interest are asked by the steps that follow. */
  "kubernetes.NamespacesMustBeReady": async () => [],
  "kubernetes.GatewayAndHTTPRoutesMustBeAccepted": gatewayAndRoutesAccepted,
  "kubernetes.GatewayAndRoutesMustBeAccepted": gatewayAndRoutesAccepted,
  "kubernetes.HTTPRouteMustHaveResolvedRefsConditionsTrue": (system, { args }) =>
    routeCondition(system, args, { Type: "ResolvedRefs", Status: "True", Reason: "ResolvedRefs" }),
  "kubernetes.HTTPRouteMustHaveCondition": (system, { args }) =>
    routeCondition(system, args, wanted(args.condition, "a condition")),
  "kubernetes.HTTPRouteMustHaveNoAcceptedParents": (system, { args }) =>
    routeIs(system, args.routeName, ({ status }) => {
      const conditions = (status?.parents ?? []).flatMap((parent) => parent.conditions);
      const accepted = conditions.some(({ type, status: is }) => type === "Accepted" && is === "True");
      return accepted ? ["expected no accepted parent, got one"] : [];
    }),
  "kubernetes.HTTPRouteMustHaveParents": (system, { args }) =>
    routeIs(system, args.routeName, (route) =>
      parentMismatches(args.parents ?? [], route, args.namespaceRequired ?? false),
    ),
  "kubernetes.HTTPRouteMustHaveLatestConditions": (system, { args }) =>
    routeIs(system, args.rNN, ({ metadata, status }) => {
      const conditions = (status?.parents ?? []).flatMap((parent) => parent.conditions);
      return latestMismatches(conditions, metadata.generation);
    }),
  "kubernetes.GatewayMustHaveLatestConditions": (system, { args }) =>
    gatewayIs(system, args.gwNN, ({ metadata, status }) =>
      latestMismatches(status?.conditions, metadata.generation),
    ),
  "kubernetes.GatewayMustHaveCondition": (system, { args }) => {
    const expected = wanted(args.expectedCondition, "a condition");
    return gatewayIs(system, args.gwNN, ({ metadata, status }) =>
      conditionMismatches([expected], status?.conditions, metadata.generation),
    );
  },
  "kubernetes.GatewayStatusMustHaveListeners": (system, { args }) =>
    gatewayIs(system, args.gwNN, (gateway) => listenerMismatches(args.listeners ?? [], gateway)),
  "kubernetes.GatewayMustHaveZeroRoutes": (system, { args }) =>
    gatewayIs(system, args.gwName, ({ status }) => {
      const attached = (status?.listeners ?? []).filter(({ attachedRoutes }) => attachedRoutes !== 0);
      return attached.map(
        ({ name, attachedRoutes }) => `listener ${name} has ${attachedRoutes} attached routes`,
      );
    }),
  "kubernetes.WaitForGatewayAddress": (system, { args }) =>
    gatewayIs(system, args.gwRef, ({ status }) =>
      status?.addresses?.some(({ value }) => value !== "") ? [] : ["no address in the status"],
    ),
  "kubernetes.GWCMustHaveAcceptedConditionAny": (system, { args }) =>
    classIs(system, args.gwcName, ({ metadata, status }) =>
      conditionMismatches([{ Type: "Accepted" }], status?.conditions, metadata.generation),
    ),
  "kubernetes.GatewayClassMustHaveLatestConditions": (system, { args }) =>
    classIs(system, args.gwcNN?.Name, ({ metadata, status }) =>
      latestMismatches(status?.conditions, metadata.generation),
    ),
  "http.MakeRequestAndExpectEventuallyConsistentResponse": consistentResponse,
  "weight.TestWeightedDistribution": (system, step, of) => weightMismatches(system, step, of),
};

/** As the official suite: an answer counts when so many in a row are right. */
const consecutive = 3;

async function consistentResponse(system: SystemUnderTest, { args }: Step): Promise<string[]> {
  const expected = wanted(args.expected, "an expected response");
  const port = system.ports.ofAddress(wanted(args.gwAddr, "an address"));
  for (let count = 0; count < consecutive; count++) {
    const wrong = mismatches(expected, await exchange(port, expected), port);
    if (wrong.length > 0) return wrong;
  }
  return [];
}

async function gatewayAndRoutesAccepted(system: SystemUnderTest, { args }: Step): Promise<string[]> {
  const gateway = wanted(args.gw, "a Gateway");
  const wrong = await gatewayIs(system, gateway, ({ metadata, status }) => {
    const conditions = ["Accepted", "Programmed"].map((Type) => ({ Type, Status: "True" }));
    return conditionMismatches(conditions, status?.conditions, metadata.generation);
  });
  const accepted = { Type: "Accepted", Status: "True", Reason: "Accepted" };
  for (const routeNN of args.routeNNs ?? [])
    wrong.push(...(await routeCondition(system, { routeNN, gwNN: gateway }, accepted)));
  return wrong;
}

function routeCondition(
  system: SystemUnderTest,
  { routeNN, gwNN }: Step["args"],
  expected: ExpectedCondition,
): Promise<string[]> {
  const gateway = wanted(gwNN, "a Gateway");
  return routeIs(system, routeNN, (route) =>
    conditionMismatches([expected], routeConditions(route, gateway), route.metadata.generation),
  );
}

async function routeIs(
  system: SystemUnderTest,
  name: NamespacedName | undefined,
  wrongWith: (route: RouteObject) => string[],
): Promise<string[]> {
  const { Namespace, Name } = wanted(name, "a route");
  const route = (await system.get("HTTPRoute", Namespace, Name)) as RouteObject | undefined;
  const wrong = route === undefined ? ["is not there"] : wrongWith(route);
  return wrong.map((what) => `HTTPRoute ${Name}: ${what}`);
}

async function gatewayIs(
  system: SystemUnderTest,
  name: NamespacedName | undefined,
  wrongWith: (gateway: GatewayObject) => string[],
): Promise<string[]> {
  const { Namespace, Name } = wanted(name, "a Gateway");
  const gateway = (await system.get("Gateway", Namespace, Name)) as GatewayObject | undefined;
  const wrong = gateway === undefined ? ["is not there"] : wrongWith(gateway);
  return wrong.map((what) => `Gateway ${Name}: ${what}`);
}

async function classIs(
  system: SystemUnderTest,
  name: string | undefined,
  wrongWith: (gatewayClass: ClassObject) => string[],
): Promise<string[]> {
  const gatewayClass = (await system.get("GatewayClass", "", wanted(name, "a GatewayClass"))) as
    | ClassObject
    | undefined;
  const wrong = gatewayClass === undefined ? ["is not there"] : wrongWith(gatewayClass);
  return wrong.map((what) => `GatewayClass ${name}: ${what}`);
}

function wanted<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`a step with ${what}`);
  return value;
}
