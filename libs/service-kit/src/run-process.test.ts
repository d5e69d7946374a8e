import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure, systemClock } from "@routeledger/std";
import { type ProcessTools, runProcess } from "./run-process.ts";

let say: (error: unknown) => void = () => undefined;

function run(start: (tools: ProcessTools) => Promise<void>, clock = systemClock) {
  const stop = new AbortController();
  const lines: { level: string; msg: string; hint?: string; code?: string }[] = [];
  const input = {
    ...{ args: [], environment: {}, otherNames: [], hostName: "h", clock, signal: stop.signal },
    randomBytes: (length: number) => new Uint8Array(length),
    onUncaught: (told: (error: unknown) => void) => {
      say = told;
    },
    writeLog: (line: string) => void lines.push(JSON.parse(line)),
  };
  const options = {
    ...({ service: "api", logLevel: "info", stopDeadlineMs: 5_000, configuration: { name: "h" } } as const),
  };
  return { code: runProcess(input, options, start), lines, stop };
}

test("a signal stops the parts, and the exit code is 0", async () => {
  let stopped = false;
  const { code, lines, stop } = run(async ({ parts }) => {
    parts.started({
      stop: () => {
        stopped = true;
      },
    });
    setImmediate(() => stop.abort());
  });
  assert.equal(await code, 0);
  assert.ok(stopped);
  assert.deepEqual(
    lines.map(({ msg }) => msg),
    ["api starts", "api stops", "api stopped"],
  );
});

test("a signal that comes while the service starts stops what is there", async () => {
  let stopped = false;
  const { code, stop } = run(async ({ parts }) => {
    parts.started({
      stop: () => {
        stopped = true;
      },
    });
    setImmediate(() => stop.abort());
    await new Promise(() => undefined);
  });
  assert.equal(await code, 0);
  assert.ok(stopped);
});

test("a failure is one line with its code and hint, and the exit code is 1", async () => {
  const failure = new Failure("open the logs: too old", {
    ...{ code: "nats.serverTooOld", retryable: false, hint: "upgrade" },
  });
  const { code, lines } = run(async ({ parts }) => {
    parts.watch(Promise.reject(failure));
  });
  assert.equal(await code, 1);
  const errors = lines.filter(({ level }) => level === "error");
  assert.equal(errors.length, 1);
  assert.equal(errors[0]?.msg, "api ends: open the logs: too old");
  assert.equal(errors[0]?.hint, "upgrade");
  assert.equal(errors[0]?.code, "nats.serverTooOld");
  assert.equal(lines.at(-1), errors[0]);
});

test("a stop that takes too long is left, said, and is no failure", async () => {
  const clock = {
    ...systemClock,
    after: (_: number, callback: () => void) => {
      const immediate = setImmediate(callback);
      return () => clearImmediate(immediate);
    },
  };
  const { code, lines, stop } = run(async ({ parts }) => {
    parts.started({ stop: () => new Promise<void>(() => undefined) });
    setImmediate(() => stop.abort());
  }, clock);
  assert.equal(await code, 0);
  assert.match(lines.at(-1)?.msg ?? "", /what was under way is not done/);
});

test("what nobody caught is one line with its stack", async () => {
  const { code, lines, stop } = run(async () => undefined);
  say(new TypeError("x is undefined"));
  stop.abort();
  await code;
  const errors = lines.filter(({ level }) => level === "error");
  assert.equal(errors.length, 1);
  assert.equal(errors[0]?.msg, "api ends: x is undefined");
  assert.match(JSON.stringify(errors[0]), /run-process\.test/);
});
