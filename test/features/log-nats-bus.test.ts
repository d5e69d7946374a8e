import { deepEqual, equal, rejects } from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, test } from "node:test";
import {
  createNatsStreams,
  type NatsBus,
  type NatsEventLogs,
  openNatsEventLogs,
} from "@routeledger/event-log-nats";
import { fromUtf8, utf8 } from "@routeledger/std";
import { connect, type NatsConnection } from "nats";
import { type NatsTestServer, type NatsTestServers, startNatsServer } from "../nats/nats-server.ts";
import { startTcpProxy, type TcpProxy } from "../nats/tcp-proxy.ts";
import { whenReachable } from "../nats/when-reachable.ts";

/** The connection of a process and the messages between processes, over what happens to connections. */

let running: NatsTestServers & { readonly server: NatsTestServer };
let proxy: TcpProxy;
let one: NatsEventLogs;
let two: NatsEventLogs;
let client: NatsConnection;

before(async () => {
  running = await startNatsServer();
  await createNatsStreams({ servers: [running.url], name: "create", replicas: 1 });
});
beforeEach(async () => {
  proxy = await startTcpProxy(running.server.port);
  one = await openNatsEventLogs({ servers: [proxy.url], name: "one" });
  two = await openNatsEventLogs({ servers: [running.url], name: "two" });
  client = await connect({ servers: running.url });
});
afterEach(async () => {
  await client.close();
  await one.close();
  await two.close();
  await proxy.close();
});
after(() => running.dispose());

/** What a subscriber heard, and a way to wait for a text. */
function listening({ bus }: { readonly bus: NatsBus }) {
  const heard: string[] = [];
  let check = (): void => {};
  const stop = bus.subscribe("routeledger.translator", (body) => {
    heard.push(fromUtf8(body));
    check();
  });
  const until = (text: string): Promise<void> =>
    new Promise((resolve) => {
      check = () => {
        if (heard.includes(text)) resolve();
      };
      check();
    });
  return { heard, stop, until };
}

async function echoOn({ bus }: { readonly bus: NatsBus }, name: string) {
  return await bus.serve({
    name: "routeledger-api",
    version: "1.0.0",
    description: "a test",
    endpoints: [{ name: "get", subject: "routeledger.api.get", handle: async () => ({ body: utf8(name) }) }],
  });
}

test("who subscribes hears what is published until it stops", async () => {
  const { heard, stop, until } = listening(two);
  await two.config.info();
  one.bus.publish("routeledger.translator", utf8("first"));
  await until("first");
  stop();
  one.bus.publish("routeledger.translator", utf8("second"));
  await one.config.info();
  await two.config.info();
  deepEqual(heard, ["first"]);
});

test("a subscription goes on over a lost connection; what is published meanwhile is lost, not kept", async () => {
  const { heard, until } = listening(one);
  await one.config.info();
  proxy.breakOff();
  await rejects(one.config.info(), { code: "log.unreachable" });
  two.bus.publish("routeledger.translator", utf8("lost"));
  one.bus.publish("routeledger.translator", utf8("lost, too"));
  proxy.mend();
  await whenReachable(() => one.config.info());
  two.bus.publish("routeledger.translator", utf8("heard"));
  await until("heard");
  deepEqual(heard, ["heard"]);
});

/** Asks until the server knows of somebody who serves the subject: a subscription is not acknowledged. */
async function answered(): Promise<string> {
  for (let tries = 1; ; tries++) {
    try {
      return (await client.request("routeledger.api.get", "", { timeout: 5_000 })).string();
    } catch (error) {
      if ((error as { code?: string }).code !== "503" || tries === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

test("of two that serve the same subject one answers; when it stops or is lost, the other does", async () => {
  const first = await echoOn(one, "one");
  const second = await echoOn(two, "two");
  const answers = new Set<string>();
  while (answers.size < 2) answers.add(await answered());
  proxy.breakOff();
  await rejects(one.config.info(), { code: "log.unreachable" });
  equal(await answered(), "two");
  await second.stop();
  proxy.mend();
  await whenReachable(() => one.config.info());
  equal(await answered(), "one");
  await first.stop();
});

test("after close nothing is published, heard or asked, and nothing fails", async () => {
  const { heard, stop } = listening(one);
  const service = await echoOn(one, "one");
  await one.close();
  await one.close();
  one.bus.publish("routeledger.translator", utf8("nobody"));
  stop();
  await service.stop();
  await rejects(one.config.info(), { code: "log.closed" });
  await rejects(one.config.append({ messages: [{ subject: "A", body: utf8("a") }] }), { code: "log.closed" });
  deepEqual(heard, []);
});

test("a password that is changed at the server and then in the file is used without a restart", async () => {
  const folder = await mkdtemp(join(tmpdir(), "routeledger-nats-password-"));
  const passwordFile = join(folder, "password");
  await writeFile(passwordFile, "right\n");
  const users = (password: string) => `authorization { user: api, password: ${password} }\n`;
  const guarded = await startNatsServer({ configuration: users("right") });
  const access = { servers: [guarded.url], name: "guarded", user: "api", passwordFile };
  await createNatsStreams({ ...access, replicas: 1 });
  const logs = await openNatsEventLogs(access);
  try {
    const { server } = guarded;
    server.configuration = server.configuration.replace(users("right"), users("changed"));
    await server.restart();
    // Three refusals in a row, seen in the server's own log.
    while (((await server.log()).match(/authentication error/g) ?? []).length < 3) {
      await rejects(logs.config.info(), { code: "log.unreachable" });
      await new Promise(setImmediate);
    }
    // The password stays another one: the process is given the new one in its file, which is away for a moment.
    await rm(passwordFile);
    await rejects(logs.config.info(), { code: "log.unreachable" });
    await writeFile(passwordFile, "changed\n");
    equal((await whenReachable(() => logs.config.info())).lastSequence, 0);
  } finally {
    await logs.close();
    await guarded.dispose();
    await rm(folder, { recursive: true });
  }
});
