/**
 * Measures what load reports cost an edge: 100 proxies that report 1,000 clusters each second, all of them idle, a tenth
 * of them busy, or all. `node test/bench/edge-loads.ts [proxies] [clusters] [seconds]`.
 */
import { fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { MemoryEventLog, MemoryStorage } from "@routeledger/event-log";
import { silentLogger } from "@routeledger/service-kit";
import { systemClock } from "@routeledger/std";
import { startXdsEdge } from "@routeledger/xds-edge";
import { Publisher } from "../features/xds/publisher.ts";
import { gatewayParts } from "./edge/ten-thousand.ts";

const [proxies = 100, services = 1_000, seconds = 10] = process.argv.slice(2).map(Number);
const nodeGroup = "default/gateway-0";
const program = fileURLToPath(new URL("./edge/reporting-clients.ts", import.meta.url));
const xds = new MemoryStorage("xds");
const publisher = new Publisher(new MemoryEventLog("XDS", xds));
await publisher.publish(nodeGroup, gatewayParts({ groups: 1, services, tables: 1 }));

for (const busy of [0, services / 10, services]) {
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
  const sizes = [proxies, nodeGroup, services, busy].map(String);
  const clients = fork(program, [edge.address, ...sizes]);
  const [said] = await once(clients, "message");
  if (said !== "reporting") throw new Error(`proxies that report, got ${JSON.stringify(said)}`);
  // Their first reports are behind it.
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const [startedMs, before] = [performance.now(), process.cpuUsage()];
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  const { user, system } = process.cpuUsage(before);
  const cpuMs = (user + system) / 1_000;
  const reports = (proxies * (performance.now() - startedMs)) / 1_000;
  const known = edge.loads.clusters({ nodeGroup, windowMs: 5_000 });
  if (known.length !== busy) throw new Error(`${busy} clusters with requests, got ${known.length}`);
  global.gc?.();
  const { heapUsed } = process.memoryUsage();
  const figures = [
    `${((100 * cpuMs) / (seconds * 1_000)).toFixed(1)} % of a core`,
    `${(cpuMs / reports).toFixed(2)} ms a report`,
    `at most ${(delay.max / 1e6).toFixed(0)} ms at once`,
    `heap ${(heapUsed / 1024 ** 2).toFixed(0)} MiB`,
  ];
  process.stdout.write(`${proxies} proxies, ${services} clusters, ${busy} busy: ${figures.join(", ")}\n`);
  clients.disconnect();
  await edge.stop();
}
process.exit();
