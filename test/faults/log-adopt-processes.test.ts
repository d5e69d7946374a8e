/** CONFIG of an old backup beneath running processes on NATS: all say so, an operator adopts it, all go on. */
import { equal, match, ok } from "node:assert/strict";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { backendYaml, documents, gatewayYaml, routeYaml } from "../features/cli/manifests.ts";
import { runCli } from "../features/cli/run-cli.ts";
import { ServiceProcess } from "../features/processes/service-process.ts";
import { type NatsTestServer, type NatsTestServers, startNatsServer } from "../nats/nats-server.ts";

let nats: NatsTestServers & { readonly server: NatsTestServer };
let folder: string;
const running = new Map<string, ServiceProcess>();

before(async () => {
  nats = await startNatsServer();
  folder = await mkdtemp(join(tmpdir(), "routeledger-adopt-"));
});

after(async () => {
  for (const service of running.values()) await service.end("SIGKILL");
  await nats.dispose();
  await rm(folder, { recursive: true, force: true });
});

function start(service: "api" | "translator" | "edge"): ServiceProcess {
  const own = {
    api: ["--api-address", "127.0.0.1:0", "--store-folder", join(folder, "store")],
    translator: ["--operations-address", "127.0.0.1:0"],
    edge: ["--edge-address", "127.0.0.1:0", "--operations-address", "127.0.0.1:0"],
  };
  const started = new ServiceProcess({ args: [service, "--nats-url", nats.url, ...own[service]] });
  running.set(service, started);
  return started;
}

async function ran(args: readonly string[], stdin = ""): Promise<string> {
  const server = `http://${await running.get("api")!.operations()}`;
  const { code, stdout, stderr } = await runCli(args, { server, stdin });
  equal(code, 0, stdout + stderr);
  return stdout;
}

async function apply(name: string): Promise<void> {
  const route = routeYaml({ name, gateway: "web", backend: name, path: `/${name}` });
  await ran(
    ["apply", "-f", "-"],
    documents(gatewayClass, gatewayYaml("web", 18_888), backendYaml(name, 3000), route),
  );
}

/** Waits until the edge serves revisions of an epoch. */
async function serves(edge: ServiceProcess, epoch: number): Promise<void> {
  await edge.pageThat("/readyz", ({ body }) => body.includes(`"publishedTo":"${epoch}.`));
}

async function restore(stream: string, backup: string): Promise<void> {
  const place = join("jetstream", "$G", "streams", stream);
  await nats.server.stop();
  await rm(join(nats.server.storeFolder, place), { recursive: true });
  await cp(join(backup, place), join(nats.server.storeFolder, place), { recursive: true });
  await nats.server.start();
}

async function stoppedCopy(name: string): Promise<string> {
  const copy = join(folder, name);
  await nats.server.stop();
  await cp(nats.server.storeFolder, copy, { recursive: true });
  await nats.server.start();
  return copy;
}

const gatewayClass = `apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata:
  name: routeledger
spec:
  controllerName: routeledger.dev/gateway
`;

test("P1: CONFIG from an old backup stops apis and translators, edges serve on; adopted, all go on", {
  timeout: 180_000,
}, async () => {
  equal((await runCli(["log", "create", "--nats-url", nats.url])).code, 0);
  const [api, translator, edge] = [start("api"), start("translator"), start("edge")];
  for (const service of [api, translator, edge]) await service.ready();
  await apply("one");
  const backup = await stoppedCopy("backup");
  for (const service of [api, translator, edge]) await service.ready();
  await apply("two");
  await serves(edge, 1);

  await restore("CONFIG", backup);
  for (const service of [api, translator]) {
    await service.ended();
    equal(service.child.exitCode, 1);
    const { code, hint } = await service.said(/(api|translator) ends: read log CONFIG: it ends at/);
    equal(code, "log.shorter");
    match(String(hint), /routeledger log adopt/);
  }
  await edge.ready();
  // Whoever restarts them changes nothing: the store knows, and XDS does.
  for (const service of ["api", "translator"] as const) {
    const again = start(service);
    await again.ended();
    const { code } = await again.said(/(api|translator) ends: /);
    equal(code, service === "api" ? "log.shorter" : "translator.logsDisagree");
  }

  const adoption = ["log", "adopt", "--nats-url", nats.url, "--reason", "an old backup", "--yes"];
  const adopted = await runCli(adoption);
  equal(adopted.code, 0, adopted.stderr);
  match(adopted.stdout, /CONFIG ends at \d+: \d+ revision\(s\) are lost/);
  for (const service of [start("api"), start("translator")]) await service.ready();
  await apply("three");
  await serves(edge, 2);
  ok(!edge.hasEnded);
  match(
    await ran(["log", "--oneline"]),
    /^@2\.\d+ create: .*three.*\n@2\.\d+ the log was adopted: an old backup$/m,
  );
  const routes = await ran(["get", "httproutes"]);
  match(routes, /^one .*\n *three /m);
  ok(!routes.includes("two"));
  match(await ran(["replay", "--check"]), /equal, byte for byte/);
});
