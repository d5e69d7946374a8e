/**
 * Floods of good requests: more streams, more requests, more names, more types than anybody needs, and clients that
 * never answer or answer nonsense. Each has a limit with a status; what it costs is given back when it is over; the
 * streams beside it do not notice (P9).
 *
 * FUZZ_RUNS raises the number of rounds.
 */
import { equal, match, ok } from "node:assert/strict";
import { connect } from "node:http2";
import { type TestContext, test } from "node:test";
import type { Part } from "@routeledger/xds-model";
import { defaultGroup } from "../features/xds/edge-world.ts";
import { type Protocol, protocols, RawClient } from "../features/xds/raw-client.ts";
import { cluster, endpoints } from "../features/xds/sample-parts.ts";
import { FuzzWorld } from "./edge-fuzz/fuzz-world.ts";
import { preface, RawConnection } from "./edge-fuzz/raw-http2.ts";
import {
  fuzzNode,
  grpcFrame,
  requestOf,
  WireCall,
  type WireEnd,
  wireSession,
} from "./edge-fuzz/wire-call.ts";

const rounds = 2 * Number(process.env.FUZZ_RUNS ?? 1);
const timeout = 60_000 * (1 + rounds);

/** So that floods are as fast as they come: what paces them is tested where the limits are. */
const unpaced = { requestsPerSecond: 1_000_000, newStreamsPerSecond: 1_000_000 };

/** A resource by another name each, as many as one likes. */
function names(count: number, prefix = "name"): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
}

/** Something to send that is worth keeping, were anybody to keep it. */
const bulky: readonly Part[] = names(100, "bulky").flatMap((name) => [
  cluster(name, { serviceName: "x".repeat(2_000) }),
  endpoints(name, 9),
]);

for (const protocol of protocols) {
  test(`${protocol}: 10,000 requests in one stream, none of them answered to, leave nothing behind`, {
    timeout,
  }, async (t) => {
    const world = await FuzzWorld.start(t, bulky, unpaced);
    await world.assertFlat(
      async () => {
        const call = await begun(t, world, protocol);
        for (let count = 0; count < 10_000; count++) {
          call.send(
            requestOf(protocol, "cluster", [`bulky-${count % 100}`], { responseNonce: `s1-${count}` }),
          );
        }
        equal(await call.fence("fence-2"), undefined);
        call.cancel();
      },
      { rounds },
    );
  });

  test(`${protocol}: 1,000 streams that come at once and go leave nothing behind`, { timeout }, async (t) => {
    const world = await FuzzWorld.start(t, [], unpaced);
    await world.assertFlat(
      async () => {
        const sessions = Array.from({ length: 10 }, () => connect(`http://${world.edge.address}`));
        const calls = sessions.flatMap((session) =>
          Array.from({ length: 100 }, () => new WireCall(session, protocol)),
        );
        await Promise.all(
          calls.map((call, index) => {
            if (index % 3 === 0) return call.begin();
            if (index % 3 === 1) call.send(requestOf(protocol, "cluster", [], { node: fuzzNode }));
            return undefined;
          }),
        );
        for (const session of sessions) session.destroy();
      },
      { rounds, growthMax: 16_000_000 },
    );
  });

  test(`rule 69, ${protocol}: 100,000 names are taken, more than 200,000 end the stream with RESOURCE_EXHAUSTED`, {
    timeout,
  }, async (t) => {
    const world = await FuzzWorld.start(t, bulky, unpaced);
    const many = requestOf(protocol, "endpoint", names(100_000));
    const tooMany = requestOf(protocol, "endpoint", names(200_001, "more"));
    await world.assertFlat(
      async () => {
        const call = await begun(t, world, protocol);
        call.send(many);
        equal(await call.fence("fence-2"), undefined);
        call.send(tooMany);
        const end = await call.ended;
        equal(end.code, "RESOURCE_EXHAUSTED");
        match(end.message, /names/);
      },
      { rounds, growthMax: 16_000_000 },
    );
  });

  test(`${protocol}: a list that flips between 5,000 names and 5,000 others costs one of them`, {
    timeout,
  }, async (t) => {
    const world = await FuzzWorld.start(t, bulky, unpaced);
    const lists = ["left", "right"].map((prefix) => names(5_000, prefix));
    await world.assertFlat(
      async () => {
        const call = await begun(t, world, protocol);
        for (let count = 0; count < 100; count++) {
          const [now, before] = [lists[count % 2]!, lists[(count + 1) % 2]!];
          const gone = protocol === "delta" ? { resourceNamesUnsubscribe: before } : {};
          call.send(requestOf(protocol, "endpoint", now, gone));
        }
        equal(await call.fence("fence-2"), undefined);
        call.cancel();
      },
      { rounds },
    );
  });

  test(`rule 12, ${protocol}: thousands of types that nobody knows are borne, and not all remembered`, {
    timeout,
  }, async (t) => {
    const world = await FuzzWorld.start(t, [], unpaced);
    await world.assertFlat(
      async () => {
        const call = await begun(t, world, protocol);
        for (let type = 0; type < 3_000; type++) {
          call.send(requestOf(protocol, `type.googleapis.com/made.up.Type${type}`, names(100, `of-${type}`)));
        }
        equal(await call.fence("fence-2"), undefined);
        call.cancel();
      },
      { rounds },
    );
  });

  test(`rule 6, ${protocol}: clients that never answer, answer nonsense, or reject all get no more than others`, {
    timeout,
  }, async (t) => {
    const world = await FuzzWorld.start(t, bulky, unpaced);
    await world.assertFlat(
      async () => {
        const clients = names(20, "client").map((id) => {
          const client = new RawClient(world.edge.address);
          return { client, stream: client.open(protocol, { id, cluster: defaultGroup }) };
        });
        for (const [index, { stream }] of clients.entries()) {
          stream.subscribe("cluster");
          const received = await stream.next();
          if (index % 3 === 1) stream.ack({ ...received, nonce: "nonsense", version: "nonsense" });
          if (index % 3 === 2) for (let count = 0; count < 50; count++) stream.nack(received);
        }
        // Each of these is a change for all of them.
        for (let change = 0; change < 5; change++) await world.changed();
        for (const { client, stream } of clients) {
          stream.cancel();
          client.close();
        }
      },
      { rounds, growthMax: 16_000_000 },
    );
  });

  test(`${protocol}: 64 requests before the first snapshot are kept, more end the stream with RESOURCE_EXHAUSTED`, {
    timeout,
  }, async (t) => {
    const world = await FuzzWorld.start(t);
    const session = wireSession(t, world.edge.address);
    const call = new WireCall(session, protocol);
    const first = requestOf(protocol, "cluster", [], { node: fuzzNode });
    const more = Array.from({ length: 200 }, () => grpcFrame(requestOf(protocol, "endpoint", names(10))));
    call.write(Buffer.concat([grpcFrame(first), ...more]));
    const end: WireEnd | undefined = await call.fence("fence-2");
    // An edge that is quick has the snapshot before them.
    ok(end === undefined || end.code === "RESOURCE_EXHAUSTED", `got ${end?.code}`);
    await world.assertUnharmed();
  });
}

test("connections that say nothing, or say it a byte at a time, hold up nobody", { timeout }, async (t) => {
  const world = await FuzzWorld.start(t);
  await world.assertFlat(
    async () => {
      const slow = Array.from({ length: 300 }, () => new RawConnection(t, world.edge.address));
      for (let byte = 0; byte < 20; byte++) {
        for (const connection of slow) connection.write(preface.subarray(byte, byte + 1));
        await slow.at(-1)?.flushed();
      }
      for (const connection of slow) connection.socket.destroy();
    },
    { rounds },
  );
});

/** A call of a connection of its own, that is served. */
async function begun(t: TestContext, world: FuzzWorld, protocol: Protocol): Promise<WireCall> {
  const call = new WireCall(wireSession(t, world.edge.address), protocol);
  await call.begin();
  return call;
}
