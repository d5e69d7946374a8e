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

export interface GatewayObject {
  readonly metadata: { readonly generation: number };
  readonly status?: {
    readonly addresses?: readonly { readonly type?: string; readonly value: string }[];
    readonly conditions?: readonly Condition[];
    readonly listeners?: readonly {
      readonly name: string;
      readonly attachedRoutes: number;
      readonly supportedKinds?: readonly { readonly group?: string; readonly kind: string }[];
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

/** The conditions of a route under a Gateway, all parentRefs that name it joined. */
export function routeConditions(route: RouteObject, gateway: NamespacedName): Condition[] {
  const parents = route.status?.parents ?? [];
  return parents
    .filter(({ parentRef }) => namesGateway(parentRef, gateway, route.metadata.namespace))
    .flatMap(({ conditions }) => [...conditions]);
}

function namesGateway(ref: ParentRef, gateway: NamespacedName, routeNamespace: string): boolean {
  return ref.name === gateway.Name && (ref.namespace ?? routeNamespace) === gateway.Namespace;
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
        sameNamespace &&
        (parentRef.sectionName ?? "") === (ParentRef.SectionName ?? "")
      );
    });
    if (found === undefined) return [`no parent ${ParentRef.Namespace}/${ParentRef.Name}`];
    if (found.controllerName !== controllerName) return [`written by ${found.controllerName}`];
    return conditionMismatches(Conditions, found.conditions, route.metadata.generation);
  });
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
