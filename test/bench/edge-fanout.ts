/**
 * Measures one changed virtual host of a route table of 1,000, from its append to XDS to the last ACK of 1 and of 100
 * proxies, on a log in memory. `node test/bench/edge-fanout.ts [changes] [routes]`.
 */
import { randomBytes } from "node:crypto";
import { CommitReader, deliveryKinds, MemoryEventLog, MemoryStorage } from "@routeledger/event-log";
import { codec } from "@routeledger/protos";
import { silentLogger } from "@routeledger/service-kit";
import { type Clock, systemClock } from "@routeledger/std";
import { startXdsEdge } from "@routeledger/xds-edge";
import { Publisher } from "../features/xds/publisher.ts";
import { forkClients } from "./edge/fork-clients.ts";
import { gatewayParts } from "./edge/ten-thousand.ts";

const changes = Number(process.argv[2] ?? 40);
const routes = Number(process.argv[3] ?? 1_000);
const group = "default/gateway-0";

/** Wall time in microseconds, so that deliveries say when to the microsecond. */
const fineClock: Clock = { ...systemClock, wallMs: () => Math.round(performance.now() * 1_000) };

async function measure(protocol: string, proxies: number): Promise<void> {
  const delivery = new MemoryStorage("delivery");
  const xds = new MemoryStorage("xds");
  const publisher = new Publisher(new MemoryEventLog("XDS", xds));
  const parts = gatewayParts({ groups: 1, services: routes, tables: 1 });
  const others = gatewayParts({ groups: 1, services: routes, tables: 1, prefix: "/other" });
  await publisher.publish(group, parts);
  const edge = await startXdsEdge({
    xdsLog: new MemoryEventLog("XDS", xds),
    deliveryLog: new MemoryEventLog("DELIVERY", delivery),
    address: "127.0.0.1:0",
    edgeId: "bench",
    clock: fineClock,
    randomBytes,
    logger: silentLogger,
  });
  await edge.becameReady;
  const clients = await forkClients({ edges: [edge.address], protocol, count: proxies, nodeGroup: group });
  await settled(edge, proxies);
  const startedUs: number[] = [];
  for (let change = 0; change < changes; change++) {
    const index = parts.findIndex(({ virtualHost }) => virtualHost === `host-${change % routes}.example.com`);
    const now = parts.with(index, change < routes ? others[index]! : parts[index]!);
    startedUs.push(fineClock.wallMs());
    await publisher.publish(group, now);
    await settled(edge, proxies);
  }
  clients.stop();
  await edge.stop();
  const ackedUs = await lastAcks(new MemoryEventLog("DELIVERY", delivery));
  const tookMs = startedUs.map((start, change) => ((ackedUs.get(change + 2) ?? Number.NaN) - start) / 1_000);
  const sorted = tookMs.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor(sorted.length * share)] ?? Number.NaN).toFixed(1);
  process.stdout.write(
    `${protocol}, ${proxies} proxies: append to last ACK p50 ${at(0.5)} ms, p90 ${at(0.9)} ms, at least ${at(0)} ms\n`,
  );
}

/** When every proxy has acknowledged what is published; looked at seldom, so that looking costs little. */
async function settled(edge: Awaited<ReturnType<typeof startXdsEdge>>, proxies: number): Promise<void> {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    const states = edge.proxies();
    const isSettled = ({ types }: (typeof states)[number]): boolean =>
      types.some(({ type }) => type === "route") &&
      types.every(({ type, wanted, acked }) => type !== "route" || wanted === acked);
    if (states.length === proxies && states.every(isSettled)) return;
  }
}

/** By CONFIG sequence: when the last proxy acknowledged its route table. */
async function lastAcks(log: MemoryEventLog): Promise<Map<number, number>> {
  const { lastSequence } = await log.info();
  const last = new Map<number, number>();
  const reader = new CommitReader(log, { from: undefined, kinds: deliveryKinds, chained: false });
  for await (const item of reader.read({ until: lastSequence })) {
    if (item.type !== "commit") continue;
    const { deliveries } = codec("routeledger.delivery.v1.DeliveryBatch").decode(item.commit.payload);
    for (const { acked, timeUnixMs } of deliveries) {
      if (acked?.revision !== undefined) last.set(acked.revision.sequence, timeUnixMs);
    }
  }
  return last;
}

for (const protocol of ["delta", "sotw"]) for (const proxies of [1, 100]) await measure(protocol, proxies);
