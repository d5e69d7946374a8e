import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { DevProcess } from "../features/cli/dev-process.ts";
import { gatewayYaml } from "../features/cli/manifests.ts";
import { startNamedBackend } from "../features/cli/named-backend.ts";
import { runCli } from "../features/cli/run-cli.ts";

test("a listener's port that is taken: Envoy's refusal is told by dev, apply --wait, proxies and the Gateway's status", async () => {
  const dataFolder = await mkdtemp(join(tmpdir(), "routeledger-taken-"));
  const holder = await startNamedBackend("holder");
  const dev = new DevProcess({ dataFolder });
  try {
    const server = await dev.apiUrl();
    const first = await runCli(["apply", "-f", "-"], { server, stdin: gatewayYaml("web", holder.port) });
    assert.equal(first.code, 0, first.stderr);
    await dev.saw(
      /problem: proxy dev-default-web rejected LDS \S+, made by Gateway default\/web at 1\.\d+: .*Address already in use/,
    );
    const changed = gatewayYaml("web", holder.port).replace("name: http", "name: renamed");
    const applied = await runCli(["apply", "-f", "-", "--wait"], { server, stdin: changed });
    assert.equal(applied.code, 1, applied.stdout + applied.stderr);
    assert.match(applied.stderr, /proxy dev-default-web rejected LDS .*Address already in use/s);
    const proxies = await runCli(["proxies"], { server });
    assert.match(
      proxies.stdout,
      /dev-default-web rejected listener \S+, made by Gateway default\/web at 1\.\d+, \d+s ago:\n.*Address already in use/,
    );
    const status = await runCli(["status"], { server });
    assert.match(status.stdout, /^Gateway default\/web .*Programmed +Invalid .*Address already in use/m);
  } finally {
    await dev.end("SIGTERM");
    await holder.close();
    await rm(dataFolder, { recursive: true, force: true });
  }
});
