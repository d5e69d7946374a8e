import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { DevProcess } from "../features/cli/dev-process.ts";
import { HttpProbe } from "../features/cli/http-probe.ts";
import { backendYaml, documents, gatewayYaml, routeYaml } from "../features/cli/manifests.ts";
import { freePort, type NamedBackend, startNamedBackend } from "../features/cli/named-backend.ts";
import { runCli } from "../features/cli/run-cli.ts";
import { medianBelow } from "./median.ts";

/** From the file's write to the first answer that follows it; 50 of them pass until the file counts as stable. */
const medianMaxMs = 100;
const edits = 21;

let folder: string;
let backends: NamedBackend[];
let dev: DevProcess;
let probe: HttpProbe;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "routeledger-watch-"));
  backends = await Promise.all(["blue", "green"].map((name) => startNamedBackend(name)));
  const port = await freePort();
  probe = new HttpProbe(port);
  await mkdir(join(folder, "config"));
  await writeFile(join(folder, "config/gateway.yaml"), gatewayYaml("web", port));
  const named = backends.map(({ name, port: at }) => backendYaml(name, at));
  await writeFile(join(folder, "config/backends.yaml"), documents(...named));
  await writeRoute("blue");
  dev = new DevProcess({ dataFolder: join(folder, "data"), args: ["--watch", join(folder, "config")] });
});

after(async () => {
  await dev.end("SIGTERM");
  probe.close();
  for (const backend of backends) await backend.close();
  await rm(folder, { recursive: true, force: true });
});

function writeRoute(backend: string): Promise<void> {
  return writeFile(join(folder, "config/route.yaml"), routeYaml({ name: "shop", gateway: "web", backend }));
}

test("what is in the watched folder is served", async () => {
  await dev.saw(/gateway default\/web: serving/);
  await probe.until(({ status, body }) => status === 200 && body === "blue");
});

test(`an edit of a watched file reaches traffic in under ${medianMaxMs} ms, median`, async (t) => {
  const { medianMs, slowestMs } = await medianBelow(medianMaxMs, edits, async (edit) => {
    const wanted = edit % 2 === 0 ? "green" : "blue";
    await writeRoute(wanted);
    const startedMs = performance.now();
    await probe.until(({ body }) => body === wanted);
    return performance.now() - startedMs;
  });
  t.diagnostic(
    `edit to traffic: median ${medianMs.toFixed(1)} ms, slowest ${slowestMs.toFixed(1)} ms, n=${edits}`,
  );
  assert.ok(medianMs < medianMaxMs, `median ${medianMs} ms`);
  await writeRoute("green");
  await probe.until(({ body }) => body === "green");
});

test("P7: a broken edit is told with file, document, object and field, the former version and the other files go on", async () => {
  const route = routeYaml({ name: "shop", gateway: "web", backend: "blue" });
  await writeFile(join(folder, "config/route.yaml"), route.replace("PathPrefix", "Prefiks"));
  await dev.saw(
    /route\.yaml(:\d+)? document 1: HTTPRoute default\/shop: spec\.rules\[0\]\.matches\[0\]\.path\.type: /,
  );
  await writeFile(
    join(folder, "config/more.yaml"),
    routeYaml({ name: "more", gateway: "web", backend: "blue", path: "/more" }),
  );
  await probe.until(({ body }) => body === "blue", "/more");
  assert.deepEqual(await probe.get("/"), { status: 200, body: "green" });
});

test("a file that goes takes its objects along, and the log tells who did it", async () => {
  await rm(join(folder, "config/more.yaml"));
  await probe.until(({ body }) => body === "green", "/more");
  const shown = await runCli(["log", "--limit", "1"], { server: await dev.apiUrl() });
  assert.match(shown.stdout, /^Actor: folder \(folder\//m);
  assert.match(shown.stdout, /- httproute\.gateway\.networking\.k8s\.io default\/more/);
});
