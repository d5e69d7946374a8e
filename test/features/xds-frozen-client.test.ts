/**
 * Rule 68: a client process that is stopped (SIGSTOP) among others. It costs no memory, delays nobody, and is ended
 * after the write timeout; when it goes on it comes back by itself and has the newest state.
 */
import { equal, ok } from "node:assert/strict";
import { test } from "node:test";
import type { Part } from "@routeledger/xds-model";
import { EdgeProcess } from "../edge-process/edge-process.ts";
import { defaultGroup, until } from "./xds/edge-world.ts";
import { RawClient } from "./xds/raw-client.ts";
import { cluster } from "./xds/sample-parts.ts";
import { type Library, libraries, startGrpcClient } from "./xds-grpc/grpc-client.ts";
import { grpcTarget } from "./xds-grpc/grpc-parts.ts";
import { startBackend } from "./xds-grpc/named-backend.ts";

const others = 100;
const writeTimeoutMs = 3_000;
/** Of each half of the test. */
const publications = 150;
/** Of the frozen client's target, bytes: together far more than sockets hold. */
const listenerBytes = 100_000;
/** What the edge may grow by because the client is stopped, bytes; its log, in memory, grows by what is published. */
const heapGrowthMax = 5_000_000;
/** How long all others may take to have a change, milliseconds; two cores may be busy. */
const updateMsMax = 5_000;

for (const library of libraries) {
  test(`rule 68, ${library}: a client that is stopped costs nothing, delays none of ${others} others, and is ended`, {
    timeout: 120_000,
  }, async (t) => {
    const backend = await startBackend(t, "red");
    const parts = (edition: number): Part[] => [
      cluster("a", { timeoutMs: 1_000 + edition }),
      ...grpcTarget({
        name: "one",
        ports: [backend.port],
        statPrefix: `${edition}-${"x".repeat(listenerBytes)}`,
      }),
    ];
    const edge = await EdgeProcess.serving(t, parts(0), { limits: { writeTimeoutMs } });
    const streams = Array.from({ length: others }, (_, index) => {
      const client = new RawClient(edge.address);
      t.after(() => client.close());
      const protocol = index % 2 === 0 ? "sotw" : "delta";
      return client.open(protocol, { id: `other-${index}`, cluster: defaultGroup });
    });
    for (const stream of streams) stream.subscribe("cluster", "a");
    await Promise.all(streams.map((stream) => stream.take("cluster")));
    const frozen = await startGrpcClient(t, library as Library, {
      servers: [[edge.address]],
      nodeId: "frozen",
    });
    equal((await frozen.call("one", { wait: true })).text, "red");
    const isThere = async (): Promise<boolean> =>
      (await edge.proxies()).some(({ nodeId }) => nodeId === "frozen");

    let edition = 0;
    let slowestMs = 0;
    const growthOverPublications = async (): Promise<number> => {
      const { usedBytes } = await edge.memory();
      for (let count = 0; count < publications; count++) {
        const startedMs = performance.now();
        await edge.publish(parts(++edition));
        await Promise.all(streams.map((stream) => stream.take("cluster")));
        slowestMs = Math.max(slowestMs, performance.now() - startedMs);
      }
      return (await edge.memory()).usedBytes - usedBytes;
    };
    const usualBytes = await growthOverPublications();
    frozen.freeze();
    const grownBytes = (await growthOverPublications()) - usualBytes;
    ok(slowestMs < updateMsMax, `all others have a change within ${updateMsMax} ms, got ${slowestMs}`);
    ok(grownBytes < heapGrowthMax, `growth below ${heapGrowthMax} bytes, got ${grownBytes}`);
    await until(async () => !(await isThere()));

    frozen.thaw();
    await until(isThere);
    equal((await frozen.call("one", { wait: true })).text, "red");
  });
}
