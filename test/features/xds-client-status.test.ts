/** Rule 72 over gRPC: `envoy.service.status.v3` says what each connected proxy is served, wanted and rejected. */
import { deepEqual, equal, rejects } from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type ChannelCredentials, credentials, status } from "@grpc/grpc-js";
import { type DecodedTypes, enumName, type MessageTypes } from "@routeledger/protos";
import type { XdsEdge } from "@routeledger/xds-edge";
import { partOf } from "@routeledger/xds-model/testing";
import { authority, first, gateway, other, type Pair } from "./xds/certificates.ts";
import { EdgeWorld, until } from "./xds/edge-world.ts";
import { protocols } from "./xds/raw-client.ts";
import { cluster, endpoints } from "./xds/sample-parts.ts";
import { SideClient } from "./xds/side-client.ts";

type Request = MessageTypes["envoy.service.status.v3.ClientStatusRequest"];
type Answer = DecodedTypes["envoy.service.status.v3.ClientStatusResponse"];
const service = "envoy.service.status.v3.ClientStatusDiscoveryService";

function asking(test: TestContext, { address }: XdsEdge, channel?: ChannelCredentials) {
  const client = new SideClient(address, channel);
  test.after(() => client.close());
  const fetch = (request: Request = {}) => client.ask<Answer>(service, "FetchClientStatus", request);
  return { client, fetch, seen: async (request?: Request) => summary(await fetch(request)) };
}

/** `envoy-1: Cluster a SYNCED` of every resource. */
function summary({ config }: Answer): string[] {
  return config.flatMap(({ node, genericXdsConfigs }) =>
    genericXdsConfigs.map(({ typeUrl, name, configStatus, errorState }) => {
      const said = enumName("envoy.service.status.v3.ConfigStatus", configStatus);
      const words = [typeUrl.split(".").at(-1), name, said, errorState?.details ?? ""];
      return `${node?.id}: ${words.join(" ").trim()}`;
    }),
  );
}

/** A cluster b with the endpoints of a. */
const withEndpointsOfA = (timeoutMs = 1_000) => cluster("b", { serviceName: "a", timeoutMs });

for (const protocol of protocols) {
  test(`rule 72, ${protocol}: each resource is SYNCED, STALE, NOT_SENT or ERROR with the proxy's words`, async (t) => {
    const world = await EdgeWorld.serving(t, [cluster("a"), withEndpointsOfA(), endpoints("a", 1)]);
    const { seen, fetch } = asking(t, world.edge);
    deepEqual(await seen(), []);
    const stream = world.connect(world.edge, protocol);
    stream.subscribe("cluster");
    const clusters = await stream.next();
    stream.subscribe("endpoint", "a");
    await stream.take("endpoint");
    stream.subscribe("secret", "none");
    await until(async () => (await seen()).length === 4 && /Assignment a SYNCED/.test(String(await seen())));
    deepEqual(await seen(), [
      "envoy-1: Cluster a STALE",
      "envoy-1: Cluster b STALE",
      "envoy-1: ClusterLoadAssignment a SYNCED",
      "envoy-1: Secret none NOT_SENT",
    ]);
    stream.ack(clusters);
    await until(async () => (await seen()).includes("envoy-1: Cluster b SYNCED"));
    await world.publish(world.edge, [cluster("a"), withEndpointsOfA(7), endpoints("a", 1)]);
    let changed = await stream.next();
    // What else the edge had to say.
    for (; changed.type !== "cluster"; changed = await stream.next()) stream.ack(changed);
    stream.nack(changed, "Proto constraint validation failed: b is wrong");
    const bad = "envoy-1: Cluster b ERROR Proto constraint validation failed: b is wrong";
    await until(async () => (await seen()).includes(bad));
    const { config } = await fetch();
    equal(config.length, 1);
    equal(config[0]?.node?.cluster, "default/gateway");
    equal(config[0]?.clientScope, `${protocol} stream 1`);
    const rejected = config[0]?.genericXdsConfigs.find(({ name }) => name === "b");
    deepEqual(Buffer.from(rejected?.xdsConfig?.value ?? []), Buffer.from(withEndpointsOfA(7).bytes));
    const bare = await fetch({ excludeResourceContents: true });
    equal(
      bare.config[0]?.genericXdsConfigs.some(({ xdsConfig }) => xdsConfig !== undefined),
      false,
    );
  });
}

test("P11: client status never holds a secret's content", async (t) => {
  const world = await EdgeWorld.serving(t, [partOf("secret", "s")]);
  const { fetch } = asking(t, world.edge);
  const stream = world.connect(world.edge, "delta");
  stream.subscribe("secret", "s");
  await stream.take("secret");
  const { config } = await fetch();
  const [secret] = config[0]?.genericXdsConfigs ?? [];
  equal(secret?.name, "s");
  equal(secret?.xdsConfig, undefined);
});

test("client status heeds node matchers, on a stream request by request", async (t) => {
  const world = await EdgeWorld.serving(t, [cluster("a")]);
  for (const id of ["envoy-2", "envoy-1"]) {
    const stream = world.connect(world.edge, "delta", { id });
    stream.subscribe("cluster");
    await stream.take("cluster");
  }
  const { client, seen } = asking(t, world.edge);
  await until(async () => (await seen()).every((line) => /SYNCED/.test(line)));
  const lines = ["envoy-1: Cluster a SYNCED", "envoy-2: Cluster a SYNCED"];
  deepEqual(await seen(), lines);
  deepEqual(await seen({ nodeMatchers: [{ nodeId: { suffix: "-2" } }] }), lines.slice(1));
  await rejects(seen({ nodeMatchers: [{ nodeId: { safeRegex: { regex: ".*" } } }] }), {
    code: status.INVALID_ARGUMENT,
  });
  const stream = client.open<Answer>(service, "StreamClientStatus", {});
  deepEqual(summary(await stream.next()), lines);
  stream.ask({ nodeMatchers: [{ nodeId: { exact: "envoy-1" } }] });
  deepEqual(summary(await stream.next()), lines.slice(0, 1));
  stream.end();
  equal((await stream.ended).code, status.OK);
});

test("P11: with identities a caller sees the proxies of its own node group only", async (t) => {
  const world = await EdgeWorld.serving(t, [cluster("a")]);
  const folder = await mkdtemp(join(tmpdir(), "routeledger-status-"));
  t.after(() => rm(folder, { recursive: true }));
  const [cert, key, clientCa] = ["cert", "key", "ca"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  await writeFile(cert, first.cert);
  await writeFile(key, first.key);
  await writeFile(clientCa, authority);
  const identity = "spiffe://example.org/gateways/{nodeGroup}";
  const edge = await world.startEdge({ tls: { cert, key, clientCa }, identity });
  const channel = (pair: Pair) =>
    credentials.createSsl(Buffer.from(authority), Buffer.from(pair.key), Buffer.from(pair.cert));
  const stream = world
    .client(edge.address, channel(gateway))
    .open("delta", { id: "envoy-1", cluster: "default/gateway" });
  stream.subscribe("cluster");
  await stream.take("cluster");
  equal((await asking(t, edge, channel(gateway)).fetch()).config.length, 1);
  equal((await asking(t, edge, channel(other)).fetch()).config.length, 0);
});
