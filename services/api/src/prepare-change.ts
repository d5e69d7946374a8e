import { encodeChangeSet, encodeSwitch, type SwitchPlan } from "@routeledger/config-model";
import { formatRevision } from "@routeledger/std";
import { planSwitch } from "@routeledger/translation";
import { apiFailure } from "./api-failure.ts";
import type { Author } from "./change-coalescer.ts";
import type { ChangeAnswer } from "./change-results.ts";
import type { WrittenEvent } from "./config-appender.ts";
import type { ConfigDoor } from "./config-door.ts";
import type { DoorMoment } from "./joint-decision.ts";
import type { Plan } from "./plan-apply.ts";
import { summaryOf } from "./plan-delete.ts";
import { refuseSwitched } from "./refuse-switched.ts";

/** How a change is prepared. */
export type Preparation = Pick<SwitchPlan, "deadlineMs" | "trialMs" | "watch">;

export const preparationDefaults = { deadlineMs: 30_000, trialMs: 5_000, watchMs: 10_000 } as const;

export interface PrepareRequest extends Preparation {
  readonly author: Author;
  /** One line for the log; made from the changes when empty. */
  readonly summary: string;
  /** All or nothing: what it refuses makes it change nothing. */
  readonly plan: (moment: DoorMoment) => Plan;
}

/**
 * Appends what a change takes to be prepared. What changes no cluster is applied at once (SW20).
 * @throws Failure `conflict` while a switch is open, and for what cannot be prepared; as `ConfigDoor.append`
 */
export async function prepare(door: ConfigDoor, request: PrepareRequest): Promise<ChangeAnswer> {
  let decided: { readonly plan: Plan; readonly isSwitch: boolean } | undefined;
  const commit = await door.append((moment) => {
    const plan = request.plan(moment);
    const event = plan.changes.length === 0 ? undefined : eventOf(plan, moment, request);
    decided = { plan, isSwitch: event?.kind === "SwitchPrepared" };
    return event;
  });
  const revision = commit ? formatRevision(commit.revision) : null;
  return {
    revision,
    time: commit ? new Date(commit.timeMs).toISOString() : null,
    results: decided?.plan.results ?? [],
    switch: decided?.isSwitch === true ? revision : null,
  };
}

function eventOf({ changes }: Plan, { state }: DoorMoment, request: PrepareRequest): WrittenEvent {
  const { author, deadlineMs, trialMs, watch } = request;
  const { openSwitch } = state;
  if (openSwitch !== undefined) {
    const name = `@${formatRevision(openSwitch.prepared)}`;
    throw apiFailure(
      "conflict",
      `switch ${name} is under way: one is prepared at a time`,
      "wait for it, or let it go back: routeledger switch revert",
    );
  }
  refuseSwitched(state, changes);
  const summary = request.summary || summaryOf(changes, state);
  const outlook = planSwitch(state, changes);
  switch (outlook.outcome) {
    case "refused":
      throw apiFailure("conflict", `it cannot be prepared: ${outlook.message}`, outlook.hint);
    case "nothing":
      return { kind: "ChangeSet", ...author, summary, payload: encodeChangeSet(changes) };
    case "planned": {
      const { clusters, nodeGroups } = outlook;
      const plan = { changes, clusters, nodeGroups, deadlineMs, trialMs, watch };
      return {
        ...encodeSwitch({ type: "switchPrepared", ...plan }),
        ...author,
        summary: `prepare: ${summary}`,
      };
    }
  }
}
