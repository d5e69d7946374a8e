import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { type Clock, systemClock } from "@routeledger/std";
import { emptyPublished, type Published } from "@routeledger/xds-model";
import { partOf, snapshotOf } from "@routeledger/xds-model/testing";
import type { DeliveryFact } from "./delivery-facts.ts";
import { type ClusterLoad, LoadSums } from "./load-sums.ts";
import { SwitchLoads } from "./switch-loads.ts";

const group = "default/gateway";

function published(...clusters: string[]): Published {
  const snapshot = snapshotOf(
    clusters.map((name) => partOf("cluster", name)),
    1,
  );
  return { ...emptyPublished, snapshots: new Map([[group, snapshot]]) };
}

function load(cluster: string, issued: number): ClusterLoad {
  return { cluster, successful: issued, errors: 0, issued, inProgress: 0 };
}

/** Timers run when the test says. */
function switchLoads({ proxies = 1 } = {}) {
  const timers: (() => void)[] = [];
  const clock: Clock = {
    ...systemClock,
    after: (_delayMs, callback) => {
      timers.push(callback);
      return () => timers.splice(timers.indexOf(callback), 1);
    },
  };
  const said: DeliveryFact[] = [];
  const loads = new SwitchLoads({
    ...{ clock, intervalMs: 1_000, record: (fact) => said.push(fact), reporting: () => proxies },
  });
  return { loads, said, timers, tick: () => timers.shift()?.() };
}

test("rule SW22: of a cluster that has two generations both are said, once an interval, and of no other", () => {
  const { loads, said, tick } = switchLoads();
  loads.follow(published("a", "a~2", "a~2/trial", "b", "c~7"), emptyPublished);
  for (const name of ["a", "a~2", "a~2", "b", "c~7"]) loads.add(group, load(name, 3));
  loads.add("default/other", load("a", 1));
  tick();
  tick();
  deepEqual(
    said.map(({ nodeGroup, loads: of }) => [nodeGroup, of?.proxies, of?.windowMs, of?.clusters]),
    [
      [
        ...[group, 1, 2_000],
        [
          { name: "a", successful: 3, errors: 0, issued: 3 },
          { name: "a~2", successful: 6, errors: 0, issued: 6 },
        ],
      ],
      [group, 1, 2_000, []],
    ],
  );
});

test("rule SW22: nothing is said without a switch, and when nobody reports", () => {
  const { loads, said, timers, tick } = switchLoads();
  loads.follow(published("a", "b~2"), emptyPublished);
  equal(timers.length, 0);
  loads.follow(published("a", "a~2"), published("a"));
  equal(timers.length, 1);
  loads.follow(published("a~2"), published("a", "a~2"));
  tick();
  deepEqual([said.length, timers.length], [0, 0]);
  const alone = switchLoads({ proxies: 0 });
  alone.loads.follow(published("a", "a~2"), emptyPublished);
  alone.tick();
  equal(alone.said.length, 0);
});

test("rule SW22: the first report of a stream is left out: nobody knows when that was", () => {
  const told: number[] = [];
  const sums = new LoadSums({
    ...{ nowMs: () => 1_000, isServed: () => true, onLoad: (_group, { issued }) => told.push(issued) },
  });
  const reporter = { nodeId: "envoy-1", nodeGroup: group };
  sums.opened(reporter);
  for (const issued of [991, 2, 3]) sums.reported(reporter, [load("a", issued)]);
  deepEqual(told, [2, 3]);
});
