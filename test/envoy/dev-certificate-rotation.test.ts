/** Certificates rotate under load, by a new Secret and by a new sealing key: a real Envoy, and no request fails. */
import { equal, match, ok } from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { DevProcess } from "../features/cli/dev-process.ts";
import { freePort } from "../features/cli/named-backend.ts";
import { runCli } from "../features/cli/run-cli.ts";
import { certificateA, certificateB, type TestCertificate } from "./edge/test-certificates.ts";
import { askOverTls, TlsLoad } from "./edge/tls-load.ts";

const gatewayApi = "gateway.networking.k8s.io/v1";
const rotations = 10;

let dataFolder: string;
let dev: DevProcess;
let port: number;
let load: TlsLoad;

function object(apiVersion: string, kind: string, name: string, fields: object): object {
  return { apiVersion, kind, metadata: { name, namespace: "default" }, ...fields };
}

function secretOf({ certificate, privateKey }: TestCertificate): object {
  const stringData = { "tls.crt": certificate, "tls.key": privateKey };
  return object("v1", "Secret", "pair", { type: "kubernetes.io/tls", stringData });
}

async function apply(...objects: object[]): Promise<void> {
  const response = await fetch(`${await dev.apiUrl()}/v1/apply`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ objects }),
  });
  equal(response.status, 200, await response.text());
}

const cli = async (...args: string[]) => runCli(args, { server: await dev.apiUrl() });
const startDev = () => new DevProcess({ dataFolder });

before(async () => {
  dataFolder = await mkdtemp(join(tmpdir(), "routeledger-rotation-"));
  port = await freePort();
  dev = startDev();
  const tls = { certificateRefs: [{ name: "pair" }] };
  const listeners = [{ name: "https", protocol: "HTTPS", port, tls }];
  const requestRedirect = { hostname: "elsewhere.example", statusCode: 302 };
  const rules = [{ filters: [{ type: "RequestRedirect", requestRedirect }] }];
  await apply(
    secretOf(certificateA),
    object(gatewayApi, "Gateway", "web", { spec: { gatewayClassName: "routeledger", listeners } }),
    object(gatewayApi, "HTTPRoute", "away", { spec: { parentRefs: [{ name: "web" }], rules } }),
  );
  const deadlineMs = performance.now() + 30_000;
  while ((await askOverTls(port)).status !== "302") ok(performance.now() < deadlineMs, "the first answer");
  load = new TlsLoad(port);
});

after(async () => {
  await load.stop();
  await dev.end("SIGTERM");
  await rm(dataFolder, { recursive: true, force: true });
});

const onlyGoodAnswers = (): void =>
  ok(load.hasOnly("a.example 302", "b.example 302"), `no other answers, got ${JSON.stringify(load.counts)}`);

test("G86, rule 43: a Secret that is applied again rotates the certificate, and no request fails", async (t) => {
  for (let rotation = 1; rotation <= rotations; rotation++) {
    const next = rotation % 2 === 1 ? certificateB : certificateA;
    await apply(secretOf(next));
    await load.more(3, `${next.commonName} 302`);
  }
  onlyGoodAnswers();
  t.diagnostic(JSON.stringify(load.counts));
});

test("P11: a new sealing key and resealing change nothing that a proxy serves, and no request fails", async () => {
  match((await cli("secrets", "new-key", join(dataFolder, "sealing-keys"))).stdout, /seals/);
  const deadlineMs = performance.now() + 30_000;
  while (!/configured/.test((await cli("secrets", "reseal")).stdout)) ok(performance.now() < deadlineMs);
  await load.more(5, "a.example 302");
  await apply(secretOf(certificateB));
  await load.more(3, "b.example 302");
  onlyGoodAnswers();
});

test("P10: a proxy keeps its certificate while dev is killed, and gets the next one from the dev that follows", async () => {
  await dev.end("SIGKILL");
  await load.more(5, "b.example 302");
  dev = startDev();
  await apply(secretOf(certificateA));
  await load.more(3, "a.example 302");
  onlyGoodAnswers();
});
