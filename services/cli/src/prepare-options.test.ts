import { deepEqual, throws } from "node:assert/strict";
import { test } from "node:test";
import { prepareQuery } from "./prepare-options.ts";

test("a preparation is asked for in shares and times", () => {
  deepEqual(prepareQuery({}), {});
  deepEqual(prepareQuery({ prepare: true }), { prepare: true });
  deepEqual(prepareQuery({ prepare: true, watchErrors: "0.5%", watch: "1m", deadline: "30s", trial: "0s" }), {
    prepare: true,
    watchErrors: 5_000,
    watchMs: 60_000,
    deadlineMs: 30_000,
    trialMs: 0,
  });
});

test("what cannot be meant is refused", () => {
  for (const [options, message] of [
    [{ deadline: "30s" }, /belong to --prepare/],
    [{ watchErrors: "1%" }, /belong to --prepare/],
    [{ prepare: true, watch: "10s" }, /--watch belongs to --watch-errors/],
    [{ prepare: true, watchErrors: "1" }, /expected a share such as 1%/],
    [{ prepare: true, watchErrors: "101%" }, /expected a share/],
    [{ prepare: true, deadline: "30" }, /expected a time such as/],
    [{ prepare: true, trial: "2h" }, /expected a time/],
    [{ prepare: true, trial: "61m" }, /at most 60m/],
  ] as const)
    throws(() => prepareQuery(options), message);
});
