import type { Revision, SortedMap } from "@routeledger/std";
import type { ConfigEvent, ObjectChange } from "./config-event.ts";
import { type ConfigObject, type ConfigState, getObject } from "./config-state.ts";
import { configObject, withObjects } from "./object-index.ts";
import { objectKey } from "./object-ref.ts";
import {
  type AsideObject,
  type ClusterGenerations,
  firstGeneration,
  type OpenSwitch,
  type SwitchedCluster,
  type SwitchPhase,
  type SwitchPlan,
} from "./open-switch.ts";

/** A fact of a prepared switch. */
export type SwitchFact =
  | ({ readonly type: "switchPrepared" } & SwitchPlan)
  | { readonly type: "switchTried"; readonly prepared: Revision }
  | { readonly type: "switchTurned"; readonly prepared: Revision; readonly changes: readonly ObjectChange[] }
  | { readonly type: "switchFinished"; readonly prepared: Revision }
  | {
      readonly type: "switchReverted";
      readonly prepared: Revision;
      readonly reason: string;
      readonly changes: readonly ObjectChange[];
    };

const fits: Readonly<Record<Exclude<SwitchFact["type"], "switchPrepared">, readonly SwitchPhase[]>> = {
  switchTried: ["prepared"],
  switchTurned: ["prepared", "tried"],
  switchFinished: ["turned"],
  switchReverted: ["prepared", "tried", "turned"],
};

/**
 * Folds a step of a switch into a state that has the event's revision and time already. One that does not fit changes
 * nothing (SW1, SW2).
 */
export function evolveSwitch(state: ConfigState, fact: SwitchFact, event: ConfigEvent): ConfigState {
  if (fact.type === "switchPrepared") return prepared(state, fact, event);
  const { openSwitch: open } = state;
  if (open === undefined || !isSame(open.prepared, fact.prepared)) return state;
  if (!fits[fact.type].includes(open.phase)) return state;
  const stepped = { stepped: event.revision, steppedMs: state.timeMs };
  switch (fact.type) {
    case "switchTried":
      return { ...state, openSwitch: { ...open, ...stepped, phase: "tried" } };
    case "switchTurned":
      return {
        ...withChangesOf(state, fact.changes, event.revision),
        clusterGenerations: inUse(state.clusterGenerations, open.plan.clusters, "generation"),
        openSwitch: { ...open, ...stepped, phase: "turned", aside: standing(state, fact.changes) },
      };
    case "switchFinished":
      return { ...state, openSwitch: undefined };
    case "switchReverted":
      if (open.phase !== "turned") return { ...state, openSwitch: undefined };
      return {
        ...withChangesOf(state, fact.changes, event.revision),
        clusterGenerations: inUse(state.clusterGenerations, open.plan.clusters, "generationBefore"),
        openSwitch: undefined,
      };
  }
}

function prepared(
  state: ConfigState,
  { type: _type, ...plan }: Extract<SwitchFact, { type: "switchPrepared" }>,
  { revision }: ConfigEvent,
): ConfigState {
  if (state.openSwitch !== undefined) return state;
  const open: OpenSwitch = {
    ...{ plan, prepared: revision, phase: "prepared", stepped: revision, steppedMs: state.timeMs },
    aside: plan.changes.map((change) => ({ ref: refIn(change), object: outcome(change, revision) })),
  };
  const clusterGenerations = state.clusterGenerations.with(
    plan.clusters.flatMap(({ name, generation }): [string, ClusterGenerations][] => {
      const known = state.clusterGenerations.get(name) ?? firstGeneration;
      return generation > known.highest ? [[name, { ...known, highest: generation }]] : [];
    }),
  );
  return { ...state, clusterGenerations, openSwitch: open };
}

/**
 * The state on the other side of the open switch: before the turn what it would be after it, after the turn what it would
 * be if it went back (SW7, SW8). Undefined while none is open. It has no open switch itself.
 */
export function asideState(state: ConfigState): ConfigState | undefined {
  const { openSwitch: open } = state;
  if (open === undefined) return undefined;
  const side = open.phase === "turned" ? "generationBefore" : "generation";
  return {
    ...state,
    objects: withObjects(
      state.objects,
      open.aside.map(({ ref, object }) => ({ ...ref, object })),
    ),
    clusterGenerations: inUse(state.clusterGenerations, open.plan.clusters, side),
    openSwitch: undefined,
  };
}

/** Whether the open switch changes an object: until it is over nobody else may (SW19). */
export function isSwitched({ openSwitch }: ConfigState, ref: ObjectChange | ConfigObject): boolean {
  const key = objectKey(ref);
  return openSwitch?.aside.some((aside) => objectKey(aside.ref) === key) ?? false;
}

function inUse(
  generations: SortedMap<ClusterGenerations>,
  clusters: readonly SwitchedCluster[],
  side: "generation" | "generationBefore",
): SortedMap<ClusterGenerations> {
  return generations.with(
    clusters.flatMap((cluster): [string, ClusterGenerations][] => {
      const known = generations.get(cluster.name) ?? firstGeneration;
      const next = cluster[side];
      // A new cluster has the name that it will have from the beginning.
      return next === 0 || next === known.inUse ? [] : [[cluster.name, { ...known, inUse: next }]];
    }),
  );
}

function withChangesOf(state: ConfigState, changes: readonly ObjectChange[], at: Revision): ConfigState {
  const edits = changes.map((change) => ({ ...refIn(change), object: outcome(change, at) }));
  return { ...state, objects: withObjects(state.objects, edits) };
}

/** What changes will replace. */
function standing(state: ConfigState, changes: readonly ObjectChange[]): AsideObject[] {
  return changes.map((change) => ({ ref: refIn(change), object: getObject(state, change) }));
}

function outcome(change: ObjectChange, at: Revision): ConfigObject | undefined {
  return change.type === "deleted" ? undefined : configObject(change, at);
}

function refIn({ group, kind, namespace, name }: ObjectChange): AsideObject["ref"] {
  return { group, kind, namespace, name };
}

function isSame(a: Revision, b: Revision): boolean {
  return a.epoch === b.epoch && a.sequence === b.sequence;
}
