import assert from "node:assert/strict";
import { test } from "node:test";
import { RunningParts } from "./running-parts.ts";

test("parts are stopped the last first, also when one of them cannot be stopped", async () => {
  const parts = new RunningParts();
  const stopped: string[] = [];
  parts.started({ stop: () => void stopped.push("logs") });
  parts.started({
    stop: async () => {
      throw new Error("stuck");
    },
  });
  parts.started({ stop: () => void stopped.push("server") });
  await assert.rejects(parts.stop(), /stuck/);
  assert.deepEqual(stopped, ["server", "logs"]);
  assert.ok(parts.signal.aborted);
  await parts.stop();
});

test("the first failure of a part is everybody's, unless it was to stop", async () => {
  const parts = new RunningParts();
  const first = Promise.withResolvers<void>();
  const second = Promise.withResolvers<void>();
  parts.started({ ended: first.promise, stop: () => undefined });
  parts.watch(second.promise);
  second.reject(new Error("second"));
  await assert.rejects(parts.failed, /second/);
  const stopping = parts.stop();
  first.reject(new Error("while stopping"));
  await stopping;
  await assert.rejects(parts.failed, /second/);
});
