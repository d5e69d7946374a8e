/**
 * Measures proxies that come all at once, as after an edge was lost: until each has a table of 1,000 routes, and for how
 * long the edge answers nobody meanwhile. `node test/bench/edge-herd.ts [proxies]`.
 */
import { randomBytes } from "node:crypto";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { MemoryEventLog, MemoryStorage } from "@routeledger/event-log";
import { silentLogger } from "@routeledger/service-kit";
import { systemClock } from "@routeledger/std";
import { startXdsEdge } from "@routeledger/xds-edge";
import { Publisher } from "../features/xds/publisher.ts";
import { forkClients } from "./edge/fork-clients.ts";
import { gatewayParts } from "./edge/ten-thousand.ts";

const count = Number(process.argv[2] ?? 300);
const nodeGroup = "default/gateway-0";

for (const protocol of ["delta", "sotw"]) {
  const xds = new MemoryStorage("xds");
  const publisher = new Publisher(new MemoryEventLog("XDS", xds));
  await publisher.publish(nodeGroup, gatewayParts({ groups: 1, services: 1_000, tables: 1 }));
  const edge = await startXdsEdge({
    xdsLog: new MemoryEventLog("XDS", xds),
    deliveryLog: new MemoryEventLog("DELIVERY", new MemoryStorage("delivery")),
    address: "127.0.0.1:0",
    edgeId: "bench",
    clock: systemClock,
    randomBytes,
    logger: silentLogger,
  });
  await edge.becameReady;
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const startedMs = performance.now();
  const before = process.cpuUsage();
  const clients = await forkClients({ edges: [edge.address], protocol, count, nodeGroup });
  const { user, system } = process.cpuUsage(before);
  const figures = [
    `all served after ${(performance.now() - startedMs).toFixed(0)} ms`,
    `${((user + system) / 1_000 / count).toFixed(1)} ms of the edge's CPU each`,
    `the edge busy for at most ${(delay.max / 1e6).toFixed(0)} ms at once`,
    `${(process.memoryUsage().rss / 1024 ** 2).toFixed(0)} MiB`,
  ];
  process.stdout.write(`${count} proxies at once, ${protocol}: ${figures.join(", ")}\n`);
  clients.stop();
  await edge.stop();
}
process.exit();
