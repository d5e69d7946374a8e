/**
 * Measures 1,000 HTTPRoutes applied at once through a running `dev` with a real Envoy, then one changed.
 * Prints the time from the apply's start to the proxy's last ACK, what was encoded (from XDS) and sent (from
 * DELIVERY), and memory. `node test/bench/thousand-routes.ts [count]`.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DevProcess } from "../features/cli/dev-process.ts";
import { backendYaml, documents, gatewayYaml, routeYaml } from "../features/cli/manifests.ts";
import { freePort, startNamedBackend } from "../features/cli/named-backend.ts";
import { type RevisionCost, revisionCosts } from "./thousand-routes/what-was-sent.ts";

const count = Number(process.argv[2] ?? 1_000);
const changes = 20;

interface Measured {
  readonly revision: string;
  readonly answeredMs: number;
  readonly ackedMs: number;
}

async function apply(server: string, text: string): Promise<Measured> {
  const startedMs = performance.now();
  const response = await fetch(`${server}/v1/apply`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ files: [{ path: "bench.yaml", text }] }),
  });
  const { revision } = (await response.json()) as { revision: string };
  if (response.status !== 200) throw new Error(`apply: ${response.status}`);
  const answeredMs = performance.now() - startedMs;
  for (;;) {
    const answer = await fetch(`${server}/v1/revisions/${revision}/delivery?waitMs=30000`);
    const { connected, acknowledged } = (await answer.json()) as {
      connected: string[];
      acknowledged: string[];
    };
    if (connected.length > 0 && connected.every((node) => acknowledged.includes(node))) break;
  }
  return { revision, answeredMs, ackedMs: performance.now() - startedMs };
}

function route(index: number, backend = "blue"): string {
  return routeYaml({
    name: `route-${index}`,
    gateway: "web",
    backend,
    hostname: `host-${index}.example.com`,
  });
}

async function residentMib(pid: number | undefined): Promise<string> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const of = (name: string): string =>
    (Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024).toFixed(0);
  return `${of("VmRSS")} MiB now, ${of("VmHWM")} MiB at most`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function summarize(what: string, took: readonly Measured[]): void {
  const middle = (values: readonly number[]): string =>
    ([...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0).toFixed(1);
  const answered = middle(took.map(({ answeredMs }) => answeredMs));
  const acked = middle(took.map(({ ackedMs }) => ackedMs));
  say(`${what}: apply answered after ${answered} ms, last ACK after ${acked} ms (median of ${took.length})`);
}

function tell(what: string, cost: RevisionCost): void {
  const { parts, partBytes, publicationBytes, sent, appendToAckMs } = cost;
  say(`${what}: ${appendToAckMs ?? "?"} ms from append to the last ACK`);
  say(`  encoded ${parts} parts, ${partBytes} bytes; the publication has ${publicationBytes} bytes`);
  for (const line of sent) say(`  sent ${line}`);
}

const dataFolder = await mkdtemp(join(tmpdir(), "routeledger-bench-"));
const backends = await Promise.all(["blue", "green"].map((name) => startNamedBackend(name)));
const dev = new DevProcess({ dataFolder });
try {
  const server = await dev.apiUrl();
  const first = [
    gatewayYaml("web", await freePort()),
    ...backends.map(({ name, port }) => backendYaml(name, port)),
  ];
  await apply(server, documents(...first, route(0)));
  say(`memory before: ${await residentMib(dev.child.pid)}`);
  const all = await apply(
    server,
    documents(...Array.from({ length: count }, (_, index) => route(index + 1))),
  );
  summarize(`${count} routes at once`, [all]);
  say(`memory after: ${await residentMib(dev.child.pid)}`);
  const single: Measured[] = [];
  for (let change = 0; change < changes; change++) {
    single.push(await apply(server, route(1, change % 2 === 0 ? "green" : "blue")));
  }
  summarize("one of them changed", single);
  say(`memory at the end: ${await residentMib(dev.child.pid)}`);
  await dev.end("SIGTERM");
  const sequenceOf = ({ revision }: Measured): number => Number(revision.split(".")[1]);
  const costs = await revisionCosts(dataFolder, [all, ...single].map(sequenceOf));
  const [atOnce, ...others] = costs.values();
  if (atOnce !== undefined) tell(`${count} routes at once`, atOnce);
  const middle = others.sort((a, b) => (a.appendToAckMs ?? 0) - (b.appendToAckMs ?? 0))[others.length >> 1];
  if (middle !== undefined) tell("one of them changed (the median)", middle);
} finally {
  await dev.end("SIGTERM");
  for (const backend of backends) await backend.close();
  await rm(dataFolder, { recursive: true, force: true });
}
