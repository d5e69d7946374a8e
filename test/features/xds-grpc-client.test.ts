/** Rules 60, 61 and 66: a gRPC client that finds its servers over xDS (SotW, everything by name), behind an edge. */
import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { Client, credentials, Metadata, Server, ServerCredentials } from "@grpc/grpc-js";
import { packAny } from "@routeledger/protos";
import { systemClock } from "@routeledger/std";
import type { XdsEdge } from "@routeledger/xds-edge";
import type { Part } from "@routeledger/xds-model";
import { partOf } from "@routeledger/xds-model/testing";
import { defaultGroup, EdgeWorld, until } from "./xds/edge-world.ts";
import { cluster } from "./xds/sample-parts.ts";

const method = "/test.Names/Say";

test("rule 60 and 66: two targets of a gRPC client are served, follow their endpoints, and outlive the edge", async (t) => {
  const [red, blue] = [await startNamed("red"), await startNamed("blue")];
  t.after(() => [red, blue].forEach(({ server }) => void server.forceShutdown()));
  const world = new EdgeWorld(t);
  const publish = (one: number, two: number, timeoutMs = 1_000): Promise<number> =>
    world.publisher.publish(defaultGroup, [...service("one", one, timeoutMs), ...service("two", two, 1_000)]);
  await publish(red.port, blue.port);
  const edge = await world.startEdge({ clock: systemClock });
  const open = await xdsClients(edge.address);
  const [one, two] = [open("one"), open("two")];
  t.after(() => [one, two].forEach((client) => void client.close()));
  deepEqual([await say(one), await say(two)], ["red", "blue"]);

  await publish(red.port, red.port);
  await until(async () => (await say(two)) === "red");
  equal(await say(one), "red");

  // In SotW a response without the other target's cluster would take that target away.
  await publish(red.port, red.port, 2_000);
  await until(() => edge.published.revision.sequence === 3 && isAcknowledged(edge));
  deepEqual([await say(one), await say(two)], ["red", "red"]);

  await edge.stop();
  const again = await world.startEdge({ clock: systemClock, address: edge.address });
  await publish(blue.port, blue.port);
  await until(async () => (await say(one)) === "blue" && (await say(two)) === "blue");
  equal(again.proxies()[0]?.protocol, "sotw");
});

/** The only client has taken the clusters of now, and rejected nothing. */
function isAcknowledged(edge: XdsEdge): boolean {
  const types = edge.proxies()[0]?.types ?? [];
  const clusters = types.find(({ type }) => type === "cluster");
  return clusters?.acked === clusters?.wanted && types.every(({ rejected }) => rejected === "");
}

/** Opens clients whose servers are found through the edge. The library reads its bootstrap from the environment. */
async function xdsClients(edgeAddress: string): Promise<(target: string) => Client> {
  process.env.GRPC_XDS_BOOTSTRAP_CONFIG = JSON.stringify({
    xds_servers: [
      { server_uri: edgeAddress, channel_creds: [{ type: "insecure" }], server_features: ["xds_v3"] },
    ],
    node: { id: "grpc-1", cluster: defaultGroup, locality: {} },
  });
  const { register } = await import("@grpc/grpc-js-xds");
  register();
  return (target) => new Client(`xds:///${target}`, credentials.createInsecure());
}

function say(client: Client): Promise<string> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      method,
      (text: string) => Buffer.from(text),
      (bytes) => bytes.toString(),
      "",
      new Metadata({ waitForReady: true }),
      (error, name) => (error === null ? resolve(name ?? "") : reject(error)),
    );
  });
}

async function startNamed(name: string): Promise<{ readonly server: Server; readonly port: number }> {
  const server = new Server();
  const definition = {
    path: method,
    requestStream: false,
    responseStream: false,
    requestSerialize: (bytes: Buffer) => bytes,
    requestDeserialize: (bytes: Buffer) => bytes,
    responseSerialize: (bytes: Buffer) => bytes,
    responseDeserialize: (bytes: Buffer) => bytes,
  } as const;
  server.addService(
    { Say: definition },
    { Say: (_: unknown, answer: (error: null, bytes: Buffer) => void) => answer(null, Buffer.from(name)) },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return { server, port };
}

/** What a target of a gRPC client needs, each resource under the target's name. */
function service(name: string, port: number, timeoutMs: number): Part[] {
  const ads = { ads: {}, resourceApiVersion: "V3" } as const;
  const manager = packAny(
    "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
    {
      rds: { routeConfigName: name, configSource: ads },
      httpFilters: [
        { name: "router", typedConfig: packAny("envoy.extensions.filters.http.router.v3.Router", {}) },
      ],
    },
  );
  const socketAddress = { address: "127.0.0.1", portValue: port };
  return [
    partOf("listener", name, { apiListener: { apiListener: manager } }),
    partOf("route", name, {
      virtualHosts: [
        { name: "all", domains: ["*"], routes: [{ match: { prefix: "" }, route: { cluster: name } }] },
      ],
    }),
    cluster(name, { timeoutMs }),
    partOf("endpoint", name, {
      endpoints: [
        {
          locality: { region: "here" },
          loadBalancingWeight: { value: 1 },
          lbEndpoints: [{ endpoint: { address: { socketAddress } }, healthStatus: "HEALTHY" }],
        },
      ],
    }),
  ];
}
