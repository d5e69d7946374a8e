/** gRPC's own client on a real edge: it names all that it wants, and takes a missing name for a missing resource. */
import { deepEqual, equal } from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Client, credentials, Server, ServerCredentials } from "@grpc/grpc-js";
import { codec } from "@routeledger/protos";
import type { Part } from "@routeledger/xds-model";
import { partOf } from "@routeledger/xds-model/testing";
import { defaultGroup, EdgeWorld } from "./xds/edge-world.ts";

const path = "/test.Echo/Who";
const deadlineMs = 4_000;
const target = "shop.example";

test("rules 60 to 62 and 66: a gRPC client finds its way through four types, and follows a change", async (t) => {
  const [blue, green] = [await startBackend(t, "blue"), await startBackend(t, "green")];
  const world = await EdgeWorld.serving(t, grpcParts({ blue }, "blue"));
  const client = await startClient(t, world.edge.address);
  equal(await who(client), "blue");
  await world.publish(world.edge, grpcParts({ blue, green }, "green"));
  await until(async () => (await who(client)) === "green");
  deepEqual(
    world.edge
      .proxies()
      .map(({ protocol, nodeGroup, types }) => [protocol, nodeGroup, types.map(({ type }) => type)]),
    [["sotw", defaultGroup, ["cluster", "endpoint", "listener", "route"]]],
  );
});

test("rule 14: a call that waits for a name that does not exist goes on when it appears", async (t) => {
  const blue = await startBackend(t, "blue");
  const world = await EdgeWorld.serving(t, []);
  const waiting = who(await startClient(t, world.edge.address));
  await until(async () => world.edge.proxies().some(({ types }) => types.some(({ acked }) => acked !== "")));
  await world.publish(world.edge, grpcParts({ blue }, "blue"));
  equal(await waiting, "blue");
});

/** A listener for `target` with its table, and a cluster with one endpoint for each backend. */
function grpcParts(ports: Readonly<Record<string, number>>, used: string): Part[] {
  const manager = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
  const router = "envoy.extensions.filters.http.router.v3.Router";
  const ads = { ads: {}, resourceApiVersion: "V3" as const };
  const value = codec(manager).encode({
    rds: { routeConfigName: "table", configSource: ads },
    httpFilters: [
      {
        name: "router",
        typedConfig: { typeUrl: `type.googleapis.com/${router}`, value: codec(router).encode({}) },
      },
    ],
  });
  const routes = [{ match: { prefix: "" }, route: { cluster: used } }];
  return [
    partOf("listener", target, {
      apiListener: { apiListener: { typeUrl: `type.googleapis.com/${manager}`, value } },
    }),
    partOf("route", "table", { virtualHosts: [{ name: "all", domains: [target], routes }] }),
    ...Object.entries(ports).flatMap(([name, portValue]) => [
      partOf("cluster", name, { type: "EDS", edsClusterConfig: { edsConfig: ads }, lbPolicy: "ROUND_ROBIN" }),
      partOf("endpoint", name, {
        endpoints: [
          {
            locality: { zone: "here" },
            loadBalancingWeight: { value: 1 },
            lbEndpoints: [{ endpoint: { address: { socketAddress: { address: "127.0.0.1", portValue } } } }],
          },
        ],
      }),
    ]),
  ];
}

/** A gRPC server that answers its name; returns its port. */
async function startBackend(t: TestContext, name: string): Promise<number> {
  const server = new Server();
  const bytes = (value: Buffer) => value;
  server.addService(
    {
      Who: {
        path,
        requestStream: false,
        responseStream: false,
        requestSerialize: bytes,
        requestDeserialize: bytes,
        responseSerialize: bytes,
        responseDeserialize: bytes,
      },
    },
    { Who: (_call: unknown, reply: (error: null, value: Buffer) => void) => reply(null, Buffer.from(name)) },
  );
  t.after(() => server.forceShutdown());
  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    );
  });
}

let isRegistered = false;

/** A channel that takes its configuration from the edge. */
async function startClient(t: TestContext, edgeAddress: string): Promise<Client> {
  const bootstrap = {
    xds_servers: [
      { server_uri: edgeAddress, channel_creds: [{ type: "insecure" }], server_features: ["xds_v3"] },
    ],
    node: { id: "grpc-client", cluster: defaultGroup, locality: {} },
  };
  const { register } = await import("@grpc/grpc-js-xds");
  if (!isRegistered) register();
  isRegistered = true;
  const client = new Client(`xds:///${target}`, credentials.createInsecure(), {
    "grpc.TEST_ONLY_DO_NOT_USE_IN_PROD.xds_bootstrap_config": JSON.stringify(bootstrap),
  });
  t.after(() => client.close());
  return client;
}

function who(client: Client): Promise<string> {
  const bytes = (value: Buffer) => value;
  return new Promise((resolve, reject) => {
    const deadline = Date.now() + deadlineMs;
    client.makeUnaryRequest(path, bytes, bytes, Buffer.alloc(0), { deadline }, (error, value) =>
      error === null ? resolve(String(value)) : reject(error),
    );
  });
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}
