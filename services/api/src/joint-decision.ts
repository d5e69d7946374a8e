import { type ConfigState, evolve, getObject, type ObjectChange, objectKey } from "@routeledger/config-model";
import { summaryOf } from "./plan-delete.ts";
import { refuseSwitched } from "./refuse-switched.ts";

/** Bytes of objects that several requests may have in one event; a request alone may have more. */
export const jointBytesMax = 4 * 1024 * 1024;

/** What a change is decided on. */
export interface DoorMoment {
  readonly state: ConfigState;
  /** The time that the event will have, milliseconds since 1970. */
  readonly timeMs: number;
}

export interface Decision {
  readonly changes: readonly ObjectChange[];
  readonly summary: string;
}

/** Says what changes at a moment. Pure, may be called again; what it throws refuses the request. */
export type Decide = (moment: DoorMoment) => Decision;

/** One event that several requests share. */
export interface JointDecision {
  /** At most one an object: the newest. */
  readonly changes: readonly ObjectChange[];
  readonly summary: string;
  /** Of the first requests, in order, at least one: those behind them need an event of their own. */
  readonly answers: readonly JointAnswer[];
}

export type JointAnswer =
  | { readonly outcome: "decided"; readonly decision: Decision }
  | { readonly outcome: "failed"; readonly error: unknown };

/**
 * Decides requests one after the other, each on what those before it make of the state, as if each were an event; of
 * what they change of one object only the newest stays. Ends before a request that deletes what only the requests
 * before it created: that event would be lost.
 */
export function decideJointly(requests: readonly Decide[], moment: DoorMoment): JointDecision {
  const changes = new Map<string, ObjectChange>();
  const answers: JointAnswer[] = [];
  let { state } = moment;
  /** Of the request before, folded only when another one is decided on it. */
  let before: readonly ObjectChange[] = [];
  let bytes = 0;
  for (const decide of requests) {
    state = after(state, before, moment.timeMs);
    const answer = answerOf(decide, { ...moment, state });
    before = answer.outcome === "decided" ? answer.decision.changes : [];
    bytes += bytesOf(before);
    const isFirst = answers.length === 0;
    if (!isFirst && (bytes > jointBytesMax || before.some((change) => isUndone(change, moment.state)))) break;
    for (const change of before) changes.set(objectKey(change), change);
    answers.push(answer);
  }
  return { changes: [...changes.values()], summary: summaryIn(answers, changes, moment.state), answers };
}

function answerOf(decide: Decide, moment: DoorMoment): JointAnswer {
  try {
    const decision = decide(moment);
    refuseSwitched(moment.state, decision.changes);
    return { outcome: "decided", decision };
  } catch (error) {
    return { outcome: "failed", error };
  }
}

function isUndone(change: ObjectChange, before: ConfigState): boolean {
  return change.type === "deleted" && getObject(before, change) === undefined;
}

function bytesOf(changes: readonly ObjectChange[]): number {
  return changes.reduce((sum, change) => sum + (change.type === "applied" ? change.json.length : 0), 0);
}

/** What a request changes is seen by those behind it, under the sequence that the event will have at the earliest. */
function after(state: ConfigState, changes: readonly ObjectChange[], timeMs: number): ConfigState {
  if (changes.length === 0) return state;
  const revision = { epoch: Math.max(1, state.revision.epoch), sequence: state.revision.sequence + 1 };
  return evolve(state, { revision, timeMs, term: 0, fact: { type: "changeSet", changes } });
}

/** The request's own words when it is alone. */
function summaryIn(
  answers: readonly JointAnswer[],
  changes: ReadonlyMap<string, ObjectChange>,
  state: ConfigState,
): string {
  const decided = answers.flatMap((answer) =>
    answer.outcome === "decided" && answer.decision.changes.length > 0 ? [answer.decision] : [],
  );
  const [first] = decided;
  return first !== undefined && decided.length === 1
    ? first.summary
    : summaryOf([...changes.values()], state);
}
