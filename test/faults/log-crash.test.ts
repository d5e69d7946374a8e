import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { CommitReader, configKinds, type LogItem } from "@routeledger/event-log";
import { openSqliteEventLogs } from "@routeledger/event-log-sqlite";
import { startAppending } from "./log/killable-process.ts";

/** How often a writer is killed (RUNS); the seed of the moments is printed and may be given as SEED. */
const kills = Number(process.env.RUNS ?? 8);
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));

const root = await mkdtemp(join(tmpdir(), "routeledger-crash-"));
after(() => rm(root, { recursive: true }));

/** Numbers from 0 to below 1 that only depend on the seed. */
function randomFrom(start: number): () => number {
  let state = start;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

async function itemsOf(folder: string): Promise<LogItem[]> {
  const logs = await openSqliteEventLogs({ folder });
  const { lastSequence } = await logs.config.info();
  const items: LogItem[] = [];
  const reader = new CommitReader(logs.config, { from: undefined, kinds: configKinds });
  for await (const item of reader.read({ until: lastSequence })) items.push(item);
  await logs.close();
  return items;
}

function acknowledgedIn(lines: readonly string[]): string[] {
  return lines
    .filter((line) => line.startsWith("acknowledged "))
    .map((line) => line.slice("acknowledged ".length));
}

test(`P1: kill -9 during appends loses no acknowledged commit and leaves no half one (seed ${seed})`, async (context) => {
  context.diagnostic(`SEED=${seed}`);
  const random = randomFrom(seed);
  const folder = join(root, "killed");
  const acknowledged: string[] = [];
  for (let kill = 0; kill < kills; kill++) {
    const writer = startAppending(folder);
    await writer.said(2 + Math.floor(random() * 30));
    await writer.kill();
    deepEqual(
      writer.lines.filter((line) => !/^(opened|acknowledged )/.test(line)),
      [],
    );
    acknowledged.push(...acknowledgedIn(writer.lines));
    const items = await itemsOf(folder);
    deepEqual(
      items.filter(({ type }) => type === "skipped"),
      [],
    );
    const stored = items.map((item) => (item.type === "commit" ? item.commit.commitId : ""));
    // At most one more a kill: stored, and killed before it could be said.
    ok(
      stored.length <= acknowledged.length + kill + 1,
      `${stored.length} stored, ${acknowledged.length} acknowledged`,
    );
    const there = new Set(stored);
    deepEqual(
      acknowledged.filter((id) => !there.has(id)),
      [],
      `seed ${seed}, kill ${kill}`,
    );
  }
  ok(acknowledged.length >= kills, `some commits of ${kills} writers, got ${acknowledged.length}`);
});

test("a data folder belongs to one process: the second is told the first one's pid, and may have it when that is killed", async () => {
  const folder = join(root, "shared");
  const holder = startAppending(folder);
  await holder.said(2);
  const second = startAppending(folder);
  await second.ended;
  equal(second.lines.length, 1);
  match(second.lines[0]!, new RegExp(`^failed log.inUse .* it is in use by pid ${holder.child.pid}$`));
  await rejects(openSqliteEventLogs({ folder }), { code: "log.inUse" });
  await holder.kill();
  const logs = await openSqliteEventLogs({ folder });
  await rejects(openSqliteEventLogs({ folder }), {
    code: "log.inUse",
    message: new RegExp(`by pid ${process.pid}$`),
  });
  await logs.close();
  await logs.close();
});
