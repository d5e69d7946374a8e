/** Rule 1: the services of one type beside the aggregated one, through a real socket. */
import { deepEqual, equal, match } from "node:assert/strict";
import { test } from "node:test";
import { Client, credentials, type ServiceError, status } from "@grpc/grpc-js";
import { serviceMethods } from "@routeledger/protos";
import { type Part, type ResourceType, resourceTypes, typeUrls } from "@routeledger/xds-model";
import { partOf } from "@routeledger/xds-model/testing";
import { defaultGroup, EdgeWorld, until } from "./xds/edge-world.ts";
import { protocols } from "./xds/raw-client.ts";
import { cluster, endpoints, listener, route } from "./xds/sample-parts.ts";

const samples: Readonly<Record<ResourceType, Part>> = {
  cluster: cluster("a"),
  endpoint: endpoints("a", 1),
  listener: listener("a", { table: "a" }),
  route: route("a", "a"),
  secret: partOf("secret", "a"),
  extensionConfig: partOf("extensionConfig", "a"),
};
const fetchServices = [
  "envoy.service.cluster.v3.ClusterDiscoveryService",
  "envoy.service.endpoint.v3.EndpointDiscoveryService",
  "envoy.service.listener.v3.ListenerDiscoveryService",
  "envoy.service.route.v3.RouteDiscoveryService",
  "envoy.service.secret.v3.SecretDiscoveryService",
  "envoy.service.extension.v3.ExtensionConfigDiscoveryService",
] as const;
const node = { id: "envoy-1", cluster: defaultGroup };

for (const type of resourceTypes) {
  for (const protocol of protocols) {
    test(`rule 1, ${protocol}: the service of ${type} needs no type URL, takes its own and no other`, async (t) => {
      const world = await EdgeWorld.serving(t, Object.values(samples));
      const client = world.client(world.edge.address);
      const [silent, named, wrong] = [1, 2, 3].map(() => client.open(protocol, node, type));
      silent?.subscribe("", "a");
      const received = await silent?.next();
      deepEqual([received?.typeUrl, received?.names], [typeUrls[type], ["a"]]);
      named?.subscribe(type, "a");
      equal((await named?.take(type))?.summary, `${type} a`);
      const other = type === "cluster" ? "listener" : "cluster";
      wrong?.subscribe(other, "a");
      const ended = await wrong?.ended;
      equal(ended?.code, status.INVALID_ARGUMENT);
      match(ended?.details ?? "", /a request for type\.googleapis\.com/);
      await until(() => world.edge.proxies().length === 2);
    });
  }
}

test("rule 1: Fetch... of every service is UNIMPLEMENTED", async (t) => {
  const world = await EdgeWorld.serving(t, []);
  const client = new Client(world.edge.address, credentials.createInsecure());
  t.after(() => client.close());
  const paths = fetchServices.flatMap((service) =>
    serviceMethods(service)
      .filter(({ requestStream }) => !requestStream)
      .map(({ path }) => path),
  );
  equal(paths.length, 6);
  for (const path of paths) {
    const answer = await new Promise<ServiceError | null>((resolve) => {
      client.makeUnaryRequest(
        path,
        (bytes: Buffer) => bytes,
        (bytes) => bytes,
        Buffer.alloc(0),
        resolve,
      );
    });
    equal(answer?.code, status.UNIMPLEMENTED);
  }
});
