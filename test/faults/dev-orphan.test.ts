import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { DevProcess } from "../features/cli/dev-process.ts";
import { gatewayYaml } from "../features/cli/manifests.ts";
import { freePort } from "../features/cli/named-backend.ts";
import { runCli } from "../features/cli/run-cli.ts";

/** How many processes were started with that argument. */
async function processesWith(argument: string): Promise<number> {
  const commandLines = await Promise.all(
    (await readdir("/proc"))
      .filter((entry) => /^\d+$/.test(entry))
      .map((entry) => readFile(`/proc/${entry}/cmdline`, "utf8").catch(() => "")),
  );
  return commandLines.filter((line) => line.split("\0").includes(argument)).length;
}

test("dev killed between starting an Envoy and noting its process id: the next dev finds and adopts it", async () => {
  const dataFolder = await mkdtemp(join(tmpdir(), "routeledger-orphan-"));
  const bootstrap = join(dataFolder, "envoy", "default_web", "bootstrap.json");
  let dev = new DevProcess({ dataFolder, environment: { ROUTELEDGER_CRASH_AT: "envoy.spawned" } });
  try {
    const server = await dev.apiUrl();
    await runCli(["apply", "-f", "-"], { server, stdin: gatewayYaml("web", await freePort()) });
    await dev.ended();
    assert.equal(dev.child.signalCode, "SIGKILL");
    assert.equal(await processesWith(bootstrap), 1);
    dev = new DevProcess({ dataFolder });
    await dev.saw(/gateway default\/web: serving \(adopted the Envoy that was running\)/);
    assert.equal(await processesWith(bootstrap), 1);
  } finally {
    await dev.end("SIGTERM");
    await rm(dataFolder, { recursive: true, force: true });
  }
  assert.equal(await processesWith(bootstrap), 0);
});

test("SIGTERM right after the start stops the Envoy that an earlier dev left serving", async () => {
  const dataFolder = await mkdtemp(join(tmpdir(), "routeledger-stray-"));
  const bootstrap = join(dataFolder, "envoy", "default_web", "bootstrap.json");
  let dev = new DevProcess({ dataFolder });
  try {
    const server = await dev.apiUrl();
    await runCli(["apply", "-f", "-"], { server, stdin: gatewayYaml("web", await freePort()) });
    await dev.saw(/gateway default\/web: serving/);
    await dev.end("SIGKILL");
    assert.equal(await processesWith(bootstrap), 1);
    dev = new DevProcess({ dataFolder });
    await dev.apiUrl();
  } finally {
    assert.equal(await dev.end("SIGTERM"), 0);
    await rm(dataFolder, { recursive: true, force: true });
  }
  assert.equal(await processesWith(bootstrap), 0);
});
