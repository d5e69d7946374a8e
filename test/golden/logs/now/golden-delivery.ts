import { CommitWriter, MemoryEventLog, type MemoryStorage } from "@routeledger/event-log";
import { testTools } from "@routeledger/event-log/testing";
import type { MessageTypes } from "@routeledger/protos";
import { concatBytes, sha256, utf8 } from "@routeledger/std";
import { commitOfKind, goldenStartMs } from "./golden-commit.ts";

const revision = { epoch: 1, sequence: 3 };
const resources = [{ name: "service/shop/checkout/80", digest: sha256(utf8("its bytes")) }];
const sent = {
  type: "RESOURCE_TYPE_CLUSTER",
  nonce: "7",
  version: "1.3-9f2c41ab30d15e77",
  revision,
} as const;

const own = { resourceType: "RESOURCE_TYPE_CLUSTER", identity: "spiffe://example.org/shop/edge" } as const;
const checkout = { type: "RESOURCE_TYPE_CLUSTER", name: "service/shop/checkout/80" } as const;
const addition: MessageTypes["routeledger.delivery.v1.Gate"] = {
  reason: "GATE_REASON_ADDITION",
  type: "RESOURCE_TYPE_ROUTE",
  name: "http/8080",
  waitsFor: [checkout],
  sinceUnixMs: goldenStartMs,
  untilUnixMs: goldenStartMs + 2_000,
};
const removal: MessageTypes["routeledger.delivery.v1.Gate"] = {
  reason: "GATE_REASON_REMOVAL",
  type: "RESOURCE_TYPE_CLUSTER",
  name: "service/shop/old/80",
  waitsFor: [{ type: "RESOURCE_TYPE_ROUTE", name: "http/8080" }],
  sinceUnixMs: goldenStartMs,
};

/** What a proxy holds that holds `resources`: rule D3 of docs/spec/log.md. */
const heldDigest = sha256(
  ...resources.map(({ name, digest }) => {
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, utf8(name).length);
    return concatBytes([length, utf8(name), digest]);
  }),
);

/** A DELIVERY log with every event. */
export async function goldenDelivery(storage: MemoryStorage): Promise<void> {
  const writer = new CommitWriter(new MemoryEventLog("DELIVERY", storage), testTools(goldenStartMs));
  const events = [
    {
      connected: {
        ...{ peer: "127.0.0.1:40112", protocol: "delta", userAgent: "envoy 1.36.4" },
        ...own,
      },
    },
    { sent: { ...sent, resources, removed: ["service/shop/old/80"], bytes: 117 } },
    { acked: { ...sent, heldDigest } },
    {
      nacked: {
        ...{ ...sent, nonce: "8", code: 3, message: "no such filter", resources },
        culprits: ["service/shop/checkout/80"],
      },
    },
    { gates: { total: 2, gates: [addition, removal] } },
    { lost: 12 },
    { disconnected: { reason: "the client went away" } },
  ];
  const deliveries = events.map((event, index) => ({
    counter: index + 1,
    timeUnixMs: goldenStartMs + index,
    nodeId: "envoy-1",
    nodeGroup: "shop/edge",
    streamId: 1,
    ...event,
  }));
  const loads = {
    ...{ counter: deliveries.length + 1, timeUnixMs: goldenStartMs, nodeGroup: "shop/edge" },
    loads: {
      proxies: 2,
      windowMs: 2_000,
      clusters: [{ name: "service/shop/checkout/80~2", successful: 97, errors: 3, issued: 102 }],
    },
  };
  const batch = { edgeId: "edge-a", edgeStartedUnixMs: goldenStartMs, deliveries: [...deliveries, loads] };
  await writer.appendUnfenced({ ...commitOfKind("DeliveryBatch", batch), schemaVersion: 3 });
  const adopted = { identity: "the new storage", reason: "moved" };
  await writer.appendUnfenced(commitOfKind("LogAdopted", adopted));
}
