import { deepEqual, equal, match, ok } from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "@routeledger/std";
import { Problem } from "../problem.ts";
import { gateway, gatewayClass, http, httpRoute, rule, service } from "../sample-objects.ts";
import { Translated } from "../translated-state.ts";
import { parseRetry, type Retry } from "./retry.ts";
import { parseTimeouts } from "./route-timeouts.ts";

function retry(written: JsonObject): Retry {
  const parsed = parseRetry("retry", written);
  ok(parsed !== undefined && !(parsed instanceof Problem), JSON.stringify(parsed));
  return parsed;
}

function routeOf(more: JsonObject) {
  const [route] = Translated.of(
    gatewayClass,
    gateway([http("http", 8080)]),
    service("a"),
    httpRoute("shop", { rules: [rule("/", [{ name: "a", port: 80 }], more)] }),
  ).routes();
  return route?.route;
}

test("rule G82: connection errors are tried again, and of answers only the codes that are listed", () => {
  const listed = routeOf({ retry: { codes: [503, 500, 503], attempts: 3 } })?.retryPolicy;
  equal(listed?.retryOn, "connect-failure,refused-stream,reset,retriable-status-codes");
  deepEqual(listed?.retriableStatusCodes, [500, 503]);
  equal(listed?.numRetries?.value, 3);
  const none = routeOf({ retry: { attempts: 3 } })?.retryPolicy;
  equal(none?.retryOn, "connect-failure,refused-stream,reset");
  deepEqual(none?.retriableStatusCodes, []);
});

test("rule G82: without attempts it is one more try, and without retry there is no policy", () => {
  equal(routeOf({ retry: {} })?.retryPolicy?.numRetries?.value, 1);
  equal(routeOf({})?.retryPolicy, undefined);
});

test("rule G83: a backoff grows to ten times of what it begins with, and zero is not refused by Envoy", () => {
  const backoff = (text: string) => routeOf({ retry: { backoff: text } })?.retryPolicy?.retryBackOff;
  deepEqual(backoff("100ms"), {
    baseInterval: { seconds: 0, nanos: 100_000_000 },
    maxInterval: { seconds: 1, nanos: 0 },
  });
  const longest = backoff("99999h99999h99999h99999h");
  deepEqual(longest?.maxInterval, longest?.baseInterval, "more than Envoy takes is cut");
  deepEqual(backoff("0s")?.baseInterval, { seconds: 0, nanos: 1_000_000 });
  equal(routeOf({ retry: { attempts: 2 } })?.retryPolicy?.retryBackOff, undefined);
});

test("a retry goes to another endpoint than those that failed", () => {
  const policy = routeOf({ retry: { attempts: 2 } })?.retryPolicy;
  deepEqual(
    policy?.retryHostPredicate.map(({ name }) => name),
    ["envoy.retry_host_predicates.previous_hosts"],
  );
  ok((policy?.hostSelectionRetryMaxAttempts ?? 0) > 0);
});

test("rule G79, G80: request and backendRequest, with and without retries", () => {
  const absent = undefined;
  // request, backendRequest: limit of all without retry; of all and of a try with it.
  const table: [string | undefined, string | undefined, number, [number, number]][] = [
    [absent, absent, 0, [0, 0]],
    [absent, "0s", 0, [0, 0]],
    [absent, "2s", 2_000, [0, 2_000]],
    ["0s", absent, 0, [0, 0]],
    ["0s", "0s", 0, [0, 0]],
    ["0s", "2s", 2_000, [0, 2_000]],
    ["10s", absent, 10_000, [10_000, 0]],
    ["10s", "0s", 10_000, [10_000, 0]],
    ["10s", "2s", 2_000, [10_000, 2_000]],
  ];
  for (const [request, backendRequest, once, several] of table) {
    const written = JSON.parse(JSON.stringify({ request, backendRequest })) as JsonObject;
    const label = JSON.stringify(written);
    const plain = parseTimeouts("timeouts", written, undefined);
    const retried = parseTimeouts("timeouts", written, retry({ attempts: 2 }));
    ok(!(plain instanceof Problem) && !(retried instanceof Problem));
    deepEqual([plain.requestMs, plain.perTryMs], [once, 0], label);
    deepEqual([retried.requestMs, retried.perTryMs], several, label);
    const route = routeOf({ timeouts: written, retry: { attempts: 2 } });
    equal(Number(route?.timeout?.seconds) * 1000, several[0], label);
    equal(route?.retryPolicy?.perTryTimeout === undefined, several[1] === 0, label);
  }
});

test("rule G81: what all tries may take together is no idle time", () => {
  const idle = (written: JsonObject): number | undefined => {
    const parsed = parseTimeouts("timeouts", written, retry({ attempts: 2, backoff: "1s" }));
    return parsed instanceof Problem ? undefined : parsed.idleMs;
  };
  equal(idle({ backendRequest: "2m" }), 3 * 120_000 + 2 * 10_000);
  equal(idle({ backendRequest: "2s" }), undefined);
  equal(idle({ request: "10m", backendRequest: "2m" }), 600_000);
  equal(idle({ request: "0s" }), 0);
  equal(idle({ backendRequest: "99999h99999h99999h99999h" }), 399_996 * 3_600_000, "what Envoy takes");
});

test("rule G39: values that are not served are refused by their field", () => {
  for (const written of [
    { attempts: 0 },
    { attempts: 1.5 },
    { attempts: 101 },
    { attempts: "3" },
    { codes: [200] },
    { codes: [600] },
    { codes: ["500"] },
    { backoff: "soon" },
    { backoff: 5 },
  ]) {
    const problem = parseRetry("retry", written);
    ok(problem instanceof Problem, JSON.stringify(written));
    match(problem.message, new RegExp(`^retry\\.${Object.keys(written)[0]}: `));
  }
});
