/**
 * Measures the whole path as it runs in production: an api, a translator and an edge as processes on a real
 * nats-server with `sync_interval: always`. 1,000 HTTPRoutes applied at once, one of them changed, for 1 and for 100
 * proxies; an edge's start with 10,000 resources; memory of each process.
 * `node test/bench/nats-thousand-routes.ts [routes] [changes]`.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { openNatsEventLogs } from "@routeledger/event-log-nats";
import { ClusterService } from "../cluster/cluster-service.ts";
import { freePorts } from "../conformance/free-ports.ts";
import { backendYaml, documents, gatewayYaml, routeYaml } from "../features/cli/manifests.ts";
import { runCli } from "../features/cli/run-cli.ts";
import { type NatsTestServers, startNatsServer } from "../nats/nats-server.ts";
import { forkClients } from "./edge/fork-clients.ts";
import { resourceCount, type Shape, writeState } from "./edge/ten-thousand.ts";
import { revisionCostsIn } from "./thousand-routes/what-was-sent.ts";

const routes = Number(process.argv[2] ?? 1_000);
const changes = Number(process.argv[3] ?? 30);
const nodeGroup = "default/web";
const shapes: readonly Shape[] = [
  { groups: 1, services: 4_900, tables: 199 },
  { groups: 1_000, services: 4, tables: 1 },
];

interface ControlPlane {
  readonly nats: NatsTestServers;
  readonly services: readonly ClusterService[];
  readonly api: string;
  readonly edge: string;
  stop(): Promise<void>;
}

async function startControlPlane(names: readonly string[]): Promise<ControlPlane> {
  const folder = await mkdtemp(join(tmpdir(), "routeledger-bench-"));
  const nats = await startNatsServer();
  const made = await runCli(["log", "create", "--nats-url", nats.url]);
  if (made.code !== 0) throw new Error(`create the streams: ${made.stdout}${made.stderr}`);
  const addresses = (await freePorts(4)).map((port) => `127.0.0.1:${port}`);
  const [api = "", edge = "", ofTranslator = "", ofEdge = ""] = addresses;
  const url = ["--nats-url", nats.url];
  const all = [
    serviceOf("translator", [...url, "--operations-address", ofTranslator], ofTranslator),
    serviceOf("edge", [...url, "--edge-address", edge, "--operations-address", ofEdge], ofEdge),
    serviceOf("api", [...url, "--api-address", api, "--store-folder", join(folder, "store")], api),
  ];
  const services = all.filter(({ name }) => names.includes(name));
  for (const service of services) service.spawn();
  return {
    nats,
    services,
    api: `http://${api}`,
    edge,
    async stop() {
      for (const service of services) await service.stop();
      await nats.dispose();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function serviceOf(name: string, args: readonly string[], operations: string): ClusterService {
  return new ClusterService({ name, args: [name, ...args], operations });
}

/** Resolves to the sequence of the revision, when the proxies have acknowledged it. */
async function apply(api: string, text: string, proxies: number): Promise<number> {
  const response = await fetch(`${api}/v1/apply`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ files: [{ path: "bench.yaml", text }] }),
  });
  const { revision } = (await response.json()) as { revision: string };
  if (response.status !== 200) throw new Error(`apply: ${response.status}`);
  while (proxies > 0) {
    const answer = await fetch(`${api}/v1/revisions/${revision}/delivery?waitMs=30000`);
    const { acknowledged } = (await answer.json()) as { acknowledged: string[] };
    if (acknowledged.length >= proxies) break;
  }
  return Number(revision.split(".")[1]);
}

function route(index: number, backend = "blue"): string {
  return routeYaml({
    name: `route-${index}`,
    gateway: "web",
    backend,
    hostname: `host-${index}.example.com`,
  });
}

async function measure(proxies: number, protocol: string): Promise<void> {
  const plane = await startControlPlane(["translator", "edge", "api"]);
  try {
    for (const service of plane.services) await service.ready();
    const first = [gatewayYaml("web", 10_080), backendYaml("blue", 10_081), backendYaml("green", 10_082)];
    await apply(plane.api, documents(gatewayClass, ...first, route(0)), 0);
    const clients = await forkClients({ edges: [plane.edge], protocol, count: proxies, nodeGroup });
    const many = documents(...Array.from({ length: routes }, (_, index) => route(index + 1)));
    const all = await apply(plane.api, many, proxies);
    const single: number[] = [];
    for (let change = 0; change < changes; change++) {
      single.push(await apply(plane.api, route(1, change % 2 === 0 ? "green" : "blue"), proxies));
    }
    say(`${proxies} proxies, ${protocol}: memory of ${await memories(plane)}`);
    clients.stop();
    for (const service of plane.services) await service.stop();
    const logs = await openNatsEventLogs({ servers: [plane.nats.url], name: "bench" });
    const costs = await revisionCostsIn(logs, [all, ...single]);
    await logs.close();
    say(`  ${routes} routes at once: ${costs.get(all)?.appendToAckMs ?? "?"} ms from append to the last ACK`);
    const stages = ["appendToPublicationMs", "appendToSentMs", "appendToAckMs"] as const;
    for (const stage of stages) {
      const took = single.map((sequence) => costs.get(sequence)?.[stage] ?? Number.NaN);
      say(
        `  one changed, ${stage}: p50 ${share(took, 0.5)}, p90 ${share(took, 0.9)}, least ${share(took, 0)}`,
      );
    }
  } finally {
    await plane.stop();
  }
}

async function measureStart(shape: Shape): Promise<void> {
  const plane = await startControlPlane([]);
  try {
    const logs = await openNatsEventLogs({ servers: [plane.nats.url], name: "bench" });
    await writeState(logs.xds, shape);
    await logs.close();
    const took: { readonly process: number; readonly following: number }[] = [];
    let memory = "";
    for (let start = 0; start < 5; start++) {
      const [edge, operations] = (await freePorts(2)).map((port) => `127.0.0.1:${port}`) as [string, string];
      const args = ["--nats-url", plane.nats.url, "--edge-address", edge, "--operations-address", operations];
      const service = serviceOf("edge", args, operations);
      const startedMs = performance.now();
      await service.start();
      const process = performance.now() - startedMs;
      took.push({ process, following: Number(/"tookMs":(\d+)/.exec(service.output)?.[1] ?? Number.NaN) });
      memory = await residentMib(service.process.child.pid);
      await service.stop();
    }
    const following = took.map((start) => start.following);
    say(
      `edge with ${resourceCount(shape)} resources of ${shape.groups} Gateways: ready ${share(following, 0.5)} ms after it began to read,` +
        ` ${share(
          took.map((start) => start.process),
          0.5,
        )} ms after its process was started; ${memory} (median of ${took.length})`,
    );
  } finally {
    await plane.stop();
  }
}

async function memories({ services, nats }: ControlPlane): Promise<string> {
  const all = [...services.map(({ name, process: { child } }) => ({ name, pid: child.pid }))];
  for (const server of nats.servers) all.push({ name: "nats-server", pid: server.pid });
  const texts = await Promise.all(all.map(async ({ name, pid }) => `${name} ${await residentMib(pid)}`));
  return texts.join(", ");
}

async function residentMib(pid: number | undefined): Promise<string> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return `${(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024).toFixed(0)} MiB`;
}

function share(values: readonly number[], part: number): string {
  return (values.toSorted((a, b) => a - b)[Math.floor(values.length * part)] ?? Number.NaN).toFixed(0);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

const gatewayClass = `apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata:
  name: routeledger
spec:
  controllerName: routeledger.dev/gateway
`;

say(`load of the machine before: ${loadavg()[0]?.toFixed(1)}`);
for (const proxies of [1, 100]) await measure(proxies, "delta");
for (const shape of shapes) await measureStart(shape);
say(`load of the machine after: ${loadavg()[0]?.toFixed(1)}`);
process.exit();
