import { deepEqual, equal, rejects } from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import type { EventLog } from "@routeledger/event-log";
import { CommitReader, CommitWriter, configKinds, emptyTail } from "@routeledger/event-log";
import { newCommit, testTools } from "@routeledger/event-log/testing";
import { createNatsStreams, type NatsEventLogs, openNatsEventLogs } from "@routeledger/event-log-nats";
import { systemClock, utf8 } from "@routeledger/std";
import { type JetStreamAdmin, jetStreamAdmin } from "../nats/jetstream-admin.ts";
import { type NatsTestServer, type NatsTestServers, startNatsServer } from "../nats/nats-server.ts";
import { startTcpProxy, type TcpProxy } from "../nats/tcp-proxy.ts";

/** Appends on a real server whose connection has accidents, and what their writer finds out. */

const unknownOutcome = { code: "log.unknownOutcome", retryable: true };
const chunks = 3;
const payload = new Uint8Array((chunks - 1) * 512 * 1024 + 1).fill(7);
let running: NatsTestServers & { readonly server: NatsTestServer };
let admin: JetStreamAdmin;
let proxy: TcpProxy;
let logs: NatsEventLogs;
let direct: NatsEventLogs;

before(async () => {
  running = await startNatsServer();
  admin = jetStreamAdmin(running.url);
});
beforeEach(async () => {
  await admin.deleteStream("CONFIG");
  await createNatsStreams({ servers: [running.url], name: "create", replicas: 1 });
  proxy = await startTcpProxy(running.server.port);
  logs = await openNatsEventLogs({ servers: [proxy.url], name: "through the proxy" });
  direct = await openNatsEventLogs({ servers: [running.url], name: "direct" });
});
afterEach(async () => {
  await logs.close();
  await direct.close();
  await proxy.close();
});
after(() => running.dispose());

function bodies(text: string, count: number) {
  return Array.from({ length: count }, (_, index) => ({ subject: "A", body: utf8(`${text} ${index}`) }));
}

async function lastOf(log: EventLog): Promise<number> {
  return (await log.info()).lastSequence;
}

test("point 4: an append whose connection is cut has an unknown outcome; alone or many, it is stored whole or not", async () => {
  for (const count of [1, 5]) {
    for (const cut of ["before", "after"] as const) {
      const expectedLast = await lastOf(direct.config);
      const at = count === 1 ? "Nats-Expected-Last-Sequence" : "Nats-Batch-Commit";
      void proxy.arrange({ at, cut });
      await connectedAgain();
      await rejects(logs.config.append({ messages: bodies(cut, count), expectedLast }), unknownOutcome);
      equal(await lastOf(direct.config), expectedLast + (cut === "after" ? count : 0));
    }
  }
});

/** Waits until a request gets through. */
async function connectedAgain(): Promise<void> {
  for (;;) {
    if (await logs.config.info().catch(() => undefined)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test("rule W4: whatever the cut connection hid, a commit is stored once and is acknowledged", async () => {
  const writer = new CommitWriter(logs.config, { ...testTools(), clock: systemClock });
  let tail = emptyTail;
  for (const at of ["Nats-Expected-Last-Sequence", "Nats-Batch-Commit"]) {
    for (const cut of ["before", "after"] as const) {
      await connectedAgain();
      const happened = proxy.arrange({ at, cut });
      const commit = newCommit({ summary: `${at} ${cut}`, ...(at === "Nats-Batch-Commit" && { payload }) });
      const outcome = await writer.append(commit, tail);
      await happened;
      equal(outcome.outcome, "appended");
      if (outcome.outcome === "appended") ({ tail } = outcome);
    }
  }
  const summaries: string[] = [];
  const reader = new CommitReader(direct.config, { from: undefined, kinds: configKinds });
  for await (const item of reader.read({ until: await lastOf(direct.config) })) {
    equal(item.type, "commit");
    if (item.type === "commit") summaries.push(item.commit.summary);
  }
  deepEqual(summaries, [
    "Nats-Expected-Last-Sequence before",
    "Nats-Expected-Last-Sequence after",
    "Nats-Batch-Commit before",
    "Nats-Batch-Commit after",
  ]);
  equal(await lastOf(direct.config), 2 + 2 * chunks);
});

test("point 13: without a connection an append is refused at once, and is not stored later", async () => {
  proxy.breakOff();
  const refusal = { code: "log.unreachable", retryable: true };
  // The first may have met the end of the connection: then its outcome is unknown.
  await logs.config.append({ messages: bodies("first", 1), expectedLast: 0 }).catch(() => {});
  await rejects(logs.config.append({ messages: bodies("a", 1), expectedLast: 0 }), refusal);
  await rejects(logs.config.append({ messages: bodies("b", 3), expectedLast: 0 }), refusal);
  proxy.mend();
  await connectedAgain();
  equal(await lastOf(direct.config), 0);
});

test("point 13: without the stream nothing is stored, and that is said", async () => {
  await admin.deleteStream("CONFIG");
  await rejects(logs.config.append({ messages: bodies("a", 1), expectedLast: 0 }), {
    code: "log.unreachable",
  });
  await rejects(logs.config.append({ messages: bodies("b", 3), expectedLast: 0 }), {
    code: "log.unreachable",
  });
});

test("N5: a fence behind which the append itself stands is an unknown outcome, not a lost race", async () => {
  const [body] = bodies("mine", 1);
  await direct.config.append({ messages: [body!], expectedLast: 0 });
  await rejects(logs.config.append({ messages: [body!], expectedLast: 0 }), unknownOutcome);
  const other = await logs.config.append({ messages: bodies("other", 2), expectedLast: 0 });
  deepEqual(other, { outcome: "fenced", lastSequence: 1 });
});

test("point 2: pipelined appends behind predicted sequences are stored in order, and all fall with the first", async () => {
  const pipelined = (from: number) =>
    Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        logs.config.append({ messages: bodies(`${from} ${index}`, 1), expectedLast: from + index }),
      ),
    );
  deepEqual(
    (await pipelined(0)).map(({ lastSequence }) => lastSequence),
    Array.from({ length: 50 }, (_, index) => index + 1),
  );
  // More than are under way: one that comes to stand where a message was predicted would be followed by the rest.
  await direct.config.append({ messages: bodies("another's", 60), expectedLast: 50 });
  const outcomes = await pipelined(50);
  deepEqual([...new Set(outcomes.map(({ outcome }) => outcome))], ["fenced"]);
  equal(await lastOf(direct.config), 110);
});

test("point 12: a server without room says so and stores nothing, of a batch neither", async () => {
  await admin.editStream("CONFIG", { max_bytes: 300_000 });
  const large = new Uint8Array(120_000);
  const messages = [{ subject: "A", body: large }];
  for (const expectedLast of [0, 1]) await logs.config.append({ messages, expectedLast });
  const full = { code: "log.diskFull", retryable: true };
  await rejects(logs.config.append({ messages, expectedLast: 2 }), full);
  await rejects(logs.config.append({ messages: [...messages, ...messages], expectedLast: 2 }), full);
  equal(await lastOf(direct.config), 2);
  await admin.editStream("CONFIG", { max_bytes: -1 });
  equal((await logs.config.append({ messages, expectedLast: 2 })).outcome, "appended");
});

test("point 12: a server whose file store is full says so, keeps what it has, and takes appends again", async () => {
  const small = await startNatsServer({ fileStoreMax: "30MB" });
  const options = { servers: [small.url], name: "small" };
  await createNatsStreams({ ...options, replicas: 1, deliveryBytesMax: 1_000_000 });
  const { config, xds, close } = await openNatsEventLogs(options);
  try {
    const messages = [{ subject: "A", body: new Uint8Array(500_000) }];
    for (let last = 0; last < 20; last++) await config.append({ messages, expectedLast: last });
    const fill = async (): Promise<void> => {
      for (let last = 0; ; last++) await xds.append({ messages, expectedLast: last });
    };
    await rejects(fill(), { code: "log.diskFull", retryable: true, hint: /room/ });
    const { lastSequence } = await xds.info();
    equal((await xds.at(lastSequence))?.body.length, 500_000);
    await rejects(xds.append({ messages: [...messages, ...messages], expectedLast: lastSequence }), {
      code: "log.diskFull",
    });
    equal((await xds.info()).lastSequence, lastSequence);
    await config.purge(20);
    equal((await xds.append({ messages, expectedLast: lastSequence })).outcome, "appended");
  } finally {
    await close();
    await small.dispose();
  }
});

test("DELIVERY: records that many append at the same time are all stored", async () => {
  const writers = Array.from({ length: 80 }, () => new CommitWriter(logs.delivery, testTools(Math.random())));
  const { lastSequence } = await logs.delivery.info();
  await Promise.all(writers.map((writer) => writer.appendUnfenced(newCommit({ kind: "DeliveryBatch" }))));
  equal(await lastOf(direct.delivery), lastSequence + 80);
});
