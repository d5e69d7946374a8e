import { controllerName } from "@routeledger/translation";
import type { ExpectedCondition, ExpectedListener, ExpectedParent, NamespacedName } from "./case.ts";

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message?: string;
  readonly observedGeneration?: number;
  readonly lastTransitionTime?: string;
}

interface ParentRef {
  readonly group?: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly name: string;
  readonly sectionName?: string;
}

export interface RouteObject {
  readonly metadata: { readonly generation: number; readonly namespace: string };
  readonly status?: {
    readonly parents?: readonly {
      readonly parentRef: ParentRef;
      readonly controllerName: string;
      readonly conditions: readonly Condition[];
    }[];
  };
}

/** A Gateway, or a ListenerSet. */
export interface GatewayObject {
  readonly metadata: { readonly generation: number };
  readonly status?: {
    readonly addresses?: readonly { readonly type?: string; readonly value: string }[];
    readonly conditions?: readonly Condition[];
    readonly attachedListenerSets?: number;
    readonly listeners?: readonly {
      readonly name: string;
      readonly attachedRoutes: number;
      readonly supportedKinds?: readonly { readonly group?: string; readonly kind: string }[];
      readonly conditions: readonly Condition[];
    }[];
  };
}

export interface PolicyObject {
  readonly metadata: { readonly generation: number; readonly namespace: string };
  readonly status?: {
    readonly ancestors?: readonly {
      readonly ancestorRef: ParentRef;
      readonly controllerName: string;
      readonly conditions: readonly Condition[];
    }[];
  };
}

export interface ClassObject {
  readonly metadata: { readonly generation: number };
  readonly status?: { readonly conditions?: readonly Condition[] };
}

/** What is wrong with a list of conditions; an expected status or reason that is empty is not compared. */
export function conditionMismatches(
  expected: readonly ExpectedCondition[],
  actual: readonly Condition[] | undefined,
  generation: number,
): string[] {
  return expected.flatMap(({ Type, Status, Reason }) => {
    const condition = actual?.find(({ type }) => type === Type);
    if (condition === undefined) return [`no condition ${Type}`];
    const wrong: string[] = [];
    const told = `${condition.status} ${condition.reason} (${condition.message ?? ""})`;
    if (Status && condition.status !== Status) wrong.push(`${Type}: expected ${Status}, got ${told}`);
    if (Reason && condition.reason !== Reason) wrong.push(`${Type}: expected reason ${Reason}, got ${told}`);
    if (condition.observedGeneration !== generation) {
      wrong.push(`${Type}: expected observedGeneration ${generation}, got ${condition.observedGeneration}`);
    }
    return wrong;
  });
}

/** Every condition of an object is of its present generation (G107), and there is at least one. */
export function latestMismatches(conditions: readonly Condition[] | undefined, generation: number): string[] {
  if (conditions === undefined || conditions.length === 0) return ["no conditions"];
  return conditionMismatches(
    conditions.map(({ type }) => ({ Type: type })),
    conditions,
    generation,
  );
}

interface Named extends NamespacedName {
  /** Absent: any. */
  readonly Kind?: string;
}

/** The conditions of a route under a Gateway or ListenerSet, all parentRefs that name it joined. */
export function routeConditions(route: RouteObject, parent: Named): Condition[] {
  const parents = route.status?.parents ?? [];
  return parents
    .filter(({ parentRef }) => names(parentRef, parent, route.metadata.namespace))
    .flatMap(({ conditions }) => [...conditions]);
}

/** @param namespace where a reference without one looks */
function names(ref: ParentRef, parent: Named, namespace: string): boolean {
  return (
    (parent.Kind === undefined || parent.Kind === (ref.kind ?? "Gateway")) &&
    ref.name === parent.Name &&
    (ref.namespace ?? namespace) === parent.Namespace
  );
}

export function parentMismatches(
  expected: readonly ExpectedParent[],
  route: RouteObject,
  namespaceRequired: boolean,
): string[] {
  const parents = route.status?.parents ?? [];
  if (parents.length !== expected.length)
    return [`expected ${expected.length} parents, got ${parents.length}`];
  return expected.flatMap(({ ParentRef, Conditions }) => {
    const found = parents.find(({ parentRef }) => {
      const sameNamespace = namespaceRequired
        ? parentRef.namespace === ParentRef.Namespace
        : (parentRef.namespace ?? route.metadata.namespace) ===
          (ParentRef.Namespace ?? route.metadata.namespace);
      return (
        parentRef.name === ParentRef.Name &&
        (parentRef.kind ?? "Gateway") === (ParentRef.Kind ?? "Gateway") &&
        sameNamespace &&
        (parentRef.sectionName ?? "") === (ParentRef.SectionName ?? "")
      );
    });
    if (found === undefined) return [`no parent ${ParentRef.Namespace}/${ParentRef.Name}`];
    if (found.controllerName !== controllerName) return [`written by ${found.controllerName}`];
    return conditionMismatches(Conditions, found.conditions, route.metadata.generation);
  });
}

/** What is wrong with a policy's condition under a Gateway. */
export function ancestorMismatches(
  { metadata, status }: PolicyObject,
  gateway: NamespacedName,
  expected: ExpectedCondition,
): string[] {
  const found = (status?.ancestors ?? []).find(({ ancestorRef }) =>
    names(ancestorRef, { ...gateway, Kind: "Gateway" }, metadata.namespace),
  );
  if (found === undefined) return [`no ancestor ${gateway.Namespace}/${gateway.Name}`];
  if (found.controllerName !== controllerName) return [`written by ${found.controllerName}`];
  return conditionMismatches([expected], found.conditions, metadata.generation);
}

/** @param listenerNames empty: all listeners */
export function listenerConditionMismatches(
  expected: readonly ExpectedCondition[],
  listenerNames: readonly string[],
  { metadata, status }: GatewayObject,
): string[] {
  const all = status?.listeners ?? [];
  const missing = listenerNames.filter((name) => !all.some((listener) => listener.name === name));
  const asked = listenerNames.length === 0 ? all : all.filter(({ name }) => listenerNames.includes(name));
  return [
    ...missing.map((name) => `no listener ${name}`),
    ...asked.flatMap(({ name, conditions }) =>
      conditionMismatches(expected, conditions, metadata.generation).map(
        (what) => `listener ${name}: ${what}`,
      ),
    ),
  ];
}

export function listenerMismatches(expected: readonly ExpectedListener[], gateway: GatewayObject): string[] {
  const listeners = gateway.status?.listeners ?? [];
  if (listeners.length !== expected.length)
    return [`expected ${expected.length} listeners, got ${listeners.length}`];
  return expected.flatMap(({ Name, AttachedRoutes = 0, Conditions = [], SupportedKinds = [] }) => {
    const listener = listeners.find(({ name }) => name === Name);
    if (listener === undefined) return [`no listener ${Name}`];
    const wrong = conditionMismatches(Conditions, listener.conditions, gateway.metadata.generation);
    if (listener.attachedRoutes !== AttachedRoutes)
      wrong.push(`attachedRoutes: expected ${AttachedRoutes}, got ${listener.attachedRoutes}`);
    const wanted = SupportedKinds.map(({ Group, Kind }) => `${Group}/${Kind}`).sort();
    const kinds = (listener.supportedKinds ?? [])
      .map(({ group = "gateway.networking.k8s.io", kind }) => `${group}/${kind}`)
      .sort();
    const missing = wanted.filter((kind) => !kinds.includes(kind));
    if (missing.length > 0 || (wanted.length === 0 && kinds.length > 0)) {
      wrong.push(
        `supportedKinds: expected ${wanted.join(", ") || "none"}, got ${kinds.join(", ") || "none"}`,
      );
    }
    return wrong.map((what) => `listener ${Name}: ${what}`);
  });
}
