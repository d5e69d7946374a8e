/** P11: how an edge opens what Secrets' tokens hold, and what it withholds. docs/spec/sealed-secrets.md says why. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { test } from "node:test";
import { testKeyring, testSealingKey } from "@routeledger/config-model/testing";
import { codec } from "@routeledger/protos";
import { createLogger, Metrics } from "@routeledger/service-kit";
import { Keyring, utf8 } from "@routeledger/std";
import type { Part } from "@routeledger/xds-model";
import { partOf } from "@routeledger/xds-model/testing";
import { authority, first } from "./xds/certificates.ts";
import { EdgeWorld, until } from "./xds/edge-world.ts";
import { protocols, type RawStream } from "./xds/raw-client.ts";
import type { Received } from "./xds/received.ts";
import { cluster, fences } from "./xds/sample-parts.ts";

const secretCodec = codec("envoy.extensions.transport_sockets.tls.v3.Secret");
const canary = "-----canary key-----";

/** As the translation makes it: the chain in clear, the key as a token. */
function sealedPart(name: string, { key = canary, keyring = testKeyring, place = name } = {}): Part {
  const token = keyring.seal(`default/${place}/tls.key`, utf8(key));
  return partOf("secret", `secret/default/${name}`, {
    tlsCertificate: {
      certificateChain: { inlineString: first.cert },
      privateKey: { inlineString: token },
    },
  });
}

function trustPart(name: string): Part {
  return partOf("secret", name, { validationContext: { trustedCa: { inlineString: authority } } });
}

function keyIn({ resources }: Received): string {
  const [resource] = resources;
  ok(resource !== undefined);
  const { tlsCertificate } = secretCodec.decode(resource.value);
  return Buffer.from(tlsCertificate?.privateKey?.inlineBytes ?? new Uint8Array()).toString("utf8");
}

const keysOf = (keyring: Keyring) => ({ keyring, onChanged: () => undefined });

for (const protocol of protocols) {
  test(`P11, P2: an edge opens tokens under the logged digest, so that versions are equal at all edges (${protocol})`, async (t) => {
    const world = new EdgeWorld(t);
    const part = sealedPart("web");
    await world.publisher.publish("default/gateway", [part, ...fences]);
    const versions: string[] = [];
    for (const keyring of [testKeyring, new Keyring([new Uint8Array(32), testSealingKey])]) {
      const edge = await world.startEdge({ sealingKeys: keysOf(keyring) });
      const stream = world.connect(edge, protocol);
      stream.subscribe("secret", "secret/default/web");
      const received = await stream.take("secret");
      equal(keyIn(received), canary);
      versions.push(received.version, received.resources[0]?.version ?? "");
    }
    deepEqual(versions.slice(0, 2), versions.slice(2));
    if (protocol === "delta") match(versions[1] ?? "", new RegExp(`-${part.digest.slice(0, 16)}$`));
  });

  test(`P11, I27: what does not open is withheld, said once, counted and shown; others go on (${protocol})`, async (t) => {
    const { world, edge, stream, lines, metrics } = await withholdingEdge(t, protocol);
    stream.subscribe("secret", "secret/default/web", "secret/default/moved", "secret/default/sound");
    const received = await stream.take("secret");
    deepEqual(received.names, ["secret/default/sound"]);
    stream.ack(received);
    stream.subscribe("cluster");
    deepEqual(await stream.answersUntilFence(), ["cluster a"]);
    const named = edge.withheldSecrets().map(({ name, reason, why }) => `${name} ${reason}: ${why}`);
    equal(named.length, 2);
    match(named[0] ?? "", /^secret\/default\/moved sealed: it was changed, or sealed for another Secret/);
    match(named[1] ?? "", /^secret\/default\/web sealed: it is sealed with key [0-9a-f]{8}, which is not/);
    match(await metrics.text(), /edge_withheld_secrets\{reason="sealed"\} 2\n/);
    await world.publish(edge, [...withheldParts, cluster("a", { timeoutMs: 7 })]);
    equal(lines.filter((line) => line.includes("secret is withheld")).length, 2);
  });

  test(`P11, I27: a secret is sent when its key comes, without a new revision (${protocol})`, async (t) => {
    let changed = (): void => undefined;
    const onChanged = (listener: () => void): void => {
      changed = listener;
    };
    const keys = { keyring: testKeyring, onChanged };
    const world = new EdgeWorld(t);
    const part = sealedPart("web", { keyring: otherKeyring });
    await world.publisher.publish("default/gateway", [part, ...fences]);
    const edge = await world.startEdge({ sealingKeys: keys });
    const stream = world.connect(edge, protocol);
    stream.subscribe("secret", "secret/default/web");
    deepEqual(await stream.answersUntilFence(), []);
    keys.keyring = new Keyring([otherKey, testSealingKey]);
    changed();
    equal(keyIn(await stream.take("secret")), canary);
    deepEqual(edge.withheldSecrets(), []);
  });

  test(`P11: in clear a private key is not sent unless that is allowed; certificates to trust are (${protocol})`, async (t) => {
    const world = new EdgeWorld(t);
    const parts = [sealedPart("web"), trustPart("trust"), ...fences];
    await world.publisher.publish("default/gateway", parts);
    const asked = ["secret/default/web", "trust"];
    const metrics = new Metrics();
    const strict = await world.startEdge({
      ...{ sealingKeys: keysOf(testKeyring), secretsInClear: false, metrics },
    });
    const stream = world.connect(strict, protocol);
    stream.subscribe("secret", ...asked);
    deepEqual(
      (await stream.untilFence()).flatMap(({ names }) => names),
      ["trust"],
    );
    deepEqual(
      strict.withheldSecrets().map(({ reason }) => reason),
      ["inClear"],
    );
    match(await metrics.text(), /edge_withheld_secrets\{reason="inClear"\} 1\n/);
    const allowed = await world.startEdge({ sealingKeys: keysOf(testKeyring) });
    const other = world.connect(allowed, protocol);
    other.subscribe("secret", ...asked);
    deepEqual(
      (await other.untilFence()).flatMap(({ names }) => [...names].sort()),
      asked,
    );
  });
}

const otherKey = new Uint8Array(32).fill(1);
const otherKeyring = new Keyring([otherKey]);
const withheldParts = [
  sealedPart("web", { keyring: otherKeyring }),
  sealedPart("moved", { place: "elsewhere" }),
  sealedPart("sound"),
  cluster("a"),
];

async function withholdingEdge(t: Parameters<typeof EdgeWorld.serving>[0], protocol: RawStream["protocol"]) {
  const lines: string[] = [];
  const metrics = new Metrics();
  const world = new EdgeWorld(t);
  await world.publisher.publish("default/gateway", [...withheldParts, ...fences]);
  const edge = await world.startEdge({
    sealingKeys: keysOf(testKeyring),
    metrics,
    logger: createLogger({ name: "edge", level: "debug", write: (line) => void lines.push(line) }),
  });
  await until(() => edge.ready);
  return { world, edge, stream: world.connect(edge, protocol), lines, metrics };
}
