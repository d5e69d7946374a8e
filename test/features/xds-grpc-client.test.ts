/**
 * Rules 60 to 66: gRPC clients of JavaScript and of Go that find their servers over xDS, behind edges in processes of
 * their own. What happens when edges go away is in `xds-grpc-client-failover.test.ts`.
 */
import { deepEqual, equal, notEqual, ok } from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { ProxyTypeState } from "@routeledger/xds-edge";
import type { Part, ResourceType } from "@routeledger/xds-model";
import { EdgeProcess } from "../edge-process/edge-process.ts";
import { until } from "./xds/edge-world.ts";
import { type GrpcClient, libraries, startGrpcClient } from "./xds-grpc/grpc-client.ts";
import { grpcTarget, rejectedCluster, serverListener } from "./xds-grpc/grpc-parts.ts";
import { startBackend } from "./xds-grpc/named-backend.ts";

/** gRPC's own timer of a resource that does not exist is 15 s; two cores may be busy with something else. */
const answeredWithinMs = 7_500;

/** Resources that the client never names, so that a wildcard would show. */
const others: readonly Part[] = Array.from({ length: 50 }, (_, index) =>
  grpcTarget({ name: `other-${index}`, ports: [9] }),
).flat();

for (const library of libraries) {
  const world = async (t: TestContext, parts: readonly Part[]): Promise<[EdgeProcess, GrpcClient]> => {
    const edge = await EdgeProcess.serving(t, [...others, ...parts]);
    return [edge, await startGrpcClient(t, library, { servers: [[edge.address]] })];
  };

  test(`rule 60 and 66, ${library}: two targets are served, and follow their endpoints, clusters and routes`, async (t) => {
    const [red, blue] = [await startBackend(t, "red"), await startBackend(t, "blue")];
    const one = { name: "one", ports: [red.port] };
    const two = { name: "two", ports: [blue.port] };
    const [edge, client] = await world(t, [...grpcTarget(one), ...grpcTarget(two)]);
    const publish = (...targets: Parameters<typeof grpcTarget>[0][]) =>
      edge.publish([...others, ...targets.flatMap(grpcTarget)]);
    equal((await client.call("one", { wait: true })).text, "red");
    equal((await client.call("two", { wait: true })).text, "blue");
    await client.load("one");

    await publish(one, { ...two, ports: [red.port] });
    await client.until("two", { text: "red" });

    // In SotW a response without the other target's cluster would take that target away.
    await publish({ ...one, timeoutSeconds: 2 }, { ...two, ports: [red.port] });
    await until(() => isTaken(edge, "cluster"));
    equal((await client.call("two")).text, "red");

    await publish(
      { ...one, timeoutSeconds: 2, ports: [blue.port] },
      { ...two, ports: [red.port], to: "one" },
    );
    await client.until("one", { text: "blue" });
    await client.until("two", { text: "blue" });

    await client.close("two");
    await publish({ ...one, ports: [red.port] });
    await client.until("one", { text: "red" });
    const { good, failed, firstFailure } = await client.counted("one");
    deepEqual({ failed, firstFailure }, { failed: 0, firstFailure: "" });
    notEqual(good, 0);
    ok((await edge.proxies()).every(({ protocol }) => protocol === "sotw"));
  });

  test(`rule 14 and 62, ${library}: a target that does not exist yet works as soon as it does`, async (t) => {
    const red = await startBackend(t, "red");
    const there = grpcTarget({ name: "there", ports: [red.port] });
    const [edge, client] = await world(t, there);
    const [first, second] = ["missing", "missing-too"].map((name) => client.call(name, { wait: true }));
    await until(async () => (await statesOf(edge, "listener")).some(({ acked }) => acked !== ""));
    equal((await client.call("there", { wait: true })).text, "red");
    const startedMs = performance.now();
    const [missing, too] = ["missing", "missing-too"].map((name) => grpcTarget({ name, ports: [red.port] }));
    await edge.publish([...others, ...there, ...missing!, ...too!]);
    deepEqual([(await first)?.text, (await second)?.text], ["red", "red"]);
    const tookMs = performance.now() - startedMs;
    ok(tookMs < answeredWithinMs, `served within ${answeredWithinMs} ms, got ${tookMs}`);
  });

  test(`rule 62 and 63, ${library}: a target that is gone fails at once, and works when it is back`, async (t) => {
    const [red, blue] = [await startBackend(t, "red"), await startBackend(t, "blue")];
    // grpc-js takes a listener that comes back only when it is another one than it had.
    const target = (port: number) => grpcTarget({ name: "one", ports: [port], statPrefix: `port-${port}` });
    const [edge, client] = await world(t, target(red.port));
    equal((await client.call("one", { wait: true })).text, "red");
    await edge.publish(others);
    await client.until("one", { code: "UNAVAILABLE" });
    await edge.publish([...others, ...target(blue.port)]);
    await client.until("one", { text: "blue" });
  });

  test(`rule 63, ${library}: of a response with a cluster that is rejected the others are used, and follow`, async (t) => {
    const [red, blue] = [await startBackend(t, "red"), await startBackend(t, "blue")];
    const good = (port: number, timeoutSeconds: number) =>
      grpcTarget({ name: "good", ports: [port], timeoutSeconds });
    const bad = grpcTarget({ name: "bad", ports: [blue.port] });
    const [edge, client] = await world(t, [...good(red.port, 1), ...bad]);
    equal((await client.call("good", { wait: true })).text, "red");
    equal((await client.call("bad", { wait: true })).text, "blue");
    await client.load("good");
    await client.load("bad");

    const broken = bad.map((part) => (part.type === "cluster" ? rejectedCluster("bad") : part));
    await edge.publish([...good(red.port, 2), ...broken]);
    await until(async () => (await statesOf(edge, "cluster")).some(({ rejected }) => rejected !== ""));
    await edge.publish([...good(blue.port, 2), ...broken]);
    await client.until("good", { text: "blue" });

    await edge.publish([...good(red.port, 3), ...grpcTarget({ name: "bad", ports: [red.port] })]);
    await client.until("bad", { text: "red" });
    await until(() => isTaken(edge, "cluster"));
    for (const target of ["good", "bad"]) {
      const { failed, firstFailure } = await client.counted(target);
      deepEqual({ target, failed, firstFailure }, { target, failed: 0, firstFailure: "" });
    }
  });

  test(`${library}: a target fails over between its backends`, async (t) => {
    const [red, blue] = [await startBackend(t, "red"), await startBackend(t, "blue")];
    const [, client] = await world(t, grpcTarget({ name: "both", ports: [red.port, blue.port] }));
    equal((await client.call("both", { wait: true })).text, "red");
    red.stop();
    await client.until("both", { text: "blue" });
  });
}

test("rule 36 and 62, grpc-go: a listener whose route table does not exist fails calls at once", async (t) => {
  const listeners = grpcTarget({ name: "a", ports: [9] }).filter(({ type }) => type === "listener");
  const edge = await EdgeProcess.serving(t, listeners);
  const client = await startGrpcClient(t, "grpc-go", { servers: [[edge.address]] });
  const startedMs = performance.now();
  equal((await client.call("a")).code, "UNAVAILABLE");
  const tookMs = performance.now() - startedMs;
  ok(tookMs < answeredWithinMs, `answered within ${answeredWithinMs} ms, got ${tookMs}`);
});

test("rule 65, grpc-go: a server serves when its listener says its own address, and only then", async (t) => {
  const edge = await EdgeProcess.serving(t, []);
  const client = await startGrpcClient(t, "grpc-go", { servers: [[edge.address]] });
  const address = await client.serve("127.0.0.1:0");
  const port = Number(address.split(":")[1]);
  const resource = `grpc/server?address=${address}`;
  await edge.publish([serverListener(resource, port + 1)]);
  await until(() => isTaken(edge, "listener"));
  equal((await client.modes(address)).includes("SERVING"), false);
  await edge.publish([serverListener(resource, port), ...grpcTarget({ name: "server", ports: [port] })]);
  await client.until("server", { text: address });
  equal((await client.modes(address)).at(-1), "SERVING");
});

/** Of each stream: grpc-js has one for all targets, grpc-go one for each. */
async function statesOf(edge: EdgeProcess, type: ResourceType): Promise<readonly ProxyTypeState[]> {
  const proxies = await edge.proxies();
  return proxies.flatMap(({ types }) => types.filter((state) => state.type === type));
}

/** The stream that wants what changed last has taken it. */
async function isTaken(edge: EdgeProcess, type: ResourceType): Promise<boolean> {
  const states = await statesOf(edge, type);
  const isQuiet = states.every(({ rejected }) => rejected === "");
  return isQuiet && states.some(({ acked, wanted }) => acked === wanted);
}
