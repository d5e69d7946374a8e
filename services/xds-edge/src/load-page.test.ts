import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { loadPage } from "./load-page.ts";
import { LoadSums } from "./load-sums.ts";

const nodeGroup = "default/gateway";

function asking() {
  const sums = new LoadSums({ nowMs: () => 100_000, isServed: () => true });
  const page = (query = "") => loadPage(sums, new URLSearchParams(query));
  const report = (nodeId: string, clusters: number, successful: number) => {
    const reporter = { nodeId, nodeGroup };
    sums.opened(reporter);
    const names = Array.from({ length: clusters }, (_, index) => `c${String(index).padStart(4, "0")}`);
    const counts = { successful, errors: 0, issued: 4, inProgress: 4 - successful };
    sums.reported(
      reporter,
      names.map((cluster) => ({ cluster, ...counts })),
    );
  };
  return { page, report };
}

test("/loads answers node groups, the clusters of one, and of a cluster the last report of each proxy", () => {
  const { page, report } = asking();
  deepEqual(page(), { nodeGroups: [] });
  report("envoy-2", 1, 3);
  report("envoy-1", 1, 0);
  deepEqual(page(), { nodeGroups: [nodeGroup] });
  const sum = { successful: 3, errors: 0, issued: 8, inProgress: 5, proxies: 2, errorShare: 0 };
  deepEqual(page(`nodeGroup=${nodeGroup}`), {
    ...{ nodeGroup, windowMs: 10_000 },
    clusters: [{ cluster: "c0000", ...sum }],
  });
  deepEqual(page(`nodeGroup=${nodeGroup}&cluster=c0000&windowMs=5000`), {
    ...{ nodeGroup, cluster: "c0000", windowMs: 5_000, ...sum },
    lastReports: [
      { nodeId: "envoy-1", successful: 0, errors: 0, issued: 4, inProgress: 4, ageMs: 0 },
      { nodeId: "envoy-2", successful: 3, errors: 0, issued: 4, inProgress: 1, ageMs: 0 },
    ],
  });
});

test("/loads says null for the errors' share of nothing, and how many rows it leaves out", () => {
  const { page, report } = asking();
  report("envoy-1", 1_002, 0);
  const { clusters, more } = page(`nodeGroup=${nodeGroup}`) as { clusters: object[]; more: number };
  equal(clusters.length, 1_000);
  equal(more, 2);
  equal((clusters[0] as { errorShare: unknown }).errorShare, null);
  deepEqual(page("nodeGroup=default/none"), { nodeGroup: "default/none", windowMs: 10_000, clusters: [] });
});

test("/loads does not answer a window that is none, nor a cluster of no node group", () => {
  const { page } = asking();
  for (const query of ["windowMs=0", "windowMs=60001", "windowMs=x", "windowMs=-1", "cluster=a"])
    equal(page(query), undefined, query);
});
