/** A server that answers only what changed in its store must fail in the same worlds, in the two known ways. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { kinds } from "./kinds.ts";
import {
  type ClusterWish,
  fetchTimeoutMs,
  type ListenerWish,
  type TableWish,
} from "./world/configuration.ts";
import type { Happening, History } from "./world/happenings.ts";
import { openNaiveStream, openRememberingStream } from "./world/naive-server.ts";
import { failureOf } from "./world/run-worlds.ts";
import { type OpenServerStream, openStepStream } from "./world/server-stream.ts";
import { Violation } from "./world/violation.ts";
import { World } from "./world/world.ts";

const secondsMs = 1_000;
const cluster: ClusterWish = {
  of: "cluster",
  name: "a",
  salt: 1,
  isShared: false,
  isHealthChecked: false,
  port: 1,
  secret: undefined,
  bad: undefined,
};
const listener: ListenerWish = {
  of: "listener",
  name: "l",
  table: "r",
  cluster: undefined,
  salt: 1,
  secret: undefined,
  fetchTimeoutMs,
  isBad: false,
};
const table: TableWish = { of: "table", name: "r", cluster: "a", salt: 1, isBad: false };

/** One thing a minute, on a steady network. */
function minutely(
  happenings: readonly Happening[],
  { isRdsTimeoutKey = false, drainMs = 100 * secondsMs } = {},
): History {
  const network = { upMs: 1, downMs: 1, drainMs, healthCheckMs: 5, backoffMs: 5 };
  const steps = happenings.map((happening) => ({ afterMs: 60 * secondsMs, happening }));
  return { proxies: [{ ...network, isRdsTimeoutKey }], steps, end: "leave" };
}

const changedCluster = minutely([
  { do: "commit", edits: [cluster] },
  { do: "commit", edits: [{ ...cluster, salt: 2 }] },
]);

const recoveredListener = minutely(
  [
    { do: "commit", edits: [cluster, table] },
    { do: "commit", edits: [listener] },
    { do: "commit", edits: [{ ...listener, table: undefined }] },
    { do: "commit", edits: [{ ...listener, fetchTimeoutMs: fetchTimeoutMs + secondsMs }] },
  ],
  { isRdsTimeoutKey: true },
);

/** The old listener's drain ends, and its table is dropped, before another one asks for it. */
const drainedListener = minutely(
  [
    { do: "commit", edits: [cluster, table] },
    { do: "commit", edits: [listener] },
    { do: "commit", edits: [{ ...listener, table: undefined }] },
    { do: "commit", edits: [listener] },
  ],
  { drainMs: secondsMs },
);

for (const protocol of ["sotw", "delta"] as const) {
  test(`rule 39: a naive server lets a changed cluster wait until it gives up (${protocol})`, () => {
    const play = (): void => new World({ protocol, open: openNaiveStream, history: changedCluster }).play();
    assert.throws(
      play,
      (error) => error instanceof Violation && /cluster a warms for 15000 ms/.test(error.message),
    );
    new World({ protocol, open: openStepStream, history: changedCluster }).play();
  });

  test(`rule 43: a naive server leaves a listener that returns to its table without it (${protocol})`, () => {
    const play = (): void =>
      new World({ protocol, open: openNaiveStream, history: recoveredListener }).play();
    assert.throws(
      play,
      (error) => error instanceof Violation && /waited in vain for RDS r/.test(error.message),
    );
    new World({ protocol, open: openStepStream, history: recoveredListener }).play();
  });

  test(`rules 21 and 27: one that remembers what a proxy dropped leaves it without its table, too (${protocol})`, () => {
    const play = (open: OpenServerStream): void =>
      new World({ protocol, open, history: drainedListener }).play();
    assert.throws(
      () => play(openRememberingStream),
      (error) => error instanceof Violation && /waited in vain for RDS r/.test(error.message),
    );
    for (const open of [openNaiveStream, openStepStream]) play(open);
  });

  test(`a naive server fails in random worlds of each kind (${protocol})`, () => {
    for (const { name, options } of kinds)
      assert.match(
        failureOf({ ...options, protocol, open: openNaiveStream, seeds: 20, seed: 1 }) ?? name,
        /P[456]/,
      );
  });
}
