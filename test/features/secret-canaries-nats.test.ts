/** P11 in a cluster: what NATS stores, checkpoints too, and what each process says, holds no value of a Secret. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import type { JsonObject } from "@routeledger/std";
import { ClusterService } from "../cluster/cluster-service.ts";
import { startNatsServer } from "../nats/nats-server.ts";
import { freePort } from "./cli/named-backend.ts";
import { runCli } from "./cli/run-cli.ts";
import { Canaries } from "./secrets/canaries.ts";
import { gatewayObjects, publicMarker, refusedWith, secretsWith } from "./secrets/canary-objects.ts";
import { RawClient } from "./xds/raw-client.ts";

test("P11: on NATS, too, only an edge with the key says it, and only to a proxy", {
  timeout: 120_000,
}, async (t) => {
  const canaries = new Canaries();
  const markers = new Canaries();
  markers.plant("marker", publicMarker);
  const folder = await mkdtemp(join(tmpdir(), "routeledger-canaries-nats-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const nats = await startNatsServer();
  t.after(() => nats.dispose());
  const keys = join(folder, "keys");
  for (const args of [
    ["log", "create", "--nats-url", nats.url],
    ["secrets", "new-key", keys],
  ])
    equal((await runCli(args)).code, 0);
  const common = ["--nats-url", nats.url, "--log-level", "debug"];
  const service = async (kind: string, name: string, flag: string, ...more: string[]) => {
    const operations = `127.0.0.1:${await freePort()}`;
    const args = [kind, ...common, "--name", name, flag, operations, ...more];
    const started = new ClusterService({ name, args, operations });
    started.spawn();
    t.after(() => started.process.end("SIGKILL"));
    await started.ready();
    return started;
  };
  const [keyed, keyless] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
  const inClear = ["--edge-secrets-in-clear"];
  const operations = "--operations-address";
  const services = await Promise.all([
    service("translator", "translator", operations, "--checkpoint-every-revisions", "3"),
    service(
      "api",
      "api",
      "--api-address",
      "--store-folder",
      join(folder, "store"),
      "--secrets-key-file",
      keys,
    ),
    service("edge", "keyed", operations, "--edge-address", keyed, ...inClear, "--secrets-key-file", keys),
    service("edge", "keyless", operations, "--edge-address", keyless, ...inClear),
  ]);
  const [translator, api, , edgeWithout] = services;
  const apply = async (body: string): Promise<string> => {
    const headers = { "content-type": "application/yaml" };
    const answer = await fetch(`http://${api.operations}/v1/apply`, { method: "POST", headers, body });
    return answer.text();
  };
  const gatewayClass = {
    ...{
      apiVersion: "gateway.networking.k8s.io/v1",
      kind: "GatewayClass",
      metadata: { name: "routeledger" },
    },
    spec: { controllerName: "routeledger.dev/gateway" },
  };
  const said = [
    await apply(documents([gatewayClass, ...gatewayObjects(await freePort()), ...secretsWith(canaries)])),
  ];
  for (const text of refusedWith(canaries)) said.push(await apply(text));
  // Of revisions that a translator finds at its start it makes one record, and no checkpoint between them.
  while (!translator.output.includes('"msg":"published"')) await setTimeout(50);
  const spare = { apiVersion: "v1", kind: "Secret", metadata: { name: "spare" } };
  for (let round = 1; round <= 6; round++)
    said.push(
      await apply(
        documents([
          { ...spare, stringData: { password: canaries.plant(`${round}`, `canary-of-round-${round}-0123`) } },
        ]),
      ),
    );
  const client = new RawClient(keyed);
  t.after(() => client.close());
  const stream = client.open("delta", { id: "canary", cluster: "default/web" });
  stream.subscribe("secret", "secret/default/client");
  let received = await stream.take("secret");
  for (; received.resources.length === 0; received = await stream.take("secret")) stream.ack(received);
  const { resources } = received;
  ok(resources.some(({ value }) => canaries.foundIn("SDS", value).length > 0));
  const ready = async () => (await fetch(`http://${edgeWithout.operations}/readyz`)).text();
  while (!(await ready()).includes("secret/default/client")) ok(edgeWithout.running);
  match(await ready(), /this edge has no keys: --secrets-key-file names them/);
  for (const { operations: at } of services) said.push(await (await fetch(`http://${at}/metrics`)).text());
  match(said.at(-1) ?? "", /edge_withheld_secrets\{reason="sealed"\} 1\n/);
  // Checkpoints are written behind: what they hold is looked for, too.
  const logs = nats.servers[0]?.folder ?? "";
  while (!(await markers.foundInFolder(logs)).some((place) => place.includes(", compressed")))
    await setTimeout(200);
  const answer = await runCli(["replay", "--check", "--nats-url", nats.url]);
  equal(answer.code, 0, answer.stderr);
  for (const { process } of services) equal(await process.end("SIGTERM"), 0);
  said.push(await ready().catch(() => ""), answer.stdout, ...services.map(({ output }) => output));
  const found = said.flatMap((text, index) => canaries.foundIn(`answer ${index}`, text));
  await rm(keys);
  for (const place of [folder, ...nats.servers.map((server) => server.folder)])
    found.push(...(await canaries.foundInFolder(place)));
  deepEqual(found, []);
  const stored = await markers.foundInFolder(logs);
  match(stored.join("\n"), /CONFIG\/msgs/);
  match(stored.join("\n"), /, compressed/);
});

function documents(objects: readonly JsonObject[]): string {
  return objects.map((object) => `${JSON.stringify(object)}\n`).join("---\n");
}
