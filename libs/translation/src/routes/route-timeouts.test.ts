import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "@routeledger/std";
import { Problem } from "../problem.ts";
import { parseDuration } from "./duration-text.ts";
import { envoyTimeouts, parseTimeouts, type RouteTimeouts } from "./route-timeouts.ts";

function timeouts(written: JsonObject): RouteTimeouts {
  const parsed = parseTimeouts("timeouts", written, undefined);
  ok(!(parsed instanceof Problem));
  return parsed;
}

test("rule G78: durations are of h, m, s and ms, at most four parts of five digits", () => {
  equal(parseDuration("1h2m3s4ms"), 3_723_004);
  equal(parseDuration("500ms"), 500);
  equal(parseDuration("0s"), 0);
  for (const text of ["", "5", "1.5s", "100000s", "1d", "-1s", "1h1h1h1h1h"])
    equal(parseDuration(text), undefined, text);
});

test("rule G79: the smaller of request and backendRequest limits, and zero is no limit", () => {
  equal(timeouts({ request: "10s", backendRequest: "2s" }).requestMs, 2_000);
  equal(timeouts({ request: "10s" }).requestMs, 10_000);
  equal(timeouts({ backendRequest: "2s" }).requestMs, 2_000);
  equal(timeouts({ request: "10s", backendRequest: "0s" }).requestMs, 10_000);
  equal(timeouts({ request: "0s", backendRequest: "2s" }).requestMs, 2_000);
});

test("rule G80: the timeout is always written, zero where there is none", () => {
  deepEqual(envoyTimeouts(timeouts({})), { timeout: { seconds: 0, nanos: 0 } });
  deepEqual(envoyTimeouts(timeouts({ request: "0s" })).timeout, { seconds: 0, nanos: 0 });
});

test("rule G81: a long or disabled request timeout takes the idle limit with it", () => {
  equal(timeouts({ request: "10m" }).idleMs, 600_000);
  equal(timeouts({ request: "10s" }).idleMs, undefined);
  equal(timeouts({ request: "0s" }).idleMs, 0);
});

test("rule G39: what is no duration is refused", () => {
  ok(parseTimeouts("timeouts", { request: "soon" }, undefined) instanceof Problem);
});
