import { deepEqual, equal, ok } from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { configKinds, type EventLog, LogFollower } from "@routeledger/event-log";
import { createNatsStreams, type NatsEventLogs, openNatsEventLogs } from "@routeledger/event-log-nats";
import { systemClock } from "@routeledger/std";
import { CountingWriter, summariesOf } from "../nats/counting-writer.ts";
import { jetStreamAdmin } from "../nats/jetstream-admin.ts";
import { type NatsTestServers, startNatsCluster } from "../nats/nats-server.ts";
import { whenReachable } from "../nats/when-reachable.ts";

/** P1 on three servers: whatever is killed or frozen while commits are appended, what was acknowledged stands once. */

let cluster: NatsTestServers;
let logs: NatsEventLogs;
let others: NatsEventLogs;
let writers: readonly CountingWriter[];
let follower: Following;

before(async () => {
  cluster = await startNatsCluster();
});
beforeEach(async () => {
  await jetStreamAdmin(cluster.url).deleteStream("CONFIG");
  const options = { servers: cluster.url.split(","), name: "loss" };
  await createNatsStreams({ ...options, replicas: 3 });
  logs = await openNatsEventLogs(options);
  others = await openNatsEventLogs(options);
  writers = [new CountingWriter(logs.config, "one"), new CountingWriter(others.config, "two")];
  follower = following(logs.config);
  for (const writer of writers) writer.start();
  await more(10);
});
afterEach(async () => {
  for (const server of cluster.servers) server.thaw();
  for (const writer of writers) await writer.stop();
  await follower.stop();
  await logs.close();
  await others.close();
});
after(() => cluster.dispose());

interface Following {
  readonly seen: readonly string[];
  waitFor(sequence: number): Promise<boolean>;
  stop(): Promise<void>;
}

function following(log: EventLog): Following {
  const seen: string[] = [];
  const stop = new AbortController();
  const handle = (items: Parameters<ConstructorParameters<typeof LogFollower>[1]["handle"]>[0]): void => {
    for (const item of items) if (item.type === "commit") seen.push(item.commit.summary);
  };
  const follows = new LogFollower(log, { from: undefined, kinds: configKinds, clock: systemClock, handle });
  const running = follows.run({ signal: stop.signal });
  return {
    seen,
    waitFor: (sequence) => follows.waitFor(sequence),
    stop: async () => {
      stop.abort();
      await running;
    },
  };
}

/** Each of the writers, who race, gets so many more acknowledged. */
async function more(count: number): Promise<void> {
  await Promise.all(writers.map((writer) => writer.more(count)));
}

/** Nothing that was acknowledged is missing, nothing stands twice, and who followed all the time saw the same. */
async function allIsThere(): Promise<void> {
  for (const writer of writers) await writer.stop();
  const summaries = await whenReachable(() => summariesOf(logs.config));
  for (const { name, acknowledged } of writers) {
    const own = summaries.filter((summary) => summary.startsWith(name));
    deepEqual(
      own,
      Array.from({ length: own.length }, (_, index) => `${name} ${index + 1}`),
    );
    deepEqual(acknowledged, own.slice(0, acknowledged.length));
  }
  equal(await follower.waitFor((await logs.config.info()).lastSequence), true);
  deepEqual(follower.seen, summaries);
}

test("P1: the stream's leader is killed and started again, then a follower; appends go on with two of three", async () => {
  const leader = await cluster.leaderOf("CONFIG");
  const follower = cluster.servers.find((server) => server !== leader);
  for (const server of [leader, follower]) {
    ok(server);
    await server.kill();
    await more(10);
    await server.spawn();
    await cluster.ready();
    await more(5);
  }
  await allIsThere();
});

test("P1: all servers are killed at once and started again", async () => {
  await Promise.all(cluster.servers.map((server) => server.kill()));
  for (const server of cluster.servers) await server.spawn();
  await cluster.ready();
  await more(10);
  await allIsThere();
});

test("P1: the stream's leader is frozen past its election and thawed; it stores nothing of its own", async () => {
  const leader = await cluster.leaderOf("CONFIG");
  ok(leader);
  leader.freeze();
  await more(10);
  const { lastSequence } = await whenReachable(() => logs.config.info());
  leader.thaw();
  // N6: in its first moments it answers what it knew; nobody may take that for a log that is shorter.
  for (let asked = 0; asked < 1_000; asked++) {
    const info = await whenReachable(() => logs.config.info());
    ok(
      info.lastSequence >= lastSequence,
      `the log ends at ${info.lastSequence}, it ended at ${lastSequence}`,
    );
  }
  await cluster.ready();
  await more(10);
  await allIsThere();
});
