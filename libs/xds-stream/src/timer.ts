/** Timers of a stream: ids are `<kind>-<what>`; an id that is not known any more does nothing. */
import { endGate } from "./addition.ts";
import { endGrace } from "./leaving.ts";
import type { StreamOutput } from "./stream-io.ts";
import type { XdsStream } from "./stream-state.ts";
import { endDuplicateInterval, endUnknownWarming } from "./subscribe-sotw.ts";

export type TimerKind = "duplicate" | "grace" | "gate" | "warming";

/** What the end of each kind of timer does. */
const ends = {
  duplicate: endDuplicateInterval,
  grace: endGrace,
  gate: endGate,
  warming: endUnknownWarming,
} as const satisfies Record<TimerKind, (stream: XdsStream, id: string) => StreamOutput[]>;

export function endTimer(stream: XdsStream, id: string): StreamOutput[] {
  const [kind = ""] = id.split("-");
  return Object.hasOwn(ends, kind) ? ends[kind as TimerKind](stream, id) : [];
}
