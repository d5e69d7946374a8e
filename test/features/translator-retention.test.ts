import { deepEqual, equal, ok } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { encodeStoreConfirmed } from "@routeledger/config-model";
import { CommitReader, CommitWriter, configKinds, readCheckpoints, xdsKinds } from "@routeledger/event-log";
import { type Revision, systemClock } from "@routeledger/std";
import { checkReplay } from "@routeledger/translator";
import { endpointSlice, gateway, gatewayClass, route, service } from "./translator/sample-objects.ts";
import { TranslatorWorld, turn, type WorldOptions } from "./translator/translator-world.ts";

const shop = [service("shop"), endpointSlice("shop", "10.0.0.1"), route("shop", "shop.example", "shop")];
const checkpointEveryRevisions = 5;
/** What `begin` leaves in CONFIG: the objects, the term and the translator's version. */
const eventsOfStart = 3;

class RetentionWorld extends TranslatorWorld {
  #hosts = 0;

  static async begin(options: WorldOptions): Promise<RetentionWorld> {
    const world = new RetentionWorld({
      checkpointEveryRevisions,
      takeoverAfterMs: 20,
      announceEveryMs: 5,
      ...options,
    });
    await world.author.apply(gatewayClass, gateway, ...shop);
    await world.add();
    await world.settled();
    return world;
  }

  /** So many changes that a round of checkpoints is due, which is written when this resolves. */
  async round(): Promise<void> {
    const before = await this.catalog();
    const due = before === undefined ? checkpointEveryRevisions - eventsOfStart : checkpointEveryRevisions;
    for (let count = 0; count < due; count++)
      await this.author.apply(route(`r${count % 3}`, `h${this.#hosts++}.example`, "shop"));
    await until("a round", async () => (await this.catalog()) !== before);
    await this.settled();
  }

  async catalog(): Promise<number | undefined> {
    return (await this.open().xds.lastOf("Catalog"))?.sequence;
  }

  /** Both ends, as a store would confirm them. */
  async ends(): Promise<{ config: Revision; xds: Revision }> {
    const { config, xds } = this.open();
    const ends = await Promise.all([config.info(), xds.info()]);
    const [atConfig, atXds] = ends.map(({ lastSequence }) => ({ epoch: 1, sequence: lastSequence }));
    return { config: atConfig!, xds: atXds! };
  }

  /** As a store says it, in its name. */
  async confirm(storeId: string, positions: { config: Revision; xds: Revision }): Promise<void> {
    const { config } = this.open();
    const from = (await readCheckpoints(config, configKinds))?.tail;
    const reader = new CommitReader(config, { from, kinds: configKinds });
    const payload = encodeStoreConfirmed({ storeId: storeId.padStart(32, "0"), ...positions });
    const by = { term: 0, actor: "store", source: "store", summary: "" };
    const writer = new CommitWriter(config, { clock: systemClock, randomBytes });
    for (let appended = false; !appended; ) {
      for await (const _ of reader.read({ until: (await config.info()).lastSequence }));
      const commit = { ...by, kind: "StoreConfirmed", schemaVersion: 1, payload };
      appended = (await writer.append(commit, reader.tail)).outcome === "appended";
    }
    await this.settled();
  }

  get oldest(): { config: number; xds: number } {
    return { config: this.configStorage.firstSequence, xds: this.xdsStorage.firstSequence };
  }

  /** Where the last Catalogs say to follow from. */
  async followFrom(): Promise<{ config: number; xds: number }> {
    const { config, xds } = this.open();
    const found = [await readCheckpoints(config, configKinds), await readCheckpoints(xds, xdsKinds)];
    const [atConfig, atXds] = found.map((checkpoints) => checkpoints!.tail.sequence);
    return { config: atConfig!, xds: atXds! };
  }

  async oldestBecomes(oldest: { config: number; xds: number }): Promise<void> {
    await until(
      `the logs to begin at ${JSON.stringify(oldest)}, not ${JSON.stringify(this.oldest)}`,
      async () => isDeepStrictEqual(this.oldest, oldest),
    );
  }
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const started = performance.now();
  while (!(await holds())) {
    await turn();
    ok(performance.now() - started < 10_000, what);
  }
}

test("K6: without retainCheckpoints nothing is ever purged", async () => {
  const world = await RetentionWorld.begin({});
  for (let count = 0; count < 3; count++) await world.round();
  await world.stop();
  deepEqual(world.oldest, { config: 1, xds: 1 });
});

test("both logs keep the last rounds of checkpoints and all that follows the oldest of them", async () => {
  const world = await RetentionWorld.begin({ retainCheckpoints: 2 });
  await world.round();
  const first = await world.followFrom();
  deepEqual(world.oldest, { config: 1, xds: 1 });
  await world.round();
  const second = await world.followFrom();
  await world.oldestBecomes(first);
  await world.round();
  await world.oldestBecomes(second);
  await world.stop();
  const { from, compared } = await world.assertReplays();
  equal(from, second.config + 1);
  ok(compared > 0);
});

test("nothing is purged that fewer than storesToConfirm distinct stores hold", async () => {
  const world = await RetentionWorld.begin({ retainCheckpoints: 1, storesToConfirm: 2 });
  await world.round();
  const first = await world.followFrom();
  const ends = await world.ends();
  await world.confirm("a", ends);
  await world.confirm("a", ends);
  await world.confirm("b", { ...ends, xds: { epoch: 1, sequence: first.xds - 1 } });
  await world.confirm("c", { ...ends, config: { epoch: 0, sequence: ends.config.sequence } });
  deepEqual(world.oldest, { config: 1, xds: 1 });
  await world.confirm("d", ends);
  await world.oldestBecomes(first);
  await world.round();
  const second = await world.followFrom();
  await world.confirm("a", await world.ends());
  deepEqual(world.oldest, first);
  await world.confirm("b", await world.ends());
  await world.oldestBecomes(second);
  await world.stop();
  await world.assertReplays();
});

test("P2: a translator that starts on purged logs goes on to the same bytes, and purges nothing before rounds of its own", async () => {
  const world = await RetentionWorld.begin({ retainCheckpoints: 1 });
  await world.round();
  const first = await world.followFrom();
  await world.oldestBecomes(first);
  const live = await world.published();
  await world.processes[0]!.kill();
  const next = await world.add();
  equal(await world.settled(), next);
  deepEqual(Object.keys(await world.published()), Object.keys(live));
  deepEqual(world.oldest, first);
  await world.round();
  const second = await world.followFrom();
  await world.oldestBecomes(second);
  await world.stop();
  const { from } = await world.assertReplays();
  equal(from, second.config + 1);
});

test("K6: where the last Catalog cannot be read back nothing is purged, and publishing goes on", async () => {
  const world = await RetentionWorld.begin({ retainCheckpoints: 1 });
  const [leader] = world.processes;
  const held = leader!.freezeAt("checkpoint-written");
  for (let count = eventsOfStart; count < checkpointEveryRevisions; count++)
    await world.author.apply(route(`r${count}`, "r.example", "shop"));
  await held;
  const { messages } = world.xdsStorage;
  const part = messages.findIndex(({ subject }) => subject === "CheckpointPart");
  messages[part] = { ...messages[part]!, body: new Uint8Array([1, 2, 3]) };
  leader!.thaw();
  await world.author.apply(route("r9", "nine.example", "shop"));
  await world.settled();
  deepEqual(world.oldest, { config: 1, xds: 1 });
  await world.stop();
});

test("publishing goes on while a round of checkpoints is written, and the round is of one revision all the same", async () => {
  const world = await RetentionWorld.begin({});
  const [leader] = world.processes;
  const held = leader!.freezeAt("checkpoint-begun");
  for (let count = eventsOfStart; count < checkpointEveryRevisions; count++)
    await world.author.apply(route(`r${count}`, "r.example", "shop"));
  await held;
  for (let count = 0; count < 3; count++) {
    await world.author.apply(route("r9", `h${count}.example`, "shop"));
    await world.settled();
  }
  equal(await world.catalog(), undefined);
  leader!.thaw();
  await until("the round", async () => (await world.catalog()) !== undefined);
  await world.settled();
  await world.stop();
  await world.assertReplays();
  const next = await world.add();
  equal(await world.settled(), next);
  await world.stop();
  await world.assertReplays();
});

test("P2: a check that logs are purged under begins again with what is left of them", async () => {
  const world = await RetentionWorld.begin({ retainCheckpoints: 1, storesToConfirm: 1 });
  await world.round();
  await world.stop();
  const { config, xds } = world.open();
  const before = await world.followFrom();
  let purges = 0;
  const info = xds.info.bind(xds);
  // Between the look for a Catalog, which there is none to begin with, and the reading from the beginning.
  xds.info = async () => {
    if (purges++ === 1) {
      await xds.purge(before.xds);
      await config.purge(before.config);
    }
    return info();
  };
  const check = await checkReplay({ config, xds });
  ok(purges > 2, "it looked again");
  deepEqual(check.differences, []);
  equal(check.from, before.config + 1);
});
