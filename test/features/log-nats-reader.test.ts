import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import type { EventLog, LogMessage } from "@routeledger/event-log";
import { createNatsStreams, type NatsEventLogs, openNatsEventLogs } from "@routeledger/event-log-nats";
import { utf8 } from "@routeledger/std";
import { type JetStreamAdmin, jetStreamAdmin } from "../nats/jetstream-admin.ts";
import { type NatsTestServer, type NatsTestServers, startNatsServer } from "../nats/nats-server.ts";
import { startTcpProxy, type TcpProxy } from "../nats/tcp-proxy.ts";

/** Readers on a real server, and all that ends them. The reader's connection goes through a proxy, the writer's not. */

const unreachable = { code: "log.unreachable", retryable: true };
let running: NatsTestServers & { readonly server: NatsTestServer };
let admin: JetStreamAdmin;
let proxy: TcpProxy;
let writer: NatsEventLogs;
let reader: NatsEventLogs;

before(async () => {
  running = await startNatsServer();
  admin = jetStreamAdmin(running.url);
});
beforeEach(async () => {
  await admin.deleteStream("CONFIG");
  await createNatsStreams({ servers: [running.url], name: "create", replicas: 1 });
  proxy = await startTcpProxy(running.server.port);
  writer = await openNatsEventLogs({ servers: [running.url], name: "writer" });
  reader = await openNatsEventLogs({ servers: [proxy.url], name: "reader" });
});
afterEach(async () => {
  await reader.close();
  await writer.close();
  await proxy.close();
});
after(() => running.dispose());

/** Appends so many small messages. */
async function fill(log: EventLog, count: number, bytes = 10): Promise<void> {
  let { lastSequence } = await log.info();
  const end = lastSequence + count;
  while (lastSequence < end) {
    const size = Math.min(100, end - lastSequence);
    const first = lastSequence + 1;
    const messages = Array.from({ length: size }, (_, index) => {
      const body = new Uint8Array(bytes).fill(1);
      body.set(utf8(String(first + index)));
      return { subject: "A", body };
    });
    const outcome = await log.append({ messages, expectedLast: lastSequence });
    equal(outcome.outcome, "appended");
    ({ lastSequence } = outcome);
  }
}

/** A reader that has read what there is and waits for more. */
async function waitingReader(log: EventLog): Promise<AsyncIterator<LogMessage>> {
  await fill(writer.config, 10);
  const reading = log.read({ after: 0 })[Symbol.asyncIterator]();
  for (let sequence = 1; sequence <= 10; sequence++) equal((await reading.next()).value?.sequence, sequence);
  return reading;
}

/** Waits on the server until the log's stream has so many consumers. */
async function consumersAre(count: number): Promise<void> {
  for (;;) {
    if ((await admin.consumers("CONFIG")).length === count) return;
    await new Promise(setImmediate);
  }
}

test("what is appended in another process wakes a reader", async () => {
  const reading = await waitingReader(reader.config);
  const next = reading.next();
  await fill(writer.config, 1);
  equal((await next).value?.sequence, 11);
  await reading.return?.();
});

test("a long log is read in order, once, whole, in many pulls", async () => {
  await fill(writer.config, 12_345);
  let last = 0;
  for await (const { sequence, body } of reader.config.read({ after: 0, until: 12_345 })) {
    equal(sequence, last + 1);
    equal(Number.parseInt(Buffer.from(body).toString(), 10), sequence);
    last = sequence;
  }
  equal(last, 12_345);
});

test("N7: a slow reader is sent no more than it may keep, and misses nothing", async () => {
  const bytes = 100_000;
  await fill(writer.config, 600, bytes);
  const before = proxy.received;
  let read = 0;
  for await (const { sequence } of reader.config.read({ after: 0, until: 600 })) {
    equal(sequence, ++read);
    if (read % 50 > 0) continue;
    // As long as a request to the server takes, nothing is taken out: what can come has come.
    for (let round = 0; round < 20; round++) await reader.config.info();
    const ahead = proxy.received - before - read * bytes;
    ok(ahead < 14_000_000, `${ahead} bytes were sent ahead of message ${read}`);
  }
  equal(read, 600);
});

test("N7: a reader's consumer goes when it is aborted, ends, or is left", async () => {
  await fill(writer.config, 20);
  const stop = new AbortController();
  const waiting = reader.config.read({ after: 20, signal: stop.signal })[Symbol.asyncIterator]().next();
  await consumersAre(1);
  stop.abort();
  equal((await waiting).done, true);
  await consumersAre(0);
  for await (const { sequence } of reader.config.read({ after: 0, until: 20 })) if (sequence === 3) break;
  for await (const _ of reader.config.read({ after: 0, until: 20 }));
  await consumersAre(0);
});

test("N8: a reader ends at once when its connection is cut, behind what came before", async () => {
  const reading = await waitingReader(reader.config);
  const next = reading.next();
  proxy.breakOff();
  await rejects(
    next.then((result) => ok(result.done, `message ${result.value?.sequence}`)),
    unreachable,
  );
  await rejects(reader.config.read({ after: 10 })[Symbol.asyncIterator]().next(), unreachable);
  await rejects(reader.config.info(), unreachable);
  proxy.mend();
  await fill(writer.config, 1);
  equal((await readsAgain(10)).sequence, 11);
});

/** The next message behind a sequence, as soon as the connection is there again. */
async function readsAgain(after: number): Promise<LogMessage> {
  for (;;) {
    try {
      const next = await reader.config.read({ after })[Symbol.asyncIterator]().next();
      return next.value as LogMessage;
    } catch (error) {
      deepEqual({ ...unreachable }, { code: (error as { code: string }).code, retryable: true });
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

test("N8: a reader ends within seconds when the server says nothing any more", async () => {
  const reading = await waitingReader(reader.config);
  const next = reading.next();
  proxy.silence();
  const from = performance.now();
  await rejects(next, unreachable);
  ok(performance.now() - from < 7_000, `after ${performance.now() - from} ms`);
  proxy.mend();
});

test("N8: a reader ends within seconds when the server is frozen, and goes on behind it", async () => {
  const reading = await waitingReader(reader.config);
  const next = reading.next();
  running.server.freeze();
  await rejects(next, unreachable);
  running.server.thaw();
  await fill(writer.config, 1).catch(async () => {
    await readsAgain(9);
    await fill(writer.config, 1);
  });
  equal((await readsAgain(10)).sequence, 11);
});

test("N8: a server that is killed ends a reader; the log goes on with the same identity", async () => {
  const { identity } = await reader.config.info();
  const reading = await waitingReader(reader.config);
  const next = reading.next();
  const ended = rejects(next, unreachable);
  await running.server.restart();
  await ended;
  equal((await readsAgain(9)).sequence, 10);
  equal((await reader.config.info()).identity, identity);
});

test("N8: a reader ends when its consumer is taken away", async () => {
  const reading = await waitingReader(reader.config);
  const next = reading.next();
  const ended = rejects(next, unreachable);
  for (const consumer of await admin.consumers("CONFIG")) {
    await admin.ask(`CONSUMER.DELETE.CONFIG.${consumer}`);
  }
  await ended;
});

test("N8: a stream that is deleted under a reader ends it; made again, it has another identity", async () => {
  const { identity } = await reader.config.info();
  const reading = await waitingReader(reader.config);
  const next = reading.next();
  const ended = rejects(next, unreachable);
  await admin.deleteStream("CONFIG");
  await ended;
  const missing = { code: "nats.noStream", retryable: false };
  await rejects(reader.config.info(), missing);
  await rejects(reader.config.at(1), missing);
  await rejects(reader.config.read({ after: 0 })[Symbol.asyncIterator]().next(), missing);
  await createNatsStreams({ servers: [running.url], name: "create", replicas: 1 });
  const again = await reader.config.info();
  ok(again.identity !== identity);
  equal(again.lastSequence, 0);
});

test("contract 7: what is purged under a slow reader is said as that", async () => {
  await fill(writer.config, 5_000);
  const reading = reader.config.read({ after: 0 })[Symbol.asyncIterator]();
  equal((await reading.next()).value?.sequence, 1);
  await writer.config.purge(4_990);
  const read = async (): Promise<void> => {
    for (let last = 1; ; last++) equal((await reading.next()).value?.sequence, last + 1);
  };
  await rejects(read(), { code: "log.compacted", message: /oldest is 4990/ });
});

test("contract 7: a reader waits for nothing in a log that was purged whole", async () => {
  await fill(writer.config, 20);
  await writer.config.purge(21);
  await rejects(reader.config.read({ after: 3 })[Symbol.asyncIterator]().next(), { code: "log.compacted" });
  const next = reader.config.read({ after: 20 })[Symbol.asyncIterator]().next();
  await fill(writer.config, 1);
  equal((await next).value?.sequence, 21);
});

test("a message that is missing in the stream stops a reader as a gap, followed or read up to an end", async () => {
  const { config } = await admin.ask("STREAM.INFO.CONFIG");
  await admin.deleteStream("CONFIG");
  // Another stream than was attached to: the server takes nothing out of one that is safe.
  await admin.createStream({ ...config, name: "CONFIG", deny_delete: false });
  await fill(writer.config, 6);
  await admin.ask("STREAM.MSG.DELETE.CONFIG", { seq: 4, no_erase: true });
  for (const until of [undefined, 6]) {
    const read: number[] = [];
    const reading = async (): Promise<void> => {
      const options = { after: 0, ...(until !== undefined && { until }) };
      for await (const { sequence } of reader.config.read(options)) read.push(sequence);
    };
    await rejects(reading(), { code: "log.gap", message: /message 5 follows message 3/ });
    deepEqual(read, [1, 2, 3]);
  }
});
