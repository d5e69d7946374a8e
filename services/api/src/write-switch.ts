import {
  type ConfigState,
  completeObject,
  encodeSwitch,
  getObject,
  type ObjectChange,
  type OpenSwitch,
  type SwitchFact,
} from "@routeledger/config-model";
import { formatRevision, type JsonObject } from "@routeledger/std";
import type { Author } from "./change-coalescer.ts";
import type { WrittenEvent } from "./config-appender.ts";
import type { SwitchDecision } from "./decide-step.ts";
import type { DoorMoment } from "./joint-decision.ts";

export type TakenStep = Exclude<SwitchDecision, { type: "wait" }>;

/**
 * The event by which an open switch takes a step; undefined where the state has moved on since that was decided: of two
 * that race one is appended (SW2).
 */
export function switchEvent(
  { state, timeMs }: DoorMoment,
  { open, step, author }: { readonly open: OpenSwitch; readonly step: TakenStep; readonly author: Author },
): WrittenEvent | undefined {
  const now = state.openSwitch;
  const isSame = now !== undefined && formatRevision(now.prepared) === formatRevision(open.prepared);
  if (!isSame || now.phase !== open.phase) return undefined;
  const name = `switch @${formatRevision(open.prepared)}`;
  const fact = stepFact(state, now, { step, timeMs });
  const summary = `${name} ${verbs[step.type]}: ${step.why}`;
  return { ...encodeSwitch(fact), ...author, summary };
}

const verbs = { try: "is tried", turn: "turned", finish: "is finished", revert: "went back" } as const;

function stepFact(
  state: ConfigState,
  { prepared, plan, phase, aside }: OpenSwitch,
  { step, timeMs }: { readonly step: TakenStep; readonly timeMs: number },
): SwitchFact {
  switch (step.type) {
    case "try":
      return { type: "switchTried", prepared };
    case "turn":
      return { type: "switchTurned", prepared, changes: plan.changes };
    case "finish":
      return { type: "switchFinished", prepared };
    case "revert": {
      const changes = phase === "turned" ? restored(state, aside, timeMs) : [];
      return { type: "switchReverted", prepared, reason: step.why, changes };
    }
  }
}

/** What makes the objects what they were, as applies and deletes would (SW3). */
function restored(state: ConfigState, aside: OpenSwitch["aside"], timeMs: number): ObjectChange[] {
  return aside.flatMap(({ ref, object }): ObjectChange[] => {
    const existing = getObject(state, ref);
    if (object === undefined)
      return existing === undefined ? [] : [{ type: "deleted", ...ref, source: existing.source }];
    const { uid } = (object.object.metadata ?? {}) as JsonObject;
    const context = { existing, source: object.source, uid: String(uid ?? ""), timeMs };
    const change = completeObject(object.object, context);
    return change === "unchanged" ? [] : [change];
  });
}
