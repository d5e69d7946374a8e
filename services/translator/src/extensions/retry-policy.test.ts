import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { callPolicy } from "./extension-settings.ts";
import { retryDelayMs } from "./retry-policy.ts";

const service = { unix: { path: "/run/extension" } };

test("pauses grow by the multiplier up to the largest, a fifth more or less by chance", () => {
  const policy = { initialBackoffMs: 100, maxBackoffMs: 1_000, backoffMultiplier: 2 };
  const pauses = (random: number) =>
    [1, 2, 3, 4, 5, 40].map((tries) => Math.round(retryDelayMs(policy, tries, random)));
  deepEqual(pauses(0.5), [100, 200, 400, 800, 1_000, 1_000]);
  deepEqual(pauses(0), [80, 160, 320, 640, 800, 800]);
  equal(Math.round(retryDelayMs(policy, 2, 0.999_999)), 240);
});

test("settings that are left out have Envoy Gateway's defaults, and a deadline of two seconds", () => {
  deepEqual(callPolicy({ name: "e", service }), {
    deadlineMs: 2_000,
    maxMessageBytes: 4_194_304,
    retry: {
      maxAttempts: 4,
      initialBackoffMs: 100,
      maxBackoffMs: 1_000,
      backoffMultiplier: 2,
      retryableStatusCodes: ["UNAVAILABLE"],
    },
  });
});

test("settings out of bounds are brought to the nearest bound", () => {
  const retry = { maxAttempts: 99, initialBackoffMs: 0, maxBackoffMs: 1e9, backoffMultiplier: Number.NaN };
  const policy = callPolicy({
    ...{ name: "e", service: { ...service, retry } },
    ...{ deadlineMs: 0, maxMessageBytes: Number.POSITIVE_INFINITY },
  });
  deepEqual(policy, {
    deadlineMs: 10,
    maxMessageBytes: 64 * 1024 * 1024,
    retry: {
      ...policy.retry,
      maxAttempts: 5,
      initialBackoffMs: 1,
      maxBackoffMs: 60_000,
      backoffMultiplier: 2,
    },
  });
});
