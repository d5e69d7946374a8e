import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { silentLogger } from "@routeledger/service-kit";
import { openSnapshotStore } from "@routeledger/snapshot-store";
import { type JsonObject, systemClock } from "@routeledger/std";
import { startTranslator, type Translator } from "@routeledger/translator";
import {
  backend,
  documents,
  gateway,
  gatewayClass,
  type RunningApi,
  route,
  withApi,
} from "./api/running-api.ts";
import { followed, withFolder } from "./store/followed-store.ts";
import { project } from "./store/projected-store.ts";
import { type MemoryLogs, memoryLogs } from "./store/random-history.ts";

const base = documents(gatewayClass, gateway, backend);

/** Purges both logs as soon as a round of checkpoints is behind it, whoever still reads there; or never. */
function translatorThat(purges: "purges" | "keeps all", logs: MemoryLogs): Promise<Translator> {
  return startTranslator({
    ...{ logs, name: "test", clock: systemClock, logger: silentLogger },
    randomBytes: (count) => new Uint8Array(randomBytes(count)),
    ...{ retireGraceMs: 60_000, checkpointEveryRevisions: 5 },
    ...(purges === "purges" && { retainCheckpoints: 1, storesToConfirm: 0 }),
  });
}

/** Applies another path each time until both logs are purged behind a sequence. Returns the revisions. */
async function applyUntilPurged(
  { apply, get }: RunningApi,
  logs: MemoryLogs,
  behind: number,
): Promise<string[]> {
  const revisions: string[] = [];
  for (let change = 0; ; change++) {
    const { body } = await apply(route("home", `/${behind}-${change}`));
    revisions.push(String(body.revision));
    await get("/v1/xds");
    const [config, xds] = await Promise.all([logs.config.info(), logs.xds.info()]);
    if (config.firstSequence > behind + 1 && xds.firstSequence > 1) return revisions;
    assert.ok(change < 200, "the translator purges");
  }
}

test("an api that starts on purged logs answers as one that saw all, and for what was before, which is the oldest", () =>
  withTwoApis(async ({ full, late, revisions }) => {
    for (const api of [full, late]) await api.get("/v1/xds");
    const { body: head } = await late.get("/v1/head");
    assert.deepEqual({ ...head, oldest: "" }, { ...(await full.get("/v1/head")).body, oldest: "" });
    assert.match(String(head.oldest), /^1\.\d+$/);
    for (const path of ["/v1/objects/gateways", "/v1/objects/httproutes", "/v1/status", "/v1/xds/shop/web"]) {
      assert.deepEqual(await late.get(path), await full.get(path), path);
    }
    for (const at of ["@1", revisions[0]!, "1999-01-01T00:00:00Z", "@-1000"]) {
      const { status, body } = await late.get(`/v1/objects/gateways?at=${encodeURIComponent(at)}`);
      assert.equal(status, 410, at);
      const { code, message } = body.error as JsonObject;
      assert.deepEqual([code, message], ["compacted", `compacted: oldest ${head.oldest}`]);
    }
    const oldest = encodeURIComponent(`@${head.oldest}`);
    assert.deepEqual(
      (await late.get(`/v1/objects/httproutes?at=${oldest}`)).body,
      (await full.get(`/v1/objects/httproutes?at=${oldest}`)).body,
    );
    const { body: log } = await late.get("/v1/log");
    const last = (log.events as JsonObject[]).at(-1);
    assert.equal(last?.kind, "StoreBegan");
    assert.match(String(last?.summary), /^events 1 to \d+ are not in this store$/);
    assert.equal(last?.revision, head.oldest);
  }));

test("what is applied through an api that started on purged logs is decided on the whole state", () =>
  withTwoApis(async ({ full, late, revisions }) => {
    const same = await late.apply(base);
    assert.equal(same.body.revision, null);
    const changed = await late.apply(route("home", "/late"));
    assert.notEqual(changed.body.revision, null);
    const [before] = revisions.slice(-1);
    const diff = `/v1/diff?a=${encodeURIComponent(`@${before}`)}&b=@${changed.body.revision}`;
    await late.get("/v1/xds");
    assert.deepEqual((await late.get(diff)).body, (await full.get(diff)).body);
    const event = `/v1/events/@${changed.body.revision}`;
    assert.deepEqual((await late.get(event)).body, (await full.get(event)).body);
  }));

test("a store that was away says which range it lacks, and keeps what it had before", () =>
  withTwoApis(async ({ full, away, heldTo, revisions }) => {
    const at = (moment: string) => `/v1/objects/httproutes?at=${encodeURIComponent(moment)}`;
    for (const held of ["@1", `@${heldTo}`, "@head"]) {
      assert.deepEqual((await away.get(at(held))).body, (await full.get(at(held))).body, held);
    }
    const { status, body } = await away.get(at(`@${revisions[0]}`));
    assert.equal(status, 410);
    const { code, message, hint } = body.error as JsonObject;
    assert.equal(code, "compacted");
    const said = /^compacted: (\d+) to (\d+) are missing, the next is 1\.(\d+)$/.exec(String(message));
    assert.ok(said, String(message));
    assert.deepEqual([Number(said[1]), Number(said[2]) + 1], [heldTo + 1, Number(said[3])]);
    assert.match(String(hint), /another api's store may hold them/);
    const next = `@1.${said[3]}`;
    assert.deepEqual((await away.get(at(next))).body, (await full.get(at(next))).body);
    const diff = `/v1/diff?a=@${heldTo}&b=@head`;
    assert.deepEqual((await away.get(diff)).body, (await full.get(diff)).body);
    const { body: head } = await away.get("/v1/head");
    assert.equal(head.oldest, "1.1");
  }));

interface TwoApis {
  /** Its store saw all. */
  readonly full: RunningApi;
  /** Its store began when both logs were purged. */
  readonly late: RunningApi;
  /** Its store read the logs up to `heldTo`, and again when all was purged up to there. */
  readonly away: RunningApi;
  readonly heldTo: number;
  /** That were applied while it was away; the logs still hold the last. */
  readonly revisions: readonly string[];
}

async function withTwoApis(use: (apis: TwoApis) => Promise<void>): Promise<void> {
  const logs = memoryLogs();
  let translator = await translatorThat("purges", logs);
  const beside = { logs, translator: false };
  try {
    await withFolder((folder) => withApi((full) => besideFull(full, folder), beside));
  } finally {
    await translator.stop();
  }

  async function besideFull(full: RunningApi, folder: string): Promise<void> {
    await full.apply(documents(base, route("home"), route("other", "/other")));
    await full.get("/v1/xds");
    const store = openSnapshotStore({ folder });
    await project(store, logs);
    const heldTo = store.config.value;
    const revisions = await applyUntilPurged(full, logs, heldTo);
    await translator.stop();
    translator = await translatorThat("keeps all", logs);
    const following = followed(store, logs);
    try {
      await following.caughtUp();
      await withApi(
        (late) =>
          withApi(
            async (away) => {
              await full.apply(route("last"));
              await use({ full, late, away, heldTo, revisions });
            },
            { ...beside, options: { store } },
          ),
        beside,
      );
    } finally {
      await following.stop();
      await store.close();
    }
  }
}
