import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { DevProcess } from "../features/cli/dev-process.ts";
import { HttpProbe } from "../features/cli/http-probe.ts";
import { gatewayYaml } from "../features/cli/manifests.ts";
import { freePort } from "../features/cli/named-backend.ts";
import { runCli } from "../features/cli/run-cli.ts";

let dataFolder: string;
let dev: DevProcess;
let port: number;
let probe: HttpProbe;

before(async () => {
  dataFolder = await mkdtemp(join(tmpdir(), "routeledger-fleet-"));
  port = await freePort();
  probe = new HttpProbe(port);
  dev = new DevProcess({ dataFolder });
});

after(async () => {
  await dev.end("SIGTERM");
  probe.close();
  await rm(dataFolder, { recursive: true, force: true });
});

/** Without routes every request is answered, by Envoy itself. */
const served = ({ status }: { status: number }): boolean => status === 404;
const refused = ({ body }: { body: string }): boolean => body.includes("ECONNREFUSED");

async function applyGateway(more = ""): Promise<void> {
  const applied = await runCli(["apply", "-f", "-"], {
    server: await dev.apiUrl(),
    stdin: gatewayYaml("web", port) + more,
  });
  assert.equal(applied.code, 0, applied.stderr);
}

test("an Envoy that ends is started again, and dev says so", async () => {
  await applyGateway();
  await dev.saw(/gateway default\/web: serving/);
  const pid = Number.parseInt(await readFile(join(dataFolder, "envoy/default_web/pid"), "utf8"), 10);
  process.kill(pid, "SIGKILL");
  await dev.saw(
    /problem: gateway default\/web: Envoy ended; it is started again[\s\S]*serving \(Envoy started\)/,
  );
  await probe.until(served);
});

test("an Envoy carries its Gateway's infrastructure labels, and a living one is left alone for new ones", async () => {
  const pid = await pidOfEnvoy();
  await applyGateway('  infrastructure: {labels: {team: "shop"}}\n');
  await probe.until(served);
  assert.equal(await pidOfEnvoy(), pid);
  process.kill(pid, "SIGKILL");
  await dev.saw(/(?:serving \(Envoy started\)[\s\S]*){3}/);
  const bootstrap = JSON.parse(await readFile(join(dataFolder, "envoy/default_web/bootstrap.json"), "utf8"));
  assert.deepEqual(bootstrap.node.metadata.labels, {
    team: "shop",
    "gateway.networking.k8s.io/gateway-name": "web",
  });
});

async function pidOfEnvoy(): Promise<number> {
  return Number.parseInt(await readFile(join(dataFolder, "envoy/default_web/pid"), "utf8"), 10);
}

test("a Gateway that goes takes its Envoy along, and one that comes back gets one again", async () => {
  const deleted = await runCli(["delete", "gateway/web"], { server: await dev.apiUrl() });
  assert.equal(deleted.code, 0, deleted.stderr);
  await dev.saw(/gateway default\/web: Envoy stopped/);
  await probe.until(refused);
  await applyGateway();
  await probe.until(served);
});

test("the Envoy of a Gateway that went while no dev looked after it is stopped at the next start", async () => {
  await dev.end("SIGKILL");
  dev = new DevProcess({ dataFolder, args: ["--no-envoy"] });
  const deleted = await runCli(["delete", "gateway/web"], { server: await dev.apiUrl() });
  assert.equal(deleted.code, 0, deleted.stderr);
  await dev.end("SIGTERM");
  dev = new DevProcess({ dataFolder });
  await dev.saw(/gateway default\/web: Envoy stopped/);
  await probe.until(refused);
});
