import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { devCrashPoints } from "@routeledger/cli";
import { DevProcess } from "../features/cli/dev-process.ts";
import { backendYaml, documents, gatewayYaml, routeYaml } from "../features/cli/manifests.ts";
import { freePort, type NamedBackend, startNamedBackend } from "../features/cli/named-backend.ts";
import { runCli } from "../features/cli/run-cli.ts";
import { Editor, editedRoute } from "./edited-route.ts";
import { rebuiltStoreDigests } from "./rebuilt-store.ts";
import { seededRandom } from "./seeded-random.ts";
import { TrafficWatch } from "./traffic-watch.ts";

const runs = Number(process.env.RUNS ?? 10);
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);

/** Points of a start are passed once; that of a new Envoy has a test of its own. */
const startPoints = ["recovered", "term-in-config", "term-started", "activated"].map(
  (name) => `translator.${name}`,
);
const points = devCrashPoints.filter((point) => point !== "envoy.spawned" && !point.includes("checkpoint"));

/** A kill at random comes within this time of the first edit, milliseconds. */
const randomKillMaxMs = 600;

let dataFolder: string;
let backend: NamedBackend;
let dev: DevProcess;
let traffic: TrafficWatch | undefined;

before(async () => {
  dataFolder = await mkdtemp(join(tmpdir(), "routeledger-kill-"));
  backend = await startNamedBackend("blue");
});

after(async () => {
  await traffic?.stop();
  // A dev that was killed left its Envoy serving: the next one's SIGTERM stops it.
  if (dev.hasEnded) dev = new DevProcess({ dataFolder });
  await dev.apiUrl().catch(() => undefined);
  await dev.end("SIGTERM");
  await backend.close();
  await rm(dataFolder, { recursive: true, force: true });
});

async function firstObjects(server: string, port: number): Promise<void> {
  const stable = routeYaml({ name: "stable", gateway: "web", backend: "blue", path: "/stable" });
  const input = documents(
    gatewayYaml("web", port),
    backendYaml("blue", backend.port),
    stable,
    editedRoute(0),
  );
  const applied = await runCli(["apply", "-f", "-"], { server, stdin: input });
  assert.equal(applied.code, 0, applied.stderr);
  await dev.saw(/gateway default\/web: serving/);
}

/** The edit that the api says is in the log. */
async function storedEdit(server: string): Promise<number> {
  const shown = await runCli(["get", "httproute", "shop", "-o", "json"], { server });
  assert.equal(shown.code, 0, shown.stderr);
  const route = JSON.parse(shown.stdout) as {
    spec: { rules: { filters: { responseHeaderModifier: { set: { value: string }[] } }[] }[] };
  };
  return Number(route.spec.rules[0]?.filters[0]?.responseHeaderModifier.set[0]?.value);
}

test(`P1, P2, P6: kill -9 of dev under load and applies, ${runs} times, SEED=${seed}`, async (t) => {
  t.diagnostic(`SEED=${seed} RUNS=${runs}`);
  const random = seededRandom(seed);
  const editor = new Editor();
  const port = await freePort();
  dev = new DevProcess({ dataFolder });
  await firstObjects(await dev.apiUrl(), port);
  traffic = new TrafficWatch(port, editor);
  await dev.end("SIGKILL");

  for (let run = 0; run < runs; run++) {
    const point = points[Math.floor(random() * points.length)] as string;
    const passes = startPoints.includes(point) ? 1 : 1 + Math.floor(random() * 4);
    const crashAt = run % 2 === 0 ? `${point}:${passes}` : undefined;
    const killAfterMs = Math.floor(random() * randomKillMaxMs);
    const what = `run ${run}: ${crashAt ?? `killed after ${killAfterMs} ms`}`;
    dev = new DevProcess({
      dataFolder,
      environment: crashAt === undefined ? {} : { ROUTELEDGER_CRASH_AT: crashAt },
    });
    const server = await dev.apiUrl().catch(() => undefined);
    if (server !== undefined) {
      const kill = setTimeout(
        () => dev.child.kill("SIGKILL"),
        crashAt === undefined ? killAfterMs : 3 * randomKillMaxMs,
      );
      await editor.editUntilDead(server);
      clearTimeout(kill);
    }
    await dev.end("SIGKILL");
    assert.equal(dev.child.signalCode, "SIGKILL", `${what}: ${dev.output}`);

    dev = new DevProcess({ dataFolder });
    const again = await dev.apiUrl();
    const stored = await storedEdit(again);
    t.diagnostic(
      `${what}: acknowledged ${editor.acknowledged}, stored ${stored}, attempted ${editor.attempted}`,
    );
    assert.ok(
      stored >= editor.acknowledged,
      `${what}: edit ${editor.acknowledged} was acknowledged, ${stored} is stored`,
    );
    assert.ok(
      stored <= editor.attempted,
      `${what}: edit ${stored} is stored, ${editor.attempted} was the last sent`,
    );
    await traffic.sawEdit(stored);
    assert.deepEqual(traffic.wrong, [], what);
    await dev.end("SIGKILL");
  }

  t.diagnostic(`${traffic.answers} answers through Envoy, ${editor.acknowledged} edits`);
  await traffic.stop();
  assert.deepEqual(traffic.wrong, []);
  dev = new DevProcess({ dataFolder });
  await dev.apiUrl();
  await dev.end("SIGTERM");
  const replayed = await runCli(["replay", "--check", "--data", dataFolder]);
  assert.equal(replayed.code, 0, replayed.stdout + replayed.stderr);
  const { kept, rebuilt } = await rebuiltStoreDigests(dataFolder);
  assert.equal(kept, rebuilt);
});
