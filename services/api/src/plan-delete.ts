import {
  type ConfigState,
  displayRef,
  getObject,
  type ObjectChange,
  type ObjectRef,
  objectKey,
  objectsOfKind,
} from "@routeledger/config-model";
import type { Revision } from "@routeledger/std";
import { apiFailure } from "./api-failure.ts";
import type { ObjectResult } from "./change-results.ts";
import { conflictProblem, type Plan } from "./plan-apply.ts";

export interface DeleteContext {
  readonly state: ConfigState;
  readonly source: string;
  readonly ignoreNotFound: boolean;
  readonly allowMassDelete: boolean;
  readonly ifRevision?: Revision;
}

/** What is to be deleted, and where the input says so. */
export interface DeleteTarget {
  readonly ref: ObjectRef;
  readonly file?: string;
  readonly document?: number;
}

/**
 * Decides what a delete changes in a state. Pure.
 * @throws Failure `conflict` when it would remove at least 10 routes and over half of them, unless allowed
 */
export function planDelete(targets: readonly DeleteTarget[], context: DeleteContext): Plan {
  const changes = new Map<string, ObjectChange>();
  const results = targets.flatMap((target): ObjectResult[] => {
    const { ref } = target;
    const existing = getObject(context.state, ref);
    if (existing === undefined || changes.has(objectKey(ref))) {
      return context.ignoreNotFound ? [] : [{ ...target, outcome: "notFound" }];
    }
    const conflict = context.ifRevision && conflictProblem(existing.revision, context.ifRevision, ref);
    if (conflict !== undefined) return [{ ...target, outcome: "refused", errors: [conflict] }];
    const { group, kind, namespace, name } = ref;
    changes.set(objectKey(ref), { type: "deleted", group, kind, namespace, name, source: context.source });
    return [{ ...target, outcome: "deleted" }];
  });
  const planned = [...changes.values()];
  const mass = massDelete(context.state, planned);
  if (mass !== undefined && !context.allowMassDelete) throw massDeleteFailure(mass);
  return { changes: planned, results };
}

/** Routes that one command may remove without being asked. */
const routesRemovedMax = 10;
const gatewayGroup = "gateway.networking.k8s.io";
const routeKinds = ["HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"];

export interface MassDelete {
  readonly removed: number;
  readonly routes: number;
}

/** Says so when changes remove at least 10 routes and over half of all. */
export function massDelete(state: ConfigState, changes: readonly ObjectChange[]): MassDelete | undefined {
  const removed = changes.filter(
    ({ type, group, kind }) => type === "deleted" && group === gatewayGroup && routeKinds.includes(kind),
  ).length;
  if (removed < routesRemovedMax) return undefined;
  const routes = routeKinds.flatMap((kind) => objectsOfKind(state, gatewayGroup, kind)).length;
  return removed * 2 > routes ? { removed, routes } : undefined;
}

function massDeleteFailure({ removed, routes }: MassDelete) {
  return apiFailure(
    "conflict",
    `this would remove ${removed} of ${routes} routes`,
    "--allow-mass-delete (allowMassDelete=true) does it when it is meant",
  );
}

/** One line for the log. */
export function summaryOf(changes: readonly ObjectChange[], state: ConfigState): string {
  const [first] = changes;
  if (first === undefined) return "";
  const deleted = changes.filter(({ type }) => type === "deleted").length;
  const created = changes.filter(
    (change) => change.type === "applied" && getObject(state, change) === undefined,
  ).length;
  const counts = [
    [created, "create"],
    [changes.length - deleted - created, "configure"],
    [deleted, "delete"],
  ].flatMap(([count, verb]) =>
    count === 0 ? [] : [`${verb} ${count === changes.length ? "" : count}`.trim()],
  );
  const named =
    changes.length === 1 ? displayRef(first) : `${displayRef(first)} and ${changes.length - 1} more`;
  return `${counts.join(", ")}: ${named}`;
}
