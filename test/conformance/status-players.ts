import type { ExpectedCondition, NamespacedName, StepArguments } from "./case.ts";
import { type Player, type SystemUnderTest, wanted } from "./player.ts";
import {
  ancestorMismatches,
  type ClassObject,
  type Condition,
  conditionMismatches,
  type GatewayObject,
  latestMismatches,
  listenerConditionMismatches,
  listenerMismatches,
  type PolicyObject,
  parentMismatches,
  type RouteObject,
  routeConditions,
} from "./statuses.ts";

const acceptedTrue: ExpectedCondition = { Type: "Accepted", Status: "True", Reason: "Accepted" };
const listenerIsReady: readonly ExpectedCondition[] = ["ResolvedRefs", "Accepted", "Programmed"].map(
  (Type) => ({
    Type,
    Status: "True",
  }),
);

/** Helpers that look at statuses. */
export const statusPlayers: Readonly<Record<string, Player>> = {
  /** The suite asks whether the pods run. */
  "kubernetes.NamespacesMustBeReady": async () => [],
  "kubernetes.GatewayAndHTTPRoutesMustBeAccepted": gatewayAndRoutesAccepted,
  "kubernetes.GatewayAndRoutesMustBeAccepted": gatewayAndRoutesAccepted,
  "kubernetes.RoutesAndParentMustBeAccepted": (system, { args }) => {
    const { GroupKind, ...name } = wanted(args.resource, "a resource");
    const Kind = GroupKind.Kind === "ListenerSet" ? "ListenerSet" : "Gateway";
    return routesAccepted(system, { ...args, parent: { ...name, Kind } });
  },
  "kubernetes.HTTPRouteMustHaveResolvedRefsConditionsTrue": (system, { args }) =>
    routeCondition(system, args, { Type: "ResolvedRefs", Status: "True", Reason: "ResolvedRefs" }),
  "kubernetes.HTTPRouteMustHaveCondition": (system, { args }) =>
    routeCondition(system, args, wanted(args.condition, "a condition")),
  "kubernetes.HTTPRouteMustHaveNoAcceptedParents": (system, { args }) =>
    routeIs(system, "HTTPRoute", args.routeName, ({ status }) => {
      const conditions = (status?.parents ?? []).flatMap((parent) => parent.conditions);
      const accepted = conditions.some(({ type, status: is }) => type === "Accepted" && is === "True");
      return accepted ? ["expected no accepted parent, got one"] : [];
    }),
  "kubernetes.HTTPRouteMustHaveParents": (system, { args }) =>
    routeIs(system, "HTTPRoute", args.routeName, (route) =>
      parentMismatches(args.parents ?? [], route, args.namespaceRequired ?? false),
    ),
  "kubernetes.HTTPRouteMustHaveLatestConditions": (system, { args }) =>
    routeIs(system, "HTTPRoute", args.rNN, ({ metadata, status }) => {
      const conditions = (status?.parents ?? []).flatMap((parent) => parent.conditions);
      return latestMismatches(conditions, metadata.generation);
    }),
  "kubernetes.GatewayMustHaveLatestConditions": (system, { args }) => gatewayIs(system, args.gwNN, latestOf),
  "kubernetes.GatewayMustHaveCondition": (system, { args }) =>
    gatewayIs(system, args.gwNN, hasCondition(args.expectedCondition)),
  "kubernetes.GatewayStatusMustHaveListeners": (system, { args }) =>
    gatewayIs(system, args.gwNN, (gateway) => listenerMismatches(args.listeners ?? [], gateway)),
  "kubernetes.GatewayListenerMustHaveConditions": (system, { args }) =>
    gatewayIs(system, args.gwName, hasListenerConditions(args, [wanted(args.lName, "a listener")])),
  "kubernetes.GatewayListenersMustHaveConditions": (system, { args }) =>
    gatewayIs(system, args.gwName, hasListenerConditions(args, args.listenerNames ?? [])),
  "kubernetes.GatewayMustHaveAttachedListeners": (system, { args }) =>
    gatewayIs(system, args.gwName, ({ status }) => {
      const { expectedCount = 0 } = args;
      const got = status?.attachedListenerSets ?? 0;
      return got === expectedCount ? [] : [`attachedListenerSets: expected ${expectedCount}, got ${got}`];
    }),
  "kubernetes.GatewayMustHaveZeroRoutes": (system, { args }) =>
    gatewayIs(system, args.gwName, ({ status }) => {
      const attached = (status?.listeners ?? []).filter(({ attachedRoutes }) => attachedRoutes !== 0);
      return attached.map(
        ({ name, attachedRoutes }) => `listener ${name} has ${attachedRoutes} attached routes`,
      );
    }),
  "kubernetes.WaitForGatewayAddress": (system, { args }) => gatewayIs(system, args.gwRef, hasAddress),
  "kubernetes.ListenerSetMustHaveCondition": (system, { args }) =>
    listenerSetIs(system, args.lsNN, hasCondition(args.expectedCondition)),
  "kubernetes.ListenerSetStatusMustHaveListeners": (system, { args }) =>
    listenerSetIs(system, args.lsNN, (set) => listenerMismatches(args.listeners ?? [], set)),
  "kubernetes.ListenerSetListenersMustHaveConditions": (system, { args }) =>
    listenerSetIs(system, args.lsName, hasListenerConditions(args, args.listenerNames ?? [])),
  "kubernetes.BackendTLSPolicyMustHaveCondition": (system, { args }) =>
    policyIs(system, args.policyNN, (policy) =>
      ancestorMismatches(policy, wanted(args.gwNN, "a Gateway"), wanted(args.condition, "a condition")),
    ),
  "kubernetes.BackendTLSPolicyMustHaveAcceptedConditionTrue": (system, { args }) =>
    policyIs(system, args.policyNN, (policy) =>
      ancestorMismatches(policy, wanted(args.gwNN, "a Gateway"), acceptedTrue),
    ),
  "kubernetes.BackendTLSPolicyMustHaveLatestConditions": (system, { args }) =>
    policyIs(system, args.r, ({ metadata, status }) => {
      const conditions = (status?.ancestors ?? []).flatMap((ancestor) => ancestor.conditions);
      return latestMismatches(conditions, metadata.generation);
    }),
  "kubernetes.GWCMustHaveAcceptedConditionAny": (system, { args }) =>
    classIs(system, args.gwcName, hasCondition({ Type: "Accepted" })),
  "kubernetes.GatewayClassMustHaveLatestConditions": (system, { args }) =>
    classIs(system, args.gwcNN?.Name, latestOf),
};

interface WithConditions {
  readonly metadata: { readonly generation: number };
  readonly status?: { readonly conditions?: readonly Condition[] };
}

function hasCondition(expected: ExpectedCondition | undefined): (object: WithConditions) => string[] {
  const condition = wanted(expected, "a condition");
  return ({ metadata, status }) => conditionMismatches([condition], status?.conditions, metadata.generation);
}

function latestOf({ metadata, status }: WithConditions): string[] {
  return latestMismatches(status?.conditions, metadata.generation);
}

function hasListenerConditions(
  { conditions = [] }: StepArguments,
  names: readonly string[],
): (object: GatewayObject) => string[] {
  return (object) => listenerConditionMismatches(conditions, names, object);
}

function hasAddress({ status }: GatewayObject): string[] {
  return status?.addresses?.some(({ value }) => value !== "") ? [] : ["no address in the status"];
}

interface Parent extends NamespacedName {
  /** Gateway or ListenerSet. */
  readonly Kind: "Gateway" | "ListenerSet";
}

async function gatewayAndRoutesAccepted(
  system: SystemUnderTest,
  { args }: { readonly args: StepArguments },
): Promise<string[]> {
  const gateway = wanted(args.gw, "a Gateway");
  const address = await gatewayIs(system, gateway, hasAddress);
  return [
    ...address,
    ...(await routesAccepted(system, { ...args, parent: { ...gateway, Kind: "Gateway" } })),
  ];
}

/** Each route is accepted by the parent, all of whose listeners are ready. */
async function routesAccepted(
  system: SystemUnderTest,
  { parent, routeNNs = [], routeType = "*v1.HTTPRoute" }: StepArguments & { readonly parent: Parent },
): Promise<string[]> {
  const kind = routeType.replace(/^\*v1\./, "");
  const wrong = await Promise.all([
    withListenersIs(system, parent.Kind, parent, (object) =>
      listenerConditionMismatches(listenerIsReady, [], object),
    ),
    ...routeNNs.map((name) =>
      routeIs(system, kind, name, (route) =>
        conditionMismatches([acceptedTrue], routeConditions(route, parent), route.metadata.generation),
      ),
    ),
  ]);
  return wrong.flat();
}

function routeCondition(
  system: SystemUnderTest,
  { routeNN, gwNN }: StepArguments,
  expected: ExpectedCondition,
): Promise<string[]> {
  // It may be a ListenerSet's name: the suite compares no kind here.
  const parent = wanted(gwNN, "a Gateway");
  return routeIs(system, "HTTPRoute", routeNN, (route) =>
    conditionMismatches([expected], routeConditions(route, parent), route.metadata.generation),
  );
}

type WrongWith<T> = (object: T) => string[];

async function objectIs<T>(
  system: SystemUnderTest,
  kind: string,
  { Namespace, Name }: NamespacedName,
  wrongWith: WrongWith<T>,
): Promise<string[]> {
  const object = (await system.get(kind, Namespace, Name)) as T | undefined;
  const wrong = object === undefined ? ["is not there"] : wrongWith(object);
  return wrong.map((what) => `${kind} ${Name}: ${what}`);
}

function routeIs(
  system: SystemUnderTest,
  kind: string,
  name: NamespacedName | undefined,
  wrongWith: WrongWith<RouteObject>,
): Promise<string[]> {
  return objectIs(system, kind, wanted(name, "a route"), wrongWith);
}

function withListenersIs(
  system: SystemUnderTest,
  kind: string,
  name: NamespacedName | undefined,
  wrongWith: WrongWith<GatewayObject>,
): Promise<string[]> {
  return objectIs(system, kind, wanted(name, `a ${kind}`), wrongWith);
}

function gatewayIs(
  system: SystemUnderTest,
  name: NamespacedName | undefined,
  wrongWith: WrongWith<GatewayObject>,
): Promise<string[]> {
  return withListenersIs(system, "Gateway", name, wrongWith);
}

function listenerSetIs(
  system: SystemUnderTest,
  name: NamespacedName | undefined,
  wrongWith: WrongWith<GatewayObject>,
): Promise<string[]> {
  return withListenersIs(system, "ListenerSet", name, wrongWith);
}

function policyIs(
  system: SystemUnderTest,
  name: NamespacedName | undefined,
  wrongWith: WrongWith<PolicyObject>,
): Promise<string[]> {
  return objectIs(system, "BackendTLSPolicy", wanted(name, "a policy"), wrongWith);
}

function classIs(
  system: SystemUnderTest,
  name: string | undefined,
  wrongWith: WrongWith<ClassObject>,
): Promise<string[]> {
  return objectIs(system, "GatewayClass", { Namespace: "", Name: wanted(name, "a class") }, wrongWith);
}
