/** grpc.health.v1 on the proxies' port: what a load balancer asks. */
import { deepEqual, equal, rejects } from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { status } from "@grpc/grpc-js";
import { type DecodedTypes, enumName } from "@routeledger/protos";
import type { XdsEdge } from "@routeledger/xds-edge";
import { EdgeWorld, until } from "./xds/edge-world.ts";
import { cluster } from "./xds/sample-parts.ts";
import { SideClient, type SideStream } from "./xds/side-client.ts";

type Answer = DecodedTypes["grpc.health.v1.HealthCheckResponse"];
const ads = "envoy.service.discovery.v3.AggregatedDiscoveryService";

const said = ({ status: number }: Answer) =>
  enumName("grpc.health.v1.HealthCheckResponse.ServingStatus", number);

function clientOf(test: TestContext, edge: XdsEdge) {
  const client = new SideClient(edge.address);
  test.after(() => client.close());
  return {
    check: async (service = "") =>
      said(await client.ask<Answer>("grpc.health.v1.Health", "Check", { service })),
    watch: (service = "") => {
      const stream = client.open<Answer>("grpc.health.v1.Health", "Watch", { service });
      stream.end();
      return stream;
    },
  };
}

const next = async (stream: SideStream<Answer>) => said(await stream.next());

test("rule 67: health is NOT_SERVING until the edge has all that the log holds, and from its stop on", async (t) => {
  const world = new EdgeWorld(t);
  await world.publisher.publish("default/gateway", [cluster("a")]);
  world.gate.holdReadersAt(0);
  const edge = await world.openEdge();
  const { check, watch } = clientOf(t, edge);
  equal(await check(), "NOT_SERVING");
  equal(await check(ads), "NOT_SERVING");
  const watches = [watch(), watch(ads)];
  for (const stream of watches) equal(await next(stream), "NOT_SERVING");
  world.gate.open();
  await until(() => {
    world.clock.advance(200);
    return edge.ready;
  });
  for (const stream of watches) equal(await next(stream), "SERVING");
  equal(await check(), "SERVING");
  equal(await check("envoy.service.secret.v3.SecretDiscoveryService"), "SERVING");
  const stopped = edge.stop();
  for (const stream of watches) equal(await next(stream), "NOT_SERVING");
  for (const stream of watches) equal((await stream.ended).code, status.UNAVAILABLE);
  await stopped;
});

test("health of a service that is not served is NOT_FOUND, a watch of it says SERVICE_UNKNOWN", async (t) => {
  const world = await EdgeWorld.serving(t, []);
  const { check, watch } = clientOf(t, world.edge);
  await rejects(check("no.such.Service"), { code: status.NOT_FOUND });
  deepEqual(await next(watch("no.such.Service")), "SERVICE_UNKNOWN");
});
