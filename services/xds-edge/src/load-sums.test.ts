import { deepEqual, equal, throws } from "node:assert/strict";
import { test } from "node:test";
import { type ClusterLoad, LoadSums, loadClustersMax, loadCountMax } from "./load-sums.ts";

const group = "default/gateway";

function load(cluster: string, counts: Partial<ClusterLoad> = {}): ClusterLoad {
  return { cluster, successful: 0, errors: 0, issued: 0, inProgress: 0, ...counts };
}

function sums({ served = (_name: string): boolean => true } = {}) {
  const clock = { nowMs: 500_000 };
  const made = new LoadSums({
    nowMs: () => clock.nowMs,
    isServed: (nodeGroup, cluster) => nodeGroup === group && served(cluster),
  });
  const reporter = (nodeId: string, nodeGroup = group) => {
    const one = { nodeId, nodeGroup };
    made.opened(one);
    return one;
  };
  const share = (windowMs: number, cluster = "a") => made.errorShare({ nodeGroup: group, cluster, windowMs });
  return { clock, made, reporter, share };
}

test("requests are summed over the proxies of a node group and a window, those in progress are of the last reports", () => {
  const { clock, made, reporter } = sums();
  const [one, two] = [reporter("envoy-1"), reporter("envoy-2")];
  made.reported(one, [load("a", { successful: 10, issued: 13, inProgress: 3 })]);
  clock.nowMs += 1_000;
  made.reported(one, [load("a", { successful: 2, errors: 1, inProgress: 1 })]);
  made.reported(two, [load("a", { errors: 4, issued: 5, inProgress: 1 }), load("b", { issued: 1 })]);
  const query = { nodeGroup: group, cluster: "a", windowMs: 10_000 };
  const a = { successful: 12, errors: 5, issued: 18, inProgress: 2, errorShare: 5 / 17, proxies: 2 };
  deepEqual(made.sum(query), a);
  const b = { successful: 0, errors: 0, issued: 1, inProgress: 0, errorShare: undefined, proxies: 2 };
  deepEqual(made.clusters(query), [
    { cluster: "a", ...a },
    { cluster: "b", ...b },
  ]);
  deepEqual(made.proxies(query), [
    { ...load("a", { successful: 2, errors: 1, inProgress: 1 }), nodeId: "envoy-1", ageMs: 0 },
    { ...load("a", { errors: 4, issued: 5, inProgress: 1 }), nodeId: "envoy-2", ageMs: 0 },
  ]);
  deepEqual(made.nodeGroups(), [group]);
});

test("a window leaves out what is older, to the second, and nothing is known of what is older than a minute", () => {
  const { clock, made, reporter, share } = sums();
  const one = reporter("envoy-1");
  made.reported(one, [load("a", { errors: 1 })]);
  clock.nowMs += 30_000;
  made.reported(one, [load("a", { successful: 1 })]);
  equal(share(60_000), 0.5);
  equal(share(30_000), 0.5);
  equal(share(29_000), 0);
  clock.nowMs += 31_000;
  equal(share(60_000), 0);
  clock.nowMs += 30_000;
  equal(share(60_000), undefined);
  deepEqual(made.clusters({ nodeGroup: group, windowMs: 60_000 }), []);
  throws(() => share(60_001), /window/);
  throws(() => share(0), /window/);
});

test("a stream that ends takes its last report with it, and what it added to sums stays for its minute", () => {
  const { clock, made, reporter } = sums();
  const [one, two] = [reporter("envoy-1"), reporter("envoy-1")];
  for (const each of [one, two]) made.reported(each, [load("a", { errors: 1, inProgress: 7 })]);
  made.ended(one);
  made.ended(one);
  const query = { nodeGroup: group, cluster: "a", windowMs: 60_000 };
  deepEqual(made.sum(query), {
    ...{ successful: 0, errors: 2, issued: 0, inProgress: 7, errorShare: 1, proxies: 1 },
  });
  made.ended(two);
  equal(made.sum(query).errors, 2);
  equal(made.sum(query).proxies, 0);
  clock.nowMs += 62_000;
  deepEqual(made.nodeGroups(), []);
});

test("a proxy that has not reported yet, or not for a minute, is not counted, nor what it had in progress", () => {
  const { clock, made, reporter } = sums();
  const one = reporter("envoy-1");
  const query = { nodeGroup: group, cluster: "a", windowMs: 60_000 };
  equal(made.sum(query).proxies, 0);
  made.reported(one, [load("a", { inProgress: 1 })]);
  equal(made.sum(query).proxies, 1);
  clock.nowMs += 60_001;
  equal(made.sum(query).proxies, 0);
  equal(made.sum(query).inProgress, 0);
});

test("a report without a cluster says that nothing is in progress there any more", () => {
  const { made, reporter } = sums();
  const one = reporter("envoy-1");
  made.reported(one, [load("a", { inProgress: 5 })]);
  made.reported(one, []);
  equal(made.sum({ nodeGroup: group, cluster: "a", windowMs: 1_000 }).inProgress, 0);
});

test("clusters that the node group does not have are left out, and node groups that nobody has leave nothing", () => {
  const { made, reporter } = sums({ served: (name) => name === "a" });
  const one = reporter("envoy-1");
  deepEqual(made.reported(one, [load("b", { errors: 1 }), load("a", { errors: 1 })]), {
    taken: { successful: 0, errors: 1 },
    leftOut: 0,
  });
  equal(made.errorShare({ nodeGroup: group, cluster: "b", windowMs: 1_000 }), undefined);
  const liar = reporter("envoy-2", "default/none");
  made.reported(liar, [load("a", { errors: 1 })]);
  made.ended(liar);
  deepEqual(made.nodeGroups(), [group]);
});

test("of a report so many clusters are kept, and no count beyond what one can be; idle clusters count for neither", () => {
  const { made, reporter } = sums();
  const one = reporter("envoy-1");
  const busy = Array.from({ length: loadClustersMax + 2 }, (_, index) => load(`c${index}`, { issued: 1 }));
  const idle = Array.from({ length: 5 }, (_, index) => load(`i${index}`));
  equal(made.reported(one, [...idle, ...busy]).leftOut, 2);
  equal(made.clusters({ nodeGroup: group, windowMs: 1_000 }).length, loadClustersMax);
  const half = load("a", { errors: loadCountMax / 2 });
  deepEqual(made.reported(one, [load("b", { errors: loadCountMax + 1 }), half, half, half]), {
    taken: { successful: 0, errors: loadCountMax },
    leftOut: 2,
  });
});
