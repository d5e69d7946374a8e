import assert from "node:assert/strict";
import { copyFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { p256 } from "@routeledger/config-model/testing";
import { DevProcess } from "./cli/dev-process.ts";

const timeout = 60_000;

const withheld =
  /problem: gateway default\/web waits .* secret\/default\/cert: it is sealed .* \(put the old sealing-keys file back/;

let folder: string;
let keyFile: string;
let running: DevProcess | undefined;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "routeledger-lost-key-"));
  keyFile = join(folder, "sealing-keys");
});

after(async () => {
  await running?.end("SIGTERM");
  await rm(folder, { recursive: true, force: true });
});

test("the first start makes a key and has nothing to say about it, nor has a start without a Secret", {
  timeout,
}, async () => {
  for (let start = 0; start < 2; start++) {
    const { dev } = await startDev();
    assert.doesNotMatch(await stop(dev), /problem:/);
    await rm(keyFile);
  }
});

test("a lost key is said with the next step, and so is each Gateway that waits; with the old file all is well", {
  timeout,
}, async () => {
  const first = await startDev();
  await apply(first.api);
  const before = await stop(first.dev);
  assert.doesNotMatch(before, /problem:/);
  await copyFile(keyFile, `${keyFile}.old`);
  await rm(keyFile);

  const second = await startDev();
  const lost =
    /problem: \S+sealing-keys was gone, .* do not open: put the old file back, or apply them again/;
  await second.dev.saw(lost);
  await second.dev.saw(withheld);
  await stop(second.dev);

  const third = await startDev();
  await third.dev.saw(withheld);
  assert.doesNotMatch(await stop(third.dev), /a new key was made/);

  await copyFile(`${keyFile}.old`, keyFile);
  const fourth = await startDev();
  assert.doesNotMatch(await stop(fourth.dev), /problem:/);
  assert.notEqual(await readFile(keyFile, "utf8"), "");
});

async function startDev(): Promise<{ dev: DevProcess; api: string }> {
  const dev = new DevProcess({ dataFolder: folder, args: ["--no-envoy"] });
  running = dev;
  return { dev, api: await dev.apiUrl() };
}

/** Returns what it printed. */
async function stop(dev: DevProcess): Promise<string> {
  await dev.end("SIGTERM");
  return dev.output;
}

async function apply(api: string): Promise<void> {
  const data = { "tls.crt": p256.certificate, "tls.key": p256.key };
  const tls = { certificateRefs: [{ name: "cert" }] };
  const listeners = [{ name: "https", port: 8443, protocol: "HTTPS", hostname: "a.example", tls }];
  const objects = [
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "cert" },
      type: "kubernetes.io/tls",
      stringData: data,
    },
    {
      ...{ apiVersion: "gateway.networking.k8s.io/v1", kind: "Gateway", metadata: { name: "web" } },
      spec: { gatewayClassName: "routeledger", listeners },
    },
  ];
  const response = await fetch(`${api}/v1/apply`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ objects }),
  });
  const { revision } = (await response.json()) as { revision: string };
  assert.match(revision, /^1\./);
  assert.equal((await fetch(`${api}/v1/events/${revision}`)).status, 200, "what it became is published");
}
