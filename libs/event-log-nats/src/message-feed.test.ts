import { deepEqual, equal, rejects } from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { utf8 } from "@routeledger/std";
import type { Msg } from "nats";
import { type FeedLink, MessageFeed } from "./message-feed.ts";
import { placeOf } from "./pull-consumer.ts";

/** A feed against a server that says what the test makes it say. */

const unreachable = { code: "log.unreachable", retryable: true };

interface Said {
  readonly code?: number;
  readonly description?: string;
  readonly delivered?: number;
  readonly sequence?: number;
}

class FakeServer {
  /** Batch sizes of the pulls that came. */
  readonly pulls: number[] = [];
  firstSequence = 1;
  dropped = 0;
  lose: (why: string) => void = () => {};
  #hear: (message: Msg) => void = () => {};
  #reply = "";

  readonly link: FeedLink = {
    connected: true,
    newInbox: () => "inbox",
    onLost: (listener) => {
      this.lose = listener;
      return () => {};
    },
    listen: (_subject, heard) => {
      this.#hear = heard;
      return () => {};
    },
    request: async () => ({ kind: "reply", message: fakeMessage({ json: <T>() => ({}) as T }) }),
    publish: (subject, body, options) => {
      if (subject.startsWith("$JS.API.CONSUMER.DELETE")) this.dropped++;
      if (!subject.startsWith("$JS.API.CONSUMER.MSG.NEXT")) return;
      this.pulls.push(JSON.parse(Buffer.from(body ?? []).toString()).batch);
      this.#reply = options?.reply ?? "";
    },
  };

  feed(options: { readonly after?: number; readonly until?: number } = {}): MessageFeed {
    const info = async () => ({ identity: "i", firstSequence: this.firstSequence, lastSequence: 100 });
    const feed = new MessageFeed({ link: this.link, name: "CONFIG", after: 0, info, ...options });
    feed.start();
    return feed;
  }

  /** A message of the stream, in its place unless it is said otherwise. */
  message(sequence: number, { delivered = sequence }: Said = {}): void {
    const reply = `$JS.ACK.CONFIG.rl_1.1.${sequence}.${delivered}.1700000000000000000.0`;
    this.#hear(fakeMessage({ subject: "routeledger.config.A", reply, data: utf8(`body ${sequence}`) }));
  }

  status({ code = 0, description = "", delivered }: Said): void {
    const get = (name: string) => (name === "Nats-Last-Consumer" ? String(delivered) : "");
    const headers = { code, description, status: `${code} ${description}`, get };
    this.#hear(
      fakeMessage({ subject: this.#reply, headers: headers as unknown as NonNullable<Msg["headers"]> }),
    );
  }
}

function fakeMessage(fields: Partial<Msg>): Msg {
  return { data: new Uint8Array(0), ...fields } as Msg;
}

/** Lets everything happen that waits for nothing but promises. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

let server: FakeServer;
beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout"] });
  server = new FakeServer();
});
afterEach(() => mock.timers.reset());

test("N7: a pull is used up, then the next one is sent, and nothing behind the last message is asked for", async () => {
  const feed = server.feed({ until: 2_003 });
  await settled();
  deepEqual(server.pulls, [2_000]);
  for (let sequence = 1; sequence <= 2_000; sequence++) server.message(sequence);
  deepEqual(server.pulls, [2_000, 3]);
  for (let sequence = 1; sequence <= 2_000; sequence++) equal((await feed.next())?.sequence, sequence);
  for (let sequence = 2_001; sequence <= 2_003; sequence++) server.message(sequence);
  deepEqual(server.pulls, [2_000, 3]);
  feed.stop();
});

test("N7: a reader that takes nothing is sent two pulls and no more", async () => {
  const feed = server.feed();
  await settled();
  for (let sequence = 1; sequence <= 4_000; sequence++) server.message(sequence);
  deepEqual(server.pulls, [2_000, 2_000]);
  for (let sequence = 1; sequence <= 2_000; sequence++) await feed.next();
  deepEqual(server.pulls, [2_000, 2_000, 2_000]);
  feed.stop();
});

test("a pull whose time or bytes are over is renewed", async () => {
  const feed = server.feed();
  await settled();
  server.status({ code: 408, description: "Request Timeout" });
  server.status({ code: 409, description: "Message Size Exceeds MaxBytes" });
  server.status({ code: 100, description: "Idle Heartbeat", delivered: 0 });
  equal(server.pulls.length, 3);
  server.message(1);
  equal((await feed.next())?.sequence, 1);
  feed.stop();
});

test("N8: a delivery that is missing ends the feed behind what came before it", async () => {
  const feed = server.feed();
  await settled();
  server.message(1);
  server.message(3, { delivered: 3 });
  server.message(4, { delivered: 4 });
  equal((await feed.next())?.sequence, 1);
  await rejects(feed.next(), { ...unreachable, message: /delivery 3 came after delivery 1/ });
  equal(server.dropped, 1);
});

test("N8: a heartbeat that tells of more than came ends the feed", async () => {
  const feed = server.feed();
  await settled();
  server.message(1);
  server.status({ code: 100, delivered: 1 });
  equal((await feed.next())?.sequence, 1);
  server.status({ code: 100, delivered: 2 });
  await rejects(feed.next(), { ...unreachable, message: /delivery 2 was sent, 1 is the last that came/ });
});

test("N8: a consumer, a leader or a server that goes away ends the feed", async () => {
  const endings = [
    { code: 409, description: "Consumer Deleted" },
    { code: 409, description: "Leadership Change" },
    { code: 409, description: "Server Shutdown" },
    { code: 404, description: "No Messages" },
  ];
  for (const ending of endings) {
    const feed = server.feed();
    await settled();
    server.status(ending);
    await rejects(feed.next(), { ...unreachable, message: new RegExp(ending.description) });
  }
  const feed = server.feed();
  await settled();
  server.lose("the connection is lost");
  await rejects(feed.next(), unreachable);
});

test("a gap of the stream itself is log.gap, and log.compacted where it was purged", async () => {
  for (const { firstSequence, code } of [
    { firstSequence: 1, code: "log.gap" },
    { firstSequence: 5, code: "log.compacted" },
  ]) {
    server.firstSequence = 1;
    const feed = server.feed();
    await settled();
    server.firstSequence = firstSequence;
    server.message(1);
    server.message(5, { delivered: 2 });
    equal((await feed.next())?.sequence, 1);
    await rejects(feed.next(), { code });
  }
});

test("a log whose messages run backwards is not followed", async () => {
  const feed = server.feed({ after: 7 });
  await settled();
  server.message(3, { delivered: 1 });
  await rejects(feed.next(), unreachable);
});

test("in a cluster, a consumer to which the way is not known yet is asked again, for a while", async () => {
  const feed = server.feed();
  await settled();
  for (let attempt = 1; attempt <= 5; attempt++) {
    server.status({ code: 503 });
    mock.timers.tick(50);
    equal(server.pulls.length, attempt + 1);
  }
  server.message(1);
  equal((await feed.next())?.sequence, 1);
  server.status({ code: 503 });
  await rejects(feed.next(), unreachable);

  const lost = server.feed();
  await settled();
  for (let attempt = 1; attempt <= 20; attempt++) {
    server.status({ code: 503 });
    mock.timers.tick(50);
  }
  server.status({ code: 503 });
  await rejects(lost.next(), unreachable);
});

test("a feed that is stopped yields nothing more, also of what had come", async () => {
  const feed = server.feed();
  await settled();
  server.message(1);
  feed.stop();
  feed.stop();
  equal(await feed.next(), undefined);
  equal(server.dropped, 1);
});

test("the place of a message is found with a domain and without", () => {
  const place = { sequence: 42, delivered: 7 };
  deepEqual(placeOf({ reply: "$JS.ACK.CONFIG.rl_1.1.42.7.1700000000000000000.0" }), place);
  deepEqual(placeOf({ reply: "$JS.ACK.hub.AB12.CONFIG.rl_1.1.42.7.1700000000000000000.0" }), place);
  deepEqual(placeOf({ reply: "$JS.ACK.hub.AB12.CONFIG.rl_1.1.42.7.1700000000000000000.0.xyz" }), place);
  equal(placeOf({ reply: "_INBOX.somewhere" }), undefined);
  equal(placeOf({}), undefined);
});
