import { assert, compareRevisions } from "@routeledger/std";
import { takeTimers } from "./addition.ts";
import { nextResponse } from "./flush.ts";
import { gatesChanged } from "./gates.ts";
import { transitionFor } from "./phase.ts";
import { snapshotOfStream } from "./served.ts";
import { settledTypes } from "./settled.ts";
import type { StreamInput, StreamOutput } from "./stream-io.ts";
import type { XdsStream } from "./stream-state.ts";

/**
 * One stream: takes one input and says what to do. The stream that was given may be reused; the caller forgets it. At
 * most one `send` comes out of a step: the caller writes it and gives `writable` when the socket takes more, so a slow
 * client makes no queue (rule 68).
 */
export function step(
  stream: XdsStream,
  input: StreamInput,
): { readonly stream: XdsStream; readonly outputs: readonly StreamOutput[] } {
  const { phase } = stream;
  const { take, next } = transitionFor(phase, input);
  const outputs = take(stream, input);
  outputs.push(...proceed(stream));
  assert(
    next.includes(stream.phase),
    `${input.type} leads from ${phase} to ${next.join(", ")}, got ${stream.phase}`,
  );
  return { stream, outputs };
}

/** Whatever happened, a stream that may send sends the one response that the client needs first. */
function proceed(stream: XdsStream): StreamOutput[] {
  if (stream.phase !== "serving" && stream.phase !== "behind") return [];
  const { revision } = snapshotOfStream(stream);
  if (compareRevisions(revision, stream.floor) < 0) {
    if (stream.phase === "behind") return [];
    stream.phase = "behind";
    return [{ type: "behind", shown: stream.floor, held: revision }];
  }
  stream.phase = "serving";
  const response = nextResponse(stream);
  const outputs = [...takeTimers(stream), ...gatesChanged(stream)];
  if (response === undefined) return [...outputs, ...settledTypes(stream)];
  stream.phase = "writing";
  return [...outputs, { type: "send", response }];
}
