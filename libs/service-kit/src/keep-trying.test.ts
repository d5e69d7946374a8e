import assert from "node:assert/strict";
import { test } from "node:test";
import { type Clock, Failure } from "@routeledger/std";
import { keepTrying } from "./keep-trying.ts";
import { createLogger } from "./logger.ts";

/** Passes at once, and remembers how long each pause was to be. */
function hastyClock(): { clock: Clock; pauses: number[] } {
  const pauses: number[] = [];
  const after = (delayMs: number, callback: () => void): (() => void) => {
    pauses.push(delayMs);
    const immediate = setImmediate(callback);
    return () => clearImmediate(immediate);
  };
  return { clock: { wallMs: () => 0, monotonicMs: () => 0, after }, pauses };
}

const away = (message: string, retryable = true) => new Failure(message, { code: "test.away", retryable });

function setUp() {
  const lines: string[] = [];
  const told: (string | undefined)[] = [];
  const { clock, pauses } = hastyClock();
  const stop = new AbortController();
  const options = {
    ...{ what: "open it", clock, signal: stop.signal },
    logger: createLogger({ name: "test", write: (line) => lines.push(JSON.parse(line).msg) }),
    onWaiting: (failure: Failure | undefined) => void told.push(failure?.message),
  };
  return { lines, told, pauses, stop, options };
}

test("what may come by itself is waited for, and told each time that it says something else", async () => {
  const { lines, told, pauses, options } = setUp();
  const outcomes = [away("refused"), away("refused"), away("no stream"), away("refused"), "open"];
  const value = await keepTrying(async () => {
    const outcome = outcomes.shift();
    if (outcome instanceof Failure) throw outcome;
    return outcome;
  }, options);
  assert.equal(value, "open");
  assert.deepEqual(told, ["refused", "no stream", "refused", undefined]);
  assert.deepEqual(lines, ["open it: waiting", "open it: waiting", "open it: waiting", "open it: done"]);
  assert.deepEqual(pauses, [100, 200, 400, 800]);
});

test("pauses end at 2 s", async () => {
  const { pauses, options } = setUp();
  let left = 8;
  await keepTrying(async () => {
    if (left-- > 0) throw away("refused");
  }, options);
  assert.deepEqual(pauses.slice(-3), [2_000, 2_000, 2_000]);
});

test("what somebody must mend is not waited for, unless its code was named", async () => {
  const { options } = setUp();
  const failure = away("too old", false);
  await assert.rejects(
    keepTrying(async () => {
      throw failure;
    }, options),
    failure,
  );
  let tries = 0;
  const waitsFor = ["test.away"];
  await keepTrying(
    async () => {
      if (++tries < 3) throw failure;
    },
    { ...options, waitsFor },
  );
  assert.equal(tries, 3);
});

test("a signal ends the waiting", async () => {
  const { stop, options } = setUp();
  const trying = keepTrying(
    async () => {
      stop.abort();
      throw away("refused");
    },
    { ...options, clock: { ...options.clock, after: () => () => undefined } },
  );
  await assert.rejects(
    trying,
    (error: unknown) => error instanceof Failure && error.code === "process.stopping",
  );
});
