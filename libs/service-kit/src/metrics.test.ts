import assert from "node:assert/strict";
import { test } from "node:test";
import { Metrics } from "./metrics.ts";

test("metrics are printed with the prefix, in the Prometheus text format", async () => {
  const metrics = new Metrics();
  metrics
    .counter({ name: "applies_total", help: "applies", labels: ["outcome"] })
    .inc({ outcome: "created" }, 2);
  metrics.histogram({ name: "apply_seconds", help: "time", buckets: [0.1, 1] }).observe(0.5);
  const text = await metrics.text();
  assert.match(text, /routeledger_applies_total\{outcome="created"\} 2/);
  assert.match(text, /routeledger_apply_seconds_bucket\{le="1"\} 1/);
});
