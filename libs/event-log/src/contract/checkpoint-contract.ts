import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { test } from "node:test";
import { codec } from "@routeledger/protos";
import { sha256, utf8 } from "@routeledger/std";
import { readCheckpoints } from "../checkpoint-reader.ts";
import { type CheckpointCommit, writeCheckpoints } from "../checkpoint-writer.ts";
import type { LogTail } from "../commit.ts";
import { CommitWriter } from "../commit-writer.ts";
import type { EventLog } from "../event-log-port.ts";
import { configKinds } from "../kinds.ts";
import { appended, appendedAll, inWords, items, newCommit, testTools } from "./contract-tools.ts";
import type { EventLogHarness } from "./event-log-harness.ts";

const closedCodec = codec("routeledger.log.v1.CheckpointClosed");

interface Round {
  readonly states: Readonly<Record<string, Uint8Array>>;
  readonly term?: number;
  /** Called before each append: to write something between, or to break off. */
  readonly before?: (commit: CheckpointCommit) => Promise<void> | void;
  /** What is appended instead. */
  readonly change?: (commit: CheckpointCommit) => CheckpointCommit;
}

/** Writes a round of checkpoints as a translator does, behind all that the log holds. */
async function checkpointed(
  log: EventLog,
  { states, term = 0, before, change = (commit) => commit }: Round,
): Promise<LogTail> {
  const tools = testTools(term + 1);
  const writer = new CommitWriter(log, tools);
  const end = async () => (await items(log)).at(-1)!.tail;
  const followFrom = await end();
  await writeCheckpoints({
    log,
    followFrom,
    revision: { epoch: 1, sequence: followFrom.sequence },
    configHash: followFrom.hash,
    states: new Map(Object.entries(states)),
    randomBytes: tools.randomBytes,
    append: async (commit) => {
      await before?.(commit);
      await appended(writer, newCommit({ ...change(commit), term }), await end());
    },
  });
  return followFrom;
}

async function logWithOneCommit(harness: EventLogHarness): Promise<EventLog> {
  const log = await harness.create();
  await appendedAll(log, [newCommit()]);
  return log;
}

/** docs/spec/log.md: K (checkpoints and catalogs). */
export function checkpointContract(harness: EventLogHarness): void {
  test("rule K1: a reader begins at the last Catalog and goes on behind what it covers", async () => {
    const log = await logWithOneCommit(harness);
    equal(await readCheckpoints(log, configKinds), undefined);
    const states = { config: utf8("all objects"), statuses: new Uint8Array(0) };
    const followFrom = await checkpointed(log, { states });
    const read = await readCheckpoints(log, configKinds);
    deepEqual(Object.fromEntries(read!.states), states);
    deepEqual(read!.tail, followFrom);
    deepEqual(read!.revision, { epoch: 1, sequence: 1 });
    deepEqual(read!.configHash, followFrom.hash);
    await appendedAll(log, [newCommit()], (await items(log)).at(-1)!.tail);
    const rest = inWords(await items(log, { from: read!.tail }));
    deepEqual(rest.slice(-2), ["commit 6 Catalog", "commit 7 ChangeSet"]);
  });

  test("rule K1: what lies before a Catalog may be purged", async () => {
    const log = await logWithOneCommit(harness);
    const followFrom = await checkpointed(log, { states: { config: utf8("state") } });
    await log.purge(followFrom.sequence + 1);
    const read = await readCheckpoints(log, configKinds);
    deepEqual(read!.states.get("config"), utf8("state"));
    equal((await items(log, { from: read!.tail })).length, 3);
  });

  test("rule K2: a state of many parts with other commits between them comes back whole", async () => {
    const log = await logWithOneCommit(harness);
    // Incompressible, so that the parts are as large as parts get.
    const state = new Uint8Array(8_500_000);
    for (let index = 0, seed = 1; index < state.length; index++) {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      state[index] = seed >>> 16;
    }
    const before = async () => {
      await appendedAll(log, [newCommit({ summary: "between" })], (await items(log)).at(-1)!.tail);
    };
    await checkpointed(log, { states: { config: state }, before });
    const read = await readCheckpoints(log, configKinds);
    ok(Buffer.compare(read!.states.get("config")!, state) === 0);
    equal(
      (await items(log)).filter((item) => item.type === "commit" && item.commit.kind === "CheckpointPart")
        .length,
      2,
    );
  });

  test("rule K3: a round that was broken off leaves the Catalog before it in force", async () => {
    const log = await logWithOneCommit(harness);
    await checkpointed(log, { states: { config: utf8("old") } });
    for (const at of ["CheckpointPart", "CheckpointClosed", "Catalog"]) {
      const before = ({ kind }: CheckpointCommit) => {
        if (kind === at) throw new Error("killed");
      };
      await rejects(checkpointed(log, { states: { config: utf8("new") }, before }), /killed/);
      deepEqual((await readCheckpoints(log, configKinds))!.states.get("config"), utf8("old"), at);
    }
  });

  test("rule K4: a Catalog of a deposed term does not count", async () => {
    const log = await logWithOneCommit(harness);
    const started = (term: number) => newCommit({ kind: "TermStarted", term });
    await appendedAll(log, [started(1)], (await items(log)).at(-1)!.tail);
    await checkpointed(log, { states: { config: utf8("term 1") }, term: 1 });
    const before = async ({ kind }: CheckpointCommit) => {
      if (kind === "Catalog") await appendedAll(log, [started(2)], (await items(log)).at(-1)!.tail);
    };
    await checkpointed(log, { states: { config: utf8("deposed") }, term: 1, before });
    deepEqual((await readCheckpoints(log, configKinds))!.states.get("config"), utf8("term 1"));
    await checkpointed(log, { states: { config: utf8("term 2") }, term: 2 });
    const read = await readCheckpoints(log, configKinds);
    deepEqual(read!.states.get("config"), utf8("term 2"));
    equal(read!.tail.term, 2);
  });

  test("rule K5: a Catalog that cannot be read is passed over for the one before it", async () => {
    const log = await logWithOneCommit(harness);
    await checkpointed(log, { states: { config: utf8("good") } });
    const end = (await items(log)).at(-1)!.tail;
    const unreadable = [
      newCommit({ kind: "Catalog", payload: utf8("not a catalog") }),
      newCommit({ kind: "Catalog", payload: new Uint8Array(0) }),
    ];
    await appendedAll(log, unreadable, end);
    const { lastSequence } = await log.info();
    await log.append({ messages: [{ subject: "Catalog", body: utf8("noise") }], expectedLast: lastSequence });
    deepEqual((await readCheckpoints(log, configKinds))!.states.get("config"), utf8("good"));
  });

  test("rule K6: a checkpoint with another digest or another number of parts is not believed", async () => {
    const log = await logWithOneCommit(harness);
    const tampered = [
      { digest: sha256(utf8("another state")), parts: 1 },
      { digest: sha256(utf8("state")), parts: 2 },
      { digest: sha256(utf8("state")), parts: 1, subject: "statuses" },
    ];
    for (const change of tampered) {
      const writing = checkpointed(log, {
        states: { config: utf8("state") },
        before: ({ kind }) => ok(kind !== "Catalog", "a Catalog of what could not be read back"),
        change: (commit) => {
          if (commit.kind !== "CheckpointClosed") return commit;
          return {
            ...commit,
            payload: closedCodec.encode({ ...closedCodec.decode(commit.payload), ...change }),
          };
        },
      });
      await rejects(writing, { code: "log.checkpointUnreadable" });
    }
  });

  test("rule K6: nothing is named in a Catalog that did not come back from the log as it was", async () => {
    const log = await logWithOneCommit(harness);
    const writing = writeCheckpoints({
      log,
      followFrom: (await items(log)).at(-1)!.tail,
      revision: { epoch: 1, sequence: 1 },
      configHash: new Uint8Array(32),
      states: new Map([["config", utf8("state")]]),
      randomBytes: testTools().randomBytes,
      append: async (commit) => {
        if (commit.kind === "CheckpointPart") return;
        await appendedAll(log, [newCommit(commit)], (await items(log)).at(-1)!.tail);
      },
    });
    await rejects(writing, { code: "log.checkpointUnreadable" });
    equal(await log.lastOf("Catalog"), undefined);
  });
}
