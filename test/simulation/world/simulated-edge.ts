/** An edge as far as a proxy notices it: follows the log at its own pace, and serves streams from what it has. */
import { compareRevisions } from "@routeledger/std";
import { emptySnapshot, type Snapshot } from "@routeledger/xds-model";
import type { Protocol, StreamInput, StreamOutput, StreamResponse } from "@routeledger/xds-stream";
import type { VirtualClock } from "../model/virtual-clock.ts";
import type { OpenServerStream, ServerStream } from "./server-stream.ts";

/** How long a new stream waits for what the log holds (P6), milliseconds. */
export const catchUpDeadlineMs = 1_000;

export interface EdgeStreamOptions {
  readonly protocol: Protocol;
  readonly streamId: string;
  /** A response is on its way; calls back when the socket takes the next. */
  readonly write: (response: StreamResponse, taken: () => void) => void;
  /** Every output that is no response. */
  readonly told: (output: StreamOutput) => void;
  /** From now on the stream is served. */
  readonly admitted: () => void;
}

export class SimulatedEdge {
  readonly name: string;
  /** How far it is behind the log, milliseconds. */
  lagMs = 0;
  snapshot: Snapshot = emptySnapshot("default/gateway");
  readonly #clock: VirtualClock;
  readonly #open: OpenServerStream;
  readonly #streams = new Set<EdgeStream>();
  /** The newest revision of the log. */
  #newest: Snapshot = this.snapshot;
  #lastArrivalMs = 0;

  constructor(name: string, clock: VirtualClock, open: OpenServerStream) {
    this.name = name;
    this.#clock = clock;
    this.#open = open;
  }

  /** The log has a new revision; it arrives here in the log's order. */
  publish(snapshot: Snapshot): void {
    this.#newest = snapshot;
    const atMs = Math.max(this.#lastArrivalMs, this.#clock.nowMs + this.lagMs);
    this.#lastArrivalMs = atMs;
    this.#clock.after(atMs - this.#clock.nowMs, () => {
      this.snapshot = snapshot;
      for (const stream of [...this.#streams]) stream.offer(snapshot);
    });
  }

  accept(options: EdgeStreamOptions): EdgeStream {
    const { protocol, streamId } = options;
    const stream: EdgeStream = new EdgeStream({
      ...options,
      clock: this.#clock,
      server: this.#open({ protocol, streamId }),
      target: () => this.#newest,
      ended: () => this.#streams.delete(stream),
      newest: () => this.snapshot,
    });
    this.#streams.add(stream);
    return stream;
  }
}

interface StreamParts extends EdgeStreamOptions {
  readonly clock: VirtualClock;
  readonly server: ServerStream;
  /** What the log holds now. */
  readonly target: () => Snapshot;
  readonly newest: () => Snapshot;
  readonly ended: () => void;
}

/** One stream at an edge: inputs that an output causes come after it. */
export class EdgeStream {
  readonly #parts: StreamParts;
  readonly #inputs: StreamInput[] = [];
  #isFeeding = false;
  #isEnded = false;
  #isAdmitted = false;
  #target: Snapshot | undefined;

  constructor(parts: StreamParts) {
    this.#parts = parts;
  }

  offer(snapshot: Snapshot): void {
    if (this.#isAdmitted) this.give({ type: "snapshot", snapshot });
    else if (this.#target !== undefined && !isBefore(snapshot, this.#target)) this.#admit();
  }

  give(input: StreamInput): void {
    this.#inputs.push(input);
    if (this.#isFeeding || this.#isEnded) return;
    this.#isFeeding = true;
    for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift())
      for (const output of this.#parts.server.give(next)) this.#perform(output);
    this.#isFeeding = false;
  }

  end(): void {
    this.#isEnded = true;
    this.#parts.ended();
  }

  #perform(output: StreamOutput): void {
    const { clock, write, told } = this.#parts;
    if (output.type === "send")
      write(output.response, () => {
        if (!this.#isEnded) this.give({ type: "writable" });
      });
    else told(output);
    if (output.type === "startTimer")
      clock.after(output.delayMs, () => {
        if (!this.#isEnded) this.give({ type: "timer", id: output.id });
      });
    if (output.type === "connected") this.#connect();
  }

  /** Serves when it has applied what the log holds now, or after the deadline what it has. */
  #connect(): void {
    const { clock, target, newest } = this.#parts;
    this.#target = target();
    if (!isBefore(newest(), this.#target)) this.#admit();
    else clock.after(catchUpDeadlineMs, () => this.#admit());
  }

  #admit(): void {
    if (this.#isAdmitted || this.#isEnded) return;
    this.#isAdmitted = true;
    this.#parts.admitted();
    this.give({ type: "snapshot", snapshot: this.#parts.newest() });
  }
}

function isBefore(one: Snapshot, other: Snapshot): boolean {
  return compareRevisions(one.revision, other.revision) < 0;
}
