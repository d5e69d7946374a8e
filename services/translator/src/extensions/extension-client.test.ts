import { deepEqual, equal, match, ok } from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { codec } from "@routeledger/protos";
import type { Clock } from "@routeledger/std";
import type { CallFailed, Outcome, ResourceQuestion } from "@routeledger/translation/extensions";
import { ExtensionClient } from "./extension-client.ts";
import type { ExtensionSettings } from "./extension-settings.ts";
import type { ExtensionTransport, TransportCall, TransportReply } from "./extension-transport.ts";

/** Time that moves when a test says so, timer by timer. */
class VirtualClock implements Clock {
  readonly #timers = new Set<{ readonly atMs: number; readonly callback: () => void }>();
  #nowMs = 0;

  wallMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  get timers(): number {
    return this.#timers.size;
  }

  async advance(byMs: number): Promise<void> {
    const untilMs = this.#nowMs + byMs;
    for (;;) {
      await turn();
      const [next] = [...this.#timers].filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.callback();
    }
    this.#nowMs = untilMs;
    await turn();
  }
}

interface Try {
  readonly atMs: number;
  readonly timeoutMs: number;
}

/** What a try comes to, after so long; a missing `reply` is nothing until the signal is aborted. */
interface Scripted {
  readonly afterMs?: number;
  readonly reply?: TransportReply;
}

const unavailable: TransportReply = { kind: "status", code: "UNAVAILABLE", details: "connection refused" };
const unchanged: TransportReply = { kind: "reply", bytes: new Uint8Array(0) };

/** A transport that does as it is told, try by try, the last for ever, on a virtual clock; the client asks it. */
class World implements ExtensionTransport {
  readonly clock = new VirtualClock();
  readonly tries: Try[] = [];
  readonly client: ExtensionClient;
  readonly #script: readonly Scripted[];
  closes = 0;

  constructor(script: readonly Scripted[], settings: Partial<ExtensionSettings> = {}, random = 0.5) {
    this.#script = script;
    const service = { unix: { path: "/run/extension" } };
    const surroundings = { clock: this.clock, random: () => random };
    this.client = new ExtensionClient({ name: "ext", service, ...settings }, this, surroundings);
  }

  call({ timeoutMs, signal }: TransportCall): Promise<TransportReply> {
    const { afterMs = 0, reply } = this.#script[Math.min(this.tries.length, this.#script.length - 1)] ?? {};
    this.tries.push({ atMs: this.clock.monotonicMs(), timeoutMs });
    return new Promise((resolve) => {
      const cancel = () => resolve({ kind: "status", code: "CANCELLED", details: "" });
      signal.addEventListener("abort", cancel, { once: true });
      if (reply !== undefined) this.clock.after(afterMs, () => resolve(reply));
    });
  }

  close(): void {
    this.closes++;
  }

  /** The outcome of a question, and when it was there. */
  async outcome(): Promise<{ readonly outcome: Outcome<unknown>; readonly atMs: number }> {
    let atMs = -1;
    const asked = this.client.askResource(question).then((outcome) => {
      atMs = this.clock.monotonicMs();
      return outcome;
    });
    for (let waits = 0; atMs < 0 && waits < 10_000; waits++) await this.clock.advance(1);
    equal(this.clock.timers, 0, "no timer is left behind");
    return { outcome: await asked, atMs };
  }
}

const resource = codec("envoy.config.cluster.v3.Cluster").encode({ name: "web" });
const question: ResourceQuestion = { hook: "Cluster", resource, extensionResources: [] };

function failure(outcome: Outcome<unknown>): CallFailed {
  ok(outcome.kind === "failed", `expected a failure, found ${outcome.kind}`);
  return outcome;
}

test("UNAVAILABLE is tried again after growing pauses, each try with what is left of the deadline", async () => {
  const world = new World([{ reply: unavailable }, { reply: unavailable }, { afterMs: 5, reply: unchanged }]);
  const { outcome, atMs } = await world.outcome();
  deepEqual([outcome, atMs], [{ kind: "unchanged" }, 305]);
  deepEqual(world.tries, [
    { atMs: 0, timeoutMs: 2_000 },
    { atMs: 100, timeoutMs: 1_900 },
    { atMs: 300, timeoutMs: 1_700 },
  ]);
});

test("after maxAttempts the last failure is the outcome", async () => {
  const { outcome, atMs } = await new World([{ reply: unavailable }]).outcome();
  const { code, message, retryable } = failure(outcome);
  deepEqual([code, retryable, atMs], ["UNAVAILABLE", true, 700]);
  equal(message, 'ask extension ext PostClusterModify for "web": UNAVAILABLE: connection refused (try 4)');
});

test("other codes end the call at once, unless the settings name them", async () => {
  const reply: TransportReply = { kind: "status", code: "INTERNAL", details: "boom" };
  const once = new World([{ reply }]);
  equal(failure((await once.outcome()).outcome).code, "INTERNAL");
  equal(once.tries.length, 1);
  const retry = { retryableStatusCodes: ["INTERNAL"], maxAttempts: 2 };
  const twice = new World([{ reply }], { service: { unix: { path: "/run/extension" }, retry } });
  equal(failure((await twice.outcome()).outcome).code, "INTERNAL");
  equal(twice.tries.length, 2);
});

test("a transport that says nothing is ended at the deadline, and the timer's grace is all that it costs", async () => {
  const { outcome, atMs } = await new World([{}]).outcome();
  const { code, message } = failure(outcome);
  deepEqual([code, atMs], ["DEADLINE_EXCEEDED", 2_025]);
  match(message, /: DEADLINE_EXCEEDED: no answer within 2000 ms$/);
});

test("at the deadline the transport's own words, and the failure before, are in the message", async () => {
  const late: TransportReply = {
    kind: "status",
    code: "DEADLINE_EXCEEDED",
    details: "waiting for a connection",
  };
  const world = new World([{ reply: unavailable }, { afterMs: 1_900, reply: late }]);
  const { outcome, atMs } = await world.outcome();
  equal(atMs, 2_000);
  match(
    failure(outcome).message,
    /no answer within 2000 ms, after 1 failed: UNAVAILABLE: connection refused \(waiting for a connection\)$/,
  );
});

test("a pause that would outlast the deadline is not made", async () => {
  const world = new World([{ afterMs: 1_950, reply: unavailable }]);
  const { outcome, atMs } = await world.outcome();
  deepEqual([failure(outcome).code, atMs, world.tries.length], ["UNAVAILABLE", 1_950, 1]);
});

test("an answer in the last moment counts", async () => {
  const { outcome } = await new World([{ afterMs: 2_010, reply: unchanged }]).outcome();
  deepEqual(outcome, { kind: "unchanged" });
});

test("a server's DEADLINE_EXCEEDED before the deadline is its own, and is tried again where settings say so", async () => {
  const early: TransportReply = { kind: "status", code: "DEADLINE_EXCEEDED", details: "my database" };
  const retry = { retryableStatusCodes: ["DEADLINE_EXCEEDED"] };
  const world = new World([{ reply: early }, { reply: unchanged }], {
    service: { unix: { path: "/run/extension" }, retry },
  });
  deepEqual((await world.outcome()).outcome, { kind: "unchanged" });
  match(
    failure((await new World([{ reply: early }]).outcome()).outcome).message,
    /: DEADLINE_EXCEEDED: my database$/,
  );
});

test("an answer that breaks the protocol is INVALID_ANSWER, and says how", async () => {
  const renamed = codec("envoygateway.extension.PostClusterModifyResponse").encode({
    cluster: { name: "other" },
  });
  const { code, message, retryable } = failure(
    (await new World([{ reply: { kind: "reply", bytes: renamed } }]).outcome()).outcome,
  );
  deepEqual([code, retryable], ["INVALID_ANSWER", true]);
  match(message, /: INVALID_ANSWER: the answer names "other" instead of "web": a resource keeps its name$/);
});

test("a question larger than maxMessageBytes is not asked, and no time will mend it", async () => {
  const world = new World([{ reply: unchanged }], { maxMessageBytes: 8 });
  const { code, message, retryable } = failure((await world.outcome()).outcome);
  deepEqual([code, retryable, world.tries.length], ["QUESTION_TOO_LARGE", false, 0]);
  match(message, /the question has 9 bytes, more than maxMessageSize, 8$/);
});

test("what a server says is one line of bounded length", async () => {
  const reply: TransportReply = {
    kind: "status",
    code: "INTERNAL",
    details: `a\r\n\u2028b${"x".repeat(100_000)}`,
  };
  const { message } = failure((await new World([{ reply }]).outcome()).outcome);
  match(message, /: INTERNAL: a bx+\.\.\.$/);
  ok(message.length < 1_200, `${message.length} characters`);
});

test("close ends calls and pauses as CLOSED, also those that come later, and closes the transport once", async () => {
  const world = new World([{}, { reply: unavailable }]);
  const outcomes = [world.client.askResource(question), world.client.askResource(question)];
  await world.clock.advance(10);
  await Promise.all([world.client.close(), world.client.close()]);
  outcomes.push(world.client.askResource(question));
  for (const outcome of await Promise.all(outcomes)) {
    const { code, retryable } = failure(outcome);
    deepEqual([code, retryable], ["CLOSED", false]);
  }
  deepEqual([world.closes, world.clock.timers], [1, 0]);
});

test("settings that cannot be used are the outcome of each question", async () => {
  const clock = new VirtualClock();
  const settings = { name: "ext", service: {} };
  const client = new ExtensionClient(settings, { unusable: "no server" }, { clock, random: () => 0 });
  const { code, message, retryable } = failure(await client.askResource(question));
  deepEqual([code, retryable], ["UNUSABLE_SETTINGS", false]);
  match(message, /: UNUSABLE_SETTINGS: no server$/);
  await client.close();
});
