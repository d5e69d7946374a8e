/**
 * The edge beside go-control-plane's SnapshotCache: the same resources, the same proxies, one core each, in turns of one
 * run. `node test/bench/edge-peers.ts [services] [changes]`. Needs Go, for the other one.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gatewayParts } from "./edge/ten-thousand.ts";
import { forkProxies, type PeerServer, startPeer } from "./peers/peer-process.ts";
import { writeResourceFile } from "./peers/resource-file.ts";

const services = Number(process.argv[2] ?? 1_000);
const changes = Number(process.argv[3] ?? 15);
const nodeGroup = "default/gateway-0";
/** Changes before those that count, and how long changes follow each other for the rate. */
const warmUps = 5;
const rateForMs = 4_000;
const folder = await mkdtemp(join(tmpdir(), "routeledger-bench-"));
const resources = join(folder, "resources");
const goServer = join(folder, "go-control-plane");

const peers: Readonly<Record<string, () => Promise<PeerServer>>> = {
  routeledger: () =>
    startPeer(process.execPath, [
      ...["--no-warnings", "--expose-gc", join(import.meta.dirname, "peers/edge-process.ts")],
      ...[nodeGroup, String(services)],
    ]),
  "go-control-plane": () => startPeer(goServer, [nodeGroup, resources]),
};

try {
  await writeResourceFile(resources, gatewayParts({ groups: 1, services, tables: 1 }));
  await promisify(execFile)("go", ["build", "-o", goServer, "."], {
    cwd: join(import.meta.dirname, "peers/go-control-plane"),
    env: { ...process.env, GOFLAGS: "-mod=readonly", GOTOOLCHAIN: "local", CGO_ENABLED: "0" },
  });
  for (const protocol of ["delta", "sotw"]) {
    for (const what of ["endpoint", "route"] as const) await fanOut(protocol, 100, what);
    await memoryAndRate(protocol, 1_000);
    await reconnect(protocol, services > 1_000 ? 100 : 1_000);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
process.exit();

/** One change to all proxies: from the command to the last one's response. */
async function fanOut(protocol: string, count: number, what: "endpoint" | "route"): Promise<void> {
  await compare(`${protocol}, one ${what} of ${services} changes, ${count} proxies`, async (server) => {
    const proxies = forkProxies({ addresses: [server.address], protocol, count, nodeGroup, services });
    await proxies.complete();
    const lastMs: number[] = [];
    for (let change = 0; change < changes + warmUps; change++) {
      const { arrived } = await proxies.arm(what);
      const startedNs = process.hrtime.bigint();
      server.change(what);
      const tookMs = (await arrived).map((ns) => Number(ns - startedNs) / 1e6);
      if (change >= warmUps) lastMs.push(Math.max(...tookMs));
    }
    proxies.stop();
    return {
      "last proxy p50 ms": share(lastMs, 0.5),
      "p99 ms": share(lastMs, 0.99),
      "least ms": share(lastMs, 0),
    };
  });
}

/** What a stream costs, and how much goes out while one change follows another. */
async function memoryAndRate(protocol: string, count: number): Promise<void> {
  await compare(`${protocol}, ${count} proxies of ${services} services`, async (server) => {
    const before = await server.residentMib();
    const proxies = forkProxies({ addresses: [server.address], protocol, count, nodeGroup, services });
    await proxies.complete();
    const after = await server.residentMib();
    const first = await proxies.received();
    const startedMs = performance.now();
    while (performance.now() - startedMs < rateForMs) {
      const { arrived } = await proxies.arm("endpoint");
      server.change("endpoint");
      await arrived;
    }
    const seconds = (performance.now() - startedMs) / 1_000;
    const last = await proxies.received();
    proxies.stop();
    return {
      "KiB a stream": ((after - before) * 1_024) / count,
      "MiB before": before,
      "messages a second": (last.messages - first.messages) / seconds,
      "MiB a second": (last.bytes - first.bytes) / 1_024 ** 2 / seconds,
    };
  });
}

/** A server is killed; its proxies go to another one. */
async function reconnect(protocol: string, count: number): Promise<void> {
  await compare(
    `${protocol}, ${count} proxies go to another server, ${services} services`,
    async (second, start) => {
      const first = await start();
      const addresses = [first.address, second.address];
      const proxies = forkProxies({ addresses, protocol, count, nodeGroup, services });
      await proxies.complete();
      const startedNs = process.hrtime.bigint();
      first.kill();
      const tookMs = Number((await proxies.complete()) - startedNs) / 1e6;
      proxies.stop();
      return { "all complete ms": tookMs };
    },
  );
}

async function compare(
  title: string,
  measure: (server: PeerServer, start: () => Promise<PeerServer>) => Promise<Record<string, number>>,
): Promise<void> {
  const found: Record<string, Record<string, number>> = {};
  for (const [name, start] of Object.entries(peers)) {
    const server = await start();
    found[name] = await measure(server, start);
    server.kill();
  }
  process.stdout.write(`${title}\n`);
  const { routeledger = {}, "go-control-plane": peer = {} } = found;
  for (const [figure, value] of Object.entries(routeledger)) {
    const other = peer[figure] ?? Number.NaN;
    const ratio = (value / other).toFixed(3);
    process.stdout.write(`  ${figure}: ${value.toFixed(1)} beside ${other.toFixed(1)}, ratio ${ratio}\n`);
  }
}

function share(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}
