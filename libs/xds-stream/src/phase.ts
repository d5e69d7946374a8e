/** The phases of a stream, and what an input does in each: the table is total, a missing cell does not compile. */
import type { StreamInput, StreamOutput } from "./stream-io.ts";
import type { XdsStream } from "./stream-state.ts";
import {
  beginServing,
  connect,
  elapse,
  ignore,
  keepSnapshot,
  putOff,
  replaceSnapshot,
  resume,
  takeOwed,
  takeRequest,
} from "./transition.ts";

export type Phase =
  /** No request came yet. */
  | "opened"
  /** The node is known, its group's snapshot is not: requests wait. */
  | "connecting"
  /** The client showed a revision that is newer than the snapshot: nothing is sent (P6). */
  | "behind"
  /** The client has been sent all that it needs and that may be sent. */
  | "serving"
  /** A response is on its way to the transport: nothing more is sent until it has taken it (rule 68). */
  | "writing"
  /** The call ends: nothing happens any more. */
  | "closed";

export type InputType = StreamInput["type"];

/** What an input does in a phase, and the phases that it may lead to. */
export interface Transition<Input extends StreamInput> {
  readonly take: (stream: XdsStream, input: Input) => StreamOutput[];
  readonly next: readonly Phase[];
}

type InputOf<Type extends InputType> = Extract<StreamInput, { readonly type: Type }>;
export type Row = { readonly [Type in InputType]: Transition<InputOf<Type>> };

/** The total table of docs/spec/xds-stream.md; a test compares the two. */
export const transitions = {
  opened: {
    sotwRequest: to(connect, "connecting", "serving", "writing", "behind", "closed"),
    deltaRequest: to(connect, "connecting", "serving", "writing", "behind", "closed"),
    snapshot: to(keepSnapshot, "opened"),
    writable: to(ignore, "opened"),
    timer: to(ignore, "opened"),
    owed: to(ignore, "opened"),
  },
  connecting: {
    sotwRequest: to(putOff, "connecting", "closed"),
    deltaRequest: to(putOff, "connecting", "closed"),
    snapshot: to(beginServing, "serving", "writing", "behind", "closed"),
    writable: to(ignore, "connecting"),
    timer: to(ignore, "connecting"),
    owed: to(ignore, "connecting"),
  },
  behind: {
    sotwRequest: to(takeRequest, "behind", "closed"),
    deltaRequest: to(takeRequest, "behind", "closed"),
    snapshot: to(replaceSnapshot, "behind", "serving", "writing"),
    writable: to(ignore, "behind"),
    timer: to(elapse, "behind"),
    owed: to(takeOwed, "behind"),
  },
  serving: {
    sotwRequest: to(takeRequest, "serving", "writing", "behind", "closed"),
    deltaRequest: to(takeRequest, "serving", "writing", "behind", "closed"),
    snapshot: to(replaceSnapshot, "serving", "writing"),
    writable: to(ignore, "serving"),
    timer: to(elapse, "serving", "writing"),
    owed: to(takeOwed, "serving", "writing"),
  },
  writing: {
    sotwRequest: to(takeRequest, "writing", "closed"),
    deltaRequest: to(takeRequest, "writing", "closed"),
    snapshot: to(replaceSnapshot, "writing"),
    writable: to(resume, "serving", "writing", "behind"),
    timer: to(elapse, "writing"),
    owed: to(takeOwed, "writing"),
  },
  closed: {
    sotwRequest: to(ignore, "closed"),
    deltaRequest: to(ignore, "closed"),
    snapshot: to(ignore, "closed"),
    writable: to(ignore, "closed"),
    timer: to(ignore, "closed"),
    owed: to(ignore, "closed"),
  },
} as const satisfies Record<Phase, Row>;

function to<Input extends StreamInput>(
  take: (stream: XdsStream, input: Input) => StreamOutput[],
  ...next: readonly Phase[]
): Transition<Input> {
  return { take, next };
}

/** The transition for an input. */
export function transitionFor<Type extends InputType>(
  phase: Phase,
  { type }: { readonly type: Type },
): Transition<InputOf<Type>> {
  const row: Row = transitions[phase];
  return row[type];
}
