import { deepEqual, equal, rejects } from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { EventLog } from "@routeledger/event-log";
import {
  createNatsStreams,
  type NatsEventLogs,
  type NatsOptions,
  openNatsEventLogs,
} from "@routeledger/event-log-nats";
import { fromUtf8, utf8 } from "@routeledger/std";
import { connect, type NatsConnection } from "nats";
import { type NatsTestServers, startNatsServer } from "../nats/nats-server.ts";
import { usersOfSpec } from "../nats/users-of-spec.ts";

/** The users of docs/spec/nats.md: each can do its work and no more. */

const denied = { code: "nats.denied", retryable: false };
const message = { subject: "A", body: utf8("body") };
const opened: NatsEventLogs[] = [];
let running: NatsTestServers;
let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "routeledger-nats-rights-"));
  await writeFile(join(folder, "password"), "secret\n");
  running = await startNatsServer({ configuration: await usersOfSpec("secret") });
  await createNatsStreams({ ...as("admin"), replicas: 1 });
});
after(async () => {
  for (const logs of opened) await logs.close();
  await running.dispose();
  await rm(folder, { recursive: true });
});

function as(user: string): NatsOptions {
  return { servers: [running.url], name: user, user, passwordFile: join(folder, "password") };
}

async function openAs(user: string): Promise<NatsEventLogs> {
  const logs = await openNatsEventLogs(as(user));
  opened.push(logs);
  return logs;
}

/** Fenced by what a user who may ask knows. */
async function appendTo(log: EventLog): Promise<void> {
  const { lastSequence } = await log.info();
  equal((await log.append({ messages: [message], expectedLast: lastSequence })).outcome, "appended");
}

/** Reads one message in each of the ways that there are. */
async function readFrom(log: EventLog): Promise<void> {
  equal((await log.at(1))?.sequence, 1);
  equal((await log.lastOf("A"))?.body.length, 4);
  for await (const { sequence } of log.read({ after: 0, until: 100 })) return equal(sequence, 1);
}

async function readIsDenied(log: EventLog): Promise<void> {
  await rejects(log.at(1), denied);
  await rejects(log.lastOf("A"), denied);
  await rejects(log.read({ after: 0 })[Symbol.asyncIterator]().next(), denied);
}

test("the api writes CONFIG, reads all logs, and writes or purges no other", async () => {
  const { config, xds, delivery } = await openAs("api");
  await appendTo(config);
  const fenced = await config.append({ messages: [{ ...message, body: utf8("other") }], expectedLast: 0 });
  deepEqual(fenced, { outcome: "fenced", lastSequence: 1 });
  await config.append({ messages: [message, message], expectedLast: 1 });
  for (const log of [xds, delivery]) await rejects(log.append({ messages: [message] }), denied);
  for (const log of [xds, delivery]) await rejects(log.append({ messages: [message, message] }), denied);
  await rejects(config.purge(2), denied);
  await readFrom(config);
});

test("the translator writes, reads and purges CONFIG and XDS, and has nothing to do with DELIVERY", async () => {
  const { config, xds, delivery } = await openAs("translator");
  for (const log of [config, xds]) {
    await appendTo(log);
    await appendTo(log);
    await readFrom(log);
  }
  await rejects(delivery.append({ messages: [message] }), denied);
  await readIsDenied(delivery);
  await xds.purge(2);
  equal((await xds.info()).firstSequence, 2);
  await xds.append({ messages: [message, message], expectedLast: 2 });
});

test("an edge reads XDS and writes DELIVERY, and does not even read CONFIG", async () => {
  const { config, xds, delivery } = await openAs("edge");
  await delivery.append({ messages: [message] });
  for (const log of [config, xds]) await rejects(log.append({ messages: [message] }), denied);
  for (const log of [config, delivery]) await readIsDenied(log);
  await rejects(xds.purge(3), denied);
  equal((await xds.at(2))?.sequence, 2);
  for await (const { sequence } of xds.read({ after: 1, until: 100 })) return equal(sequence, 2);
});

test("the auditor reads everything and writes nothing", async () => {
  const logs = await openAs("auditor");
  for (const log of [logs.config, logs.xds, logs.delivery]) {
    await rejects(log.append({ messages: [message] }), denied);
    const { firstSequence } = await log.info();
    const next = log
      .read({ after: firstSequence - 1 })
      [Symbol.asyncIterator]()
      .next();
    equal((await next).value?.sequence, firstSequence);
  }
});

test("a user who may not hear answers at its own inbox is told so at once", async () => {
  const configuration = `authorization { users: [{ user: api, password: secret, permissions { subscribe: "_INBOX.>" } }] }`;
  const guarded = await startNatsServer({ configuration });
  try {
    const access = { ...as("api"), servers: [guarded.url] };
    await rejects(openNatsEventLogs(access), { ...denied, message: /may not subscribe to _INBOX_api/ });
  } finally {
    await guarded.dispose();
  }
});

test("the translators hear each other, and an edge neither hears nor deceives them", async () => {
  const [one, two, edge] = [await openAs("translator"), await openAs("translator"), await openAs("edge")];
  const heard: string[] = [];
  const done = new Promise<void>((resolve) => {
    two.bus.subscribe("routeledger.translator", (body) => {
      heard.push(fromUtf8(body));
      if (heard.at(-1) === "end") resolve();
    });
  });
  // A request that is answered: what the subscription sent before it has reached the server.
  await two.config.info();
  edge.bus.publish("routeledger.translator", utf8("deceit"));
  await edge.xds.info();
  one.bus.publish("routeledger.translator", utf8("end"));
  await done;
  deepEqual(heard, ["end"]);
});

test("programs on the bus reach the api with the client's user, and nothing else", async () => {
  const { bus } = await openAs("api");
  const service = await bus.serve({
    name: "routeledger-api",
    version: "1.0.0",
    description: "a test",
    endpoints: [
      { name: "get", subject: "routeledger.api.get", handle: async ({ body }) => ({ body }) },
      {
        name: "apply",
        subject: "routeledger.api.apply",
        handle: async ({ header }) => ({
          body: utf8(header("If-Match") ?? "none"),
          error: { code: 409, description: "conflict" },
        }),
      },
      {
        name: "delete",
        subject: "routeledger.api.delete",
        handle: () => Promise.reject(new Error("private")),
      },
    ],
  });
  const client = await connectAs("client");
  try {
    const reply = await client.request("routeledger.api.get", utf8("question"));
    equal(reply.string(), "question");
    const refused = await client.request("routeledger.api.apply", utf8(""));
    equal(refused.headers?.get("Nats-Service-Error-Code"), "409");
    equal(refused.headers?.get("Nats-Service-Error"), "conflict");
    equal(refused.string(), "none");
    const broken = await client.request("routeledger.api.delete", utf8(""));
    equal(broken.headers?.get("Nats-Service-Error-Code"), "500");
    equal(/private/.test(`${broken.headers?.get("Nats-Service-Error")}${broken.string()}`), false);
    const found = await client.request("$SRV.INFO.routeledger-api");
    equal(found.json<{ name: string }>().name, "routeledger-api");
    await rejects(client.request("$JS.API.STREAM.INFO.CONFIG", "", { timeout: 300 }));
    await service.stop();
    await rejects(client.request("routeledger.api.get", utf8("")), { code: "503" });
  } finally {
    await client.close();
  }
});

async function connectAs(user: string): Promise<NatsConnection> {
  return await connect({ servers: running.url, user, pass: "secret", inboxPrefix: `_INBOX_${user}` });
}
