import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { encodeStoreConfirmed } from "@routeledger/config-model";
import {
  adoptLog,
  CommitReader,
  CommitWriter,
  chainedEnd,
  configKinds,
  MemoryEventLog,
  MemoryStorage,
  readCheckpoints,
  xdsKinds,
} from "@routeledger/event-log";
import { silentLogger } from "@routeledger/service-kit";
import { systemClock, toHex } from "@routeledger/std";
import { checkReplay, examineLogs, readPublished, startTranslator } from "@routeledger/translator";
import {
  applyPublication,
  decodePublication,
  emptyPublished,
  encodePublishedCheckpoints,
  type Publication,
} from "@routeledger/xds-model";
import { ConfigAuthor } from "./translator/config-author.ts";
import { endpointSlice, gateway, gatewayClass, route, service } from "./translator/sample-objects.ts";
import { SignalBus } from "./translator/signal-bus.ts";

const tools = { clock: systemClock, randomBytes };
const said = { ...tools, reason: "test", actor: "operator", source: "test" };

type Messages = MemoryStorage["messages"];

/** CONFIG and XDS in memory, open to damage; a translator runs on them when it is told to. */
class Ledger {
  readonly config = new MemoryStorage("config-1");
  readonly xds = new MemoryStorage("xds-1");

  logs() {
    return {
      config: new MemoryEventLog("CONFIG", this.config),
      xds: new MemoryEventLog("XDS", this.xds),
      delivery: new MemoryEventLog("DELIVERY", new MemoryStorage("delivery-1")),
    };
  }

  /** Objects of a shop of that name are applied. */
  async apply(...names: readonly string[]): Promise<number> {
    const objects = names.flatMap((name) => [
      service(name),
      endpointSlice(name, "10.0.0.1"),
      route(name, `${name}.example`, name),
    ]);
    const { config } = this.logs();
    const from = (await readCheckpoints(config, configKinds))?.tail;
    return new ConfigAuthor(config, from).apply(gatewayClass, gateway, ...objects);
  }

  /** A translator runs until all of CONFIG is published. */
  async translate(during: () => Promise<unknown> = async () => {}, checkpointEveryRevisions = 1000) {
    const logs = this.logs();
    const options = { ...tools, logger: silentLogger, name: "t", retireGraceMs: 60_000 };
    const translator = await startTranslator({ ...options, logs, checkpointEveryRevisions });
    try {
      await during();
      while (translator.publishedTo.sequence < this.config.lastSequence) {
        await Promise.race([new Promise((resolve) => setImmediate(resolve)), translator.ended]);
      }
    } finally {
      await translator.stop();
    }
    return (await readPublished(logs.xds)).published;
  }

  adoptConfig(epoch?: number) {
    return adoptLog(this.logs().config, { ...said, ...(epoch !== undefined && { epoch }) });
  }

  /** Refused as it is; then an operator adopts it as the command does. */
  async adoptLostXds(): Promise<void> {
    const message = /XDS lost some of what it held: .*/;
    await rejects(this.translate(), { code: "translator.logsDisagree", message });
    const { nextEpoch: epoch, xdsLost } = await examineLogs(this.logs());
    ok(xdsLost !== undefined);
    await adoptLog(this.logs().xds, { ...said, epoch });
    equal((await examineLogs(this.logs())).xdsLost, undefined);
  }

  async clusters(): Promise<string[]> {
    const { published } = await readPublished(this.logs().xds);
    return [...(published.snapshots.get("default/web")?.types.cluster.resources.keys() ?? [])];
  }

  async bytes(): Promise<string[]> {
    const { published } = await readPublished(this.logs().xds);
    return [...encodePublishedCheckpoints(published)].map(([subject, bytes]) => `${subject} ${toHex(bytes)}`);
  }

  /** All publications that XDS holds, folded as every reader folds them. */
  async publications(): Promise<Publication[]> {
    const { xds } = this.logs();
    const found: Publication[] = [];
    let published = emptyPublished;
    const reader = new CommitReader(xds, { from: undefined, kinds: xdsKinds });
    for await (const item of reader.read({ until: this.xds.lastSequence })) {
      if (item.type !== "commit" || item.commit.kind !== "Publication") continue;
      const publication = decodePublication(item.commit.payload);
      published = applyPublication(published, publication);
      found.push(publication);
    }
    return found;
  }

  async assertReplays() {
    const check = await checkReplay(this.logs());
    deepEqual(check.differences, []);
    ok(check.compared > 0);
    return check;
  }
}

function cluster(name: string): string {
  return `service/default/${name}/80`;
}

/** Two shops are published; then CONFIG is as it was with the first only. */
async function shortened(): Promise<{ ledger: Ledger; lost: Messages }> {
  const ledger = new Ledger();
  await ledger.apply("a");
  await ledger.translate();
  const kept = [...ledger.config.messages];
  await ledger.apply("b");
  await ledger.apply("b", "c");
  await ledger.translate();
  const lost = ledger.config.messages.slice(kept.length);
  ledger.config.messages = kept;
  return { ledger, lost };
}

test("rule X1: a publication is of one epoch, also when CONFIG is adopted while a translator leads", async () => {
  const ledger = new Ledger();
  await ledger.apply("a");
  await ledger.translate(async () => {
    const [, adopted] = await Promise.all([ledger.apply("b"), ledger.adoptConfig(), ledger.apply("c")]);
    equal(adopted.revision.epoch, 2);
  });
  const publications = await ledger.publications();
  deepEqual([...new Set(publications.map(({ configEpoch }) => configEpoch))], [1, 2]);
  let covered = 0;
  for (const { from, to } of publications) {
    equal(from, covered + 1);
    covered = to;
  }
  deepEqual(await ledger.clusters(), [cluster("a"), cluster("b"), cluster("c")]);
  deepEqual((await ledger.assertReplays()).lost, []);
});

test("rule X1: what CONFIG lost is taken back in one step, where the adopted CONFIG goes on", async () => {
  const { ledger, lost } = await shortened();
  const before = (await ledger.publications()).at(-1)!;
  await rejects(ledger.translate(), {
    code: "translator.logsDisagree",
    message: /CONFIG ends at \d+, it lost/,
  });
  const { published } = await examineLogs(ledger.logs());
  equal(published?.held, "part");
  const { revision } = await ledger.adoptConfig();
  await ledger.translate();
  const anew = (await ledger.publications()).find(({ configEpoch }) => configEpoch === 2)!;
  equal(anew.from, revision.sequence);
  ok(anew.from <= before.to);
  deepEqual(anew.deltas.map(({ sequence }) => sequence).slice(0, 1), [revision.sequence]);
  deepEqual(await ledger.clusters(), [cluster("a")]);
  const check = await ledger.assertReplays();
  ok(check.lost.length > 0 && lost.length > 0);
});

test("rule X1: a CONFIG that was written on before it was adopted is published whole at its adoption", async () => {
  const { ledger, lost } = await shortened();
  for (let count = 0; count <= lost.length; count++) await ledger.apply("d", `e${count}`);
  await rejects(ledger.translate(), { code: "translator.logsDisagree", message: /another CONFIG log/ });
  equal((await examineLogs(ledger.logs())).published?.held, "other");
  const { revision } = await ledger.adoptConfig();
  await ledger.translate();
  equal((await ledger.publications()).find(({ configEpoch }) => configEpoch === 2)!.from, revision.sequence);
  ok((await ledger.clusters()).includes(cluster(`e${lost.length}`)));
  ok(!(await ledger.clusters()).includes(cluster("c")));
  await ledger.assertReplays();
});

test("rule X1: of two adoptions before a translator came, the first is where it goes on", async () => {
  const { ledger } = await shortened();
  const first = await ledger.adoptConfig();
  await ledger.apply("d");
  await ledger.adoptConfig();
  await ledger.translate();
  const anew = (await ledger.publications()).filter(({ configEpoch }) => configEpoch > 1);
  deepEqual(
    anew.slice(0, 2).map(({ from, configEpoch }) => [from, configEpoch]),
    [
      [first.revision.sequence, 2],
      [first.revision.sequence + 2, 3],
    ],
  );
  deepEqual(await ledger.clusters(), [cluster("a"), cluster("d")]);
  await ledger.assertReplays();
});

test("rule X1: a second loss after an adoption takes a higher epoch still", async () => {
  const { ledger } = await shortened();
  const oldCopy = [...ledger.config.messages];
  await ledger.adoptConfig();
  await ledger.apply("d");
  await ledger.translate();
  ledger.config.messages = [...oldCopy];
  await rejects(ledger.translate(), { code: "translator.logsDisagree" });
  // The old copy knows of epoch 1 only; the operator's command asks all logs.
  const { nextEpoch } = await examineLogs(ledger.logs());
  equal(nextEpoch, 3);
  await ledger.adoptConfig(nextEpoch);
  await ledger.translate();
  deepEqual(await ledger.clusters(), [cluster("a")]);
  await ledger.assertReplays();
});

test("P2: an XDS that was made again empty is published again to the same bytes", async () => {
  const ledger = new Ledger();
  await ledger.apply("a");
  await ledger.translate();
  await ledger.apply("b");
  await ledger.translate();
  // Publishing again appends terms to CONFIG: the same is compared at the same revision.
  const { published } = await readPublished(ledger.logs().xds);
  const before = await ledger.bytes();
  ledger.xds.messages = [];
  ledger.xds.identity = "xds-2";
  equal((await examineLogs(ledger.logs())).published?.held, "nothing");
  await ledger.adoptLostXds();
  await ledger.translate();
  const again = await readPublished(ledger.logs().xds);
  const same = { ...again.published, revision: published.revision, timeMs: published.timeMs };
  const bytes = [...encodePublishedCheckpoints(same)].map(([subject, state]) => `${subject} ${toHex(state)}`);
  deepEqual(bytes, before);
  await ledger.assertReplays();
});

test("an XDS that was made again empty beside a CONFIG whose beginning was purged begins at its Catalog", async () => {
  const ledger = await purged();
  ledger.xds.messages = [];
  ledger.xds.firstSequence = 1;
  await ledger.adoptLostXds();
  await ledger.translate(() => ledger.apply("d"));
  deepEqual(await ledger.clusters(), [cluster("a"), cluster("b"), cluster("c"), cluster("d")]);
  const [first] = await ledger.publications();
  ok(first!.from > 1);
  await ledger.assertReplays();
});

test("an XDS that is older than what CONFIG purged is refused until CONFIG is adopted", async () => {
  const old = new Ledger();
  await old.apply("a");
  await old.translate();
  const ledger = await purged(old);
  ledger.xds.messages = old.xds.messages;
  ledger.xds.firstSequence = 1;
  await ledger.adoptLostXds();
  await rejects(ledger.translate(), {
    code: "translator.logsDisagree",
    message: /older than what was purged/,
  });
  const { published, nextEpoch } = await examineLogs(ledger.logs());
  equal(published?.held, "purged");
  await ledger.adoptConfig(nextEpoch);
  await ledger.translate(() => ledger.apply("d"));
  deepEqual(await ledger.clusters(), [cluster("a"), cluster("b"), cluster("c"), cluster("d")]);
});

test("rule X5: an XDS of an old backup is refused by the word of a store, of a checkpoint, or of a term", async () => {
  const ledger = new Ledger();
  await ledger.apply("a");
  await ledger.translate();
  const backup = [...ledger.xds.messages];
  const { config, xds } = ledger.logs();
  const held = { epoch: 1, sequence: ledger.xds.lastSequence + 1 };
  const payload = encodeStoreConfirmed({ storeId: "0".repeat(32), config: held, xds: held });
  const confirmed = {
    kind: "StoreConfirmed",
    schemaVersion: 1,
    term: 0,
    actor: "t",
    source: "t",
    summary: "",
  };
  await ledger.translate(() => ledger.apply("b"));
  ok(ledger.xds.lastSequence >= held.sequence);
  await new CommitWriter(config, tools).append({ ...confirmed, payload }, await chainedEnd(config));
  await ledger.translate();
  ledger.xds.messages = [...backup];
  const byStore = await examineLogs(ledger.logs());
  equal(byStore.xdsLost, `a store held it up to ${held.sequence}, and it ends at ${backup.length}`);
  await ledger.adoptLostXds();
  await ledger.translate();
  await ledger.assertReplays();

  await ledger.translate(async () => {
    await ledger.apply("c");
    while ((await xds.lastOf("Catalog")) === undefined) await new Promise((turn) => setImmediate(turn));
  }, 1);
  ledger.xds.messages = [...backup];
  const byCheckpoint = await examineLogs(ledger.logs());
  match(String(byCheckpoint.xdsLost), /^CONFIG has a checkpoint of revision 1\.\d+, which was published$/);
  ledger.xds.messages = [];
  equal((await examineLogs(ledger.logs())).published?.held, "nothing");
  await ledger.adoptLostXds();
});

test("P1: a leader whose XDS loses something publishes nothing behind what is left, and says so", async () => {
  const ledger = new Ledger();
  await ledger.apply("a");
  await ledger.translate();
  const backup = [...ledger.xds.messages];
  const losing = ledger.translate(async () => {
    await ledger.apply("b");
    while (!(await ledger.clusters()).includes(cluster("b"))) await new Promise((turn) => setImmediate(turn));
    ledger.xds.messages = [...backup];
    await ledger.apply("c");
  });
  await rejects(losing, { code: "log.shorter" });
  deepEqual(ledger.xds.messages, backup);
});

test("P1: a standby that followed an XDS which then loses something does not lead on what is left", async () => {
  const ledger = new Ledger();
  await ledger.apply("a");
  await ledger.translate();
  const backup = [...ledger.xds.messages];
  await ledger.translate(() => ledger.apply("b"));
  const standby = await startTranslator({
    ...{ ...tools, logger: silentLogger, name: "standby", retireGraceMs: 60_000 },
    ...{ logs: ledger.logs(), checkpointEveryRevisions: 1000, signals: new SignalBus().join("standby") },
    ...{ takeoverAfterMs: 60_000, announceEveryMs: 5 },
  });
  while (standby.publishedTo.sequence < ledger.config.lastSequence - 1)
    await new Promise((turn) => setImmediate(turn));
  ledger.xds.messages = [...backup];
  await rejects(standby.ended, { code: "log.shorter" });
});

/** A ledger of which CONFIG has lost its beginning to a purge, behind a Catalog. */
async function purged(from?: Ledger): Promise<Ledger> {
  const ledger = new Ledger();
  ledger.config.messages = [...(from?.config.messages ?? [])];
  ledger.xds.messages = [...(from?.xds.messages ?? [])];
  await ledger.apply("a", "b");
  await ledger.translate(async () => {
    await ledger.apply("c");
    const { xds } = ledger.logs();
    while ((await xds.lastOf("Catalog")) === undefined) await new Promise((turn) => setImmediate(turn));
  }, 1);
  const { config } = ledger.logs();
  const checkpoints = await readCheckpoints(config, configKinds);
  ok(checkpoints !== undefined && checkpoints.tail.sequence > 1);
  await config.purge(checkpoints.tail.sequence + 1);
  return ledger;
}
