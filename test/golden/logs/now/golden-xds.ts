import {
  CommitWriter,
  emptyTail,
  MemoryEventLog,
  type MemoryStorage,
  writeCheckpoints,
} from "@routeledger/event-log";
import { appendedAll, newCommit, testTools } from "@routeledger/event-log/testing";
import { codec } from "@routeledger/protos";
import { sha256, utf8 } from "@routeledger/std";
import { commitOfKind, goldenStartMs } from "./golden-commit.ts";

const revision = { epoch: 1, sequence: 3 };
const configHash = sha256(utf8("the CONFIG message at 3"));
const owners = [
  { group: "gateway.networking.k8s.io", kind: "HTTPRoute", namespace: "shop", name: "checkout", revision },
];

const shell = codec("envoy.config.route.v3.RouteConfiguration").encode({ name: "http/8080" });
const virtualHost = codec("envoy.config.route.v3.VirtualHost").encode({
  name: "shop.example",
  domains: ["shop.example"],
});
const cluster = codec("envoy.config.cluster.v3.Cluster").encode({ name: "service/shop/checkout/80" });

function part(
  type: "RESOURCE_TYPE_ROUTE" | "RESOURCE_TYPE_CLUSTER",
  resource: string,
  virtual: string,
  value: Uint8Array,
) {
  return { key: { type, resource, virtualHost: virtual }, value, digest: sha256(value), owners };
}

const clusterPart = part("RESOURCE_TYPE_CLUSTER", "service/shop/checkout/80", "", cluster);
const tableParts = [
  part("RESOURCE_TYPE_ROUTE", "http/8080", "", shell),
  part("RESOURCE_TYPE_ROUTE", "http/8080", "shop.example", virtualHost),
];
const status = {
  group: "gateway.networking.k8s.io",
  kind: "HTTPRoute",
  namespace: "shop",
  name: "checkout",
  json: '{"parents":[]}',
};

/** An XDS log with every kind that CONFIG has not. */
export async function goldenXds(storage: MemoryStorage): Promise<void> {
  const log = new MemoryEventLog("XDS", storage);
  const frame = { configEpoch: 1, configHash, timeUnixMs: goldenStartMs, translatorVersion: 1 };
  const changed = [clusterPart, ...tableParts];
  const added = { nodeGroup: "shop/edge", changed };
  const removed = {
    nodeGroup: "shop/edge",
    removed: [tableParts[1]!.key],
    retired: [clusterPart.key],
  };
  const delta = {
    sequence: 3,
    timeUnixMs: goldenStartMs,
    groups: [added],
    statuses: [status],
    retireGraceMs: 60_000,
  };
  const tools = testTools(goldenStartMs);
  const begun = [
    commitOfKind("TermStarted", { term: 1, translator: "translator-a" }, 1),
    commitOfKind("Publication", { ...frame, from: 1, to: 3, deltas: [delta] }, 1),
  ];
  const followFrom = await appendedAll(log, begun, emptyTail, tools);
  const writer = new CommitWriter(log, tools);
  let tail = followFrom;
  await writeCheckpoints({
    log,
    followFrom,
    revision,
    configHash,
    states: new Map([
      ["group/shop/edge", groupCheckpoint()],
      ["statuses", codec("routeledger.xds.v1.StatusesCheckpoint").encode({ revision, statuses: [status] })],
    ]),
    randomBytes: tools.randomBytes,
    append: async (commit) => {
      const outcome = await writer.append(newCommit({ ...commit, term: 1 }), tail);
      if (outcome.outcome === "appended") ({ tail } = outcome);
    },
  });
  const later = {
    sequence: 5,
    timeUnixMs: goldenStartMs,
    groups: [removed, { nodeGroup: "shop/old", deleted: true }],
  };
  const last = commitOfKind("Publication", { ...frame, from: 4, to: 5, deltas: [later] }, 1);
  await appendedAll(log, [last], tail, tools);
}

function groupCheckpoint(): Uint8Array {
  const resource = (
    type: "RESOURCE_TYPE_ROUTE" | "RESOURCE_TYPE_CLUSTER",
    name: string,
    parts: typeof tableParts,
  ) => ({
    type,
    name,
    changedAt: revision,
    parts,
  });
  return codec("routeledger.xds.v1.GroupCheckpoint").encode({
    nodeGroup: "shop/edge",
    revision,
    timeUnixMs: goldenStartMs,
    retireGraceMs: 60_000,
    resources: [
      resource("RESOURCE_TYPE_CLUSTER", "service/shop/checkout/80", [clusterPart]),
      resource("RESOURCE_TYPE_ROUTE", "http/8080", tableParts),
    ],
    typeVersions: [{ type: "RESOURCE_TYPE_CLUSTER", changedAt: revision }],
  });
}
