import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { claimLoopbackNet } from "../conformance/loopback-net.ts";
import { DevProcess } from "../features/cli/dev-process.ts";
import { backendYaml, documents, gatewayYaml, routeYaml } from "../features/cli/manifests.ts";
import { startNamedBackend } from "../features/cli/named-backend.ts";
import { runCli } from "../features/cli/run-cli.ts";

const names = ["blue", "green", "red"];

test("G17: with --gateway-addresses several Gateways serve on port 80, each on its own address, and keep it", async () => {
  const dataFolder = await mkdtemp(join(tmpdir(), "routeledger-addresses-"));
  const { gateways } = await claimLoopbackNet();
  const [, prefix = ""] = /^(127\.\d+\.128\.)0\/17$/.exec(gateways) ?? [];
  const address = (last: number): string => `${prefix}${last}`;
  const backends = await Promise.all(names.map((name) => startNamedBackend(name)));
  const dev = new DevProcess({ dataFolder, args: ["--gateway-addresses", gateways] });
  try {
    const server = await dev.apiUrl();
    const input = documents(
      ...names.map((name) => gatewayYaml(name, 80)),
      ...backends.map(({ name, port }) => backendYaml(name, port)),
      ...names.map((name) => routeYaml({ name, gateway: name, backend: name })),
    );
    const applied = await runCli(["apply", "-f", "-"], { server, stdin: input });
    assert.equal(applied.code, 0, applied.stdout + applied.stderr);
    for (const [index, name] of names.entries()) {
      const at = address(index + 1);
      await dev.saw(new RegExp(`^ +curl http://${at.replaceAll(".", "\\.")}/$`, "m"));
      assert.equal(await (await fetch(`http://${at}/`)).text(), name);
      assert.deepEqual(await statusAddresses(server, name), [{ type: "IPAddress", value: at }]);
    }
    const again = await runCli(["apply", "-f", "-"], { server, stdin: input });
    assert.equal(again.stdout.match(/ unchanged$/gm)?.length, 3 * names.length, again.stdout);
    await runCli(["delete", "gateway", "green"], { server });
    const taken = await runCli(["apply", "-f", "-"], { server, stdin: gatewayYaml("white", 80) });
    assert.equal(taken.code, 0, taken.stdout + taken.stderr);
    await dev.saw(/gateway default\/white: serving/);
    assert.deepEqual(await statusAddresses(server, "white"), [{ type: "IPAddress", value: address(2) }]);
    assert.equal((await fetch(`http://${address(2)}/`)).status, 404);
    assert.equal(await (await fetch(`http://${address(3)}/`)).text(), "red");
  } finally {
    await dev.end("SIGTERM");
    for (const backend of backends) await backend.close();
    await rm(dataFolder, { recursive: true, force: true });
  }
});

async function statusAddresses(server: string, gateway: string): Promise<unknown> {
  const answer = await fetch(`${server}/v1/status/gateway/default/${gateway}`);
  return ((await answer.json()) as { addresses?: unknown }).addresses;
}
