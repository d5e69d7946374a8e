import {
  CommitWriter,
  type CommitWriterOptions,
  emptyTail,
  type LogTail,
  MemoryEventLog,
  type MemoryStorage,
  type NewCommit,
  writeCheckpoints,
} from "@routeledger/event-log";
import { appendedAll, envelopeBody, newCommit, testTools } from "@routeledger/event-log/testing";
import { codec } from "@routeledger/protos";
import { canonicalJson, sha256, utf8 } from "@routeledger/std";
import { commitOfKind, goldenStartMs, tailOf } from "./golden-commit.ts";

const object = {
  group: "gateway.networking.k8s.io",
  version: "v1",
  kind: "HTTPRoute",
  namespace: "shop",
  name: "checkout",
  json: canonicalJson({
    kind: "HTTPRoute",
    metadata: { name: "checkout", namespace: "shop", generation: 1 },
  }),
  source: "cli",
};

const changeSet = codec("routeledger.config.v1.ChangeSet");
const applied = changeSet.encode({ changes: [{ applied: object }] });
const replaced = changeSet.encode({
  changes: [
    { applied: { ...object, source: "folder/7f3a/routes.yaml" } },
    { deleted: { group: "", kind: "Service", namespace: "shop", name: "old", source: "cli" } },
  ],
});

const point = { nodeGroup: "shop/edge", extension: "headers", inputDigest: sha256(utf8("question")) };
const answers = [
  { ...point, hook: "HTTPListener", name: "tcp/0.0.0.0/80", output: { unchanged: utf8("a listener") } },
  { ...point, hook: "Route", name: "http/80/*/shop/checkout/0/0", output: { changed: utf8("a route") } },
  { ...point, hook: "Route", name: "http/80/*/shop/gone/0/0" },
  { ...point, hook: "Translation", name: "", failure: { code: "UNAVAILABLE", message: "no connection" } },
  { ...point, hook: "Translation", name: "clusters/b", output: { removed: true } },
];

const prepared = { epoch: 1, sequence: 20 };
const switched = {
  name: "service/shop/checkout/80",
  generationBefore: 1,
  generation: 2,
  tried: true,
  cleared: true,
};
const plan = {
  changes: [{ applied: object }],
  clusters: [switched],
  nodeGroups: ["shop/edge"],
  ...{ deadlineMs: 30_000, trialMs: 5_000, watch: { periodMs: 10_000, errorsPerMillionMax: 10_000 } },
};

/** Each step of a switch; none is of one that is open. */
const switches: readonly NewCommit[] = [
  commitOfKind("SwitchPrepared", plan, 0),
  commitOfKind("SwitchTried", { prepared }, 0),
  commitOfKind("SwitchTurned", { prepared, changes: [{ applied: object }] }, 0),
  commitOfKind("SwitchFinished", { prepared }, 0),
  commitOfKind("SwitchReverted", { prepared, reason: "a proxy rejected it" }, 0),
];

/** A CONFIG log with every kind, and with everything that readers skip. */
export async function goldenConfig(storage: MemoryStorage): Promise<void> {
  const log = new MemoryEventLog("CONFIG", storage);
  const tools = testTools(goldenStartMs);
  const append = (commits: readonly NewCommit[], from: LogTail) => appendedAll(log, commits, from, tools);
  let tail = await append(
    [
      commitOfKind("TermStarted", { term: 1, translator: "translator-a" }, 1),
      commitOfKind("TranslatorActivated", { version: 1, retireGraceMs: 60_000 }, 1),
      newCommit({
        actor: "ann",
        source: "cli",
        summary: "apply 1 object",
        traceContext: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        payload: applied,
      }),
    ],
    emptyTail,
  );
  tail = await appendChunked(log, tail);
  tail = await appendNoise(log, tail);
  tail = await append(
    [
      newCommit({ kind: "FromTheFuture", schemaVersion: 3, summary: "nobody reads this" }),
      commitOfKind("EventSkipped", {
        revision: { epoch: 1, sequence: tail.sequence + 1 },
        reason: "not read by version 1",
      }),
    ],
    tail,
  );
  tail = await checkpoint(log, tail, tools);
  tail = await append(
    [
      commitOfKind("TermStarted", { term: 2, translator: "translator-b" }, 2),
      commitOfKind("TranslatorActivated", { version: 9, retireGraceMs: 1 }, 1),
      commitOfKind("ExtensionAnswers", { answers }, 2),
      commitOfKind("ExtensionAnswers", { answers: answers.slice(0, 1) }, 1),
    ],
    tail,
  );
  tail = await append(switches, tail);
  tail = await append([newCommit({ epoch: 2, summary: "after a restore", payload: replaced })], tail);
  await append(
    [
      { ...commitOfKind("LogAdopted", { identity: "the new storage", reason: "moved" }), epoch: 3 },
      commitOfKind("StoreConfirmed", {
        storeId: "0af7651916cd43dd8448eb211c80319c",
        config: { epoch: 1, sequence: 5 },
        xds: { epoch: 1, sequence: 4 },
      }),
    ],
    tail,
  );
}

/** One commit in two chunks, split in the middle of its payload. */
async function appendChunked(log: MemoryEventLog, tail: LogTail): Promise<LogTail> {
  const commitId = sha256(utf8("chunked")).subarray(0, 16);
  const shared = {
    commitId,
    chunks: 2,
    actor: "bob",
    source: "folder/7f3a",
    summary: "scan",
    timeMs: goldenStartMs,
  };
  const half = replaced.length >> 1;
  const first = envelopeBody({
    ...shared,
    previousHash: tail.hash,
    chunk: 0,
    payload: replaced.subarray(0, half),
  });
  const second = envelopeBody({
    ...shared,
    previousHash: sha256(first),
    chunk: 1,
    payload: replaced.subarray(half),
  });
  await log.append({
    messages: [first, second].map((body) => ({ subject: "ChangeSet", body })),
    expectedLast: tail.sequence,
  });
  return await tailOf(log, tail);
}

/** A chunk that nobody finished, and bytes that are no envelope. */
async function appendNoise(log: MemoryEventLog, tail: LogTail): Promise<LogTail> {
  const unfinished = envelopeBody({
    chunk: 0,
    chunks: 2,
    summary: "the writer died",
    previousHash: tail.hash,
  });
  const noise = unfinished.subarray(0, 20);
  await log.append({
    messages: [unfinished, noise].map((body) => ({ subject: "ChangeSet", body })),
    expectedLast: tail.sequence,
  });
  return await tailOf(log, tail);
}

async function checkpoint(
  log: MemoryEventLog,
  followFrom: LogTail,
  tools: CommitWriterOptions,
): Promise<LogTail> {
  const writer = new CommitWriter(log, tools);
  const revision = { epoch: followFrom.epoch, sequence: followFrom.sequence };
  const state = codec("routeledger.config.v1.StateCheckpoint").encode({
    revision,
    timeUnixMs: followFrom.timeMs,
    term: 1,
    translator: { version: 1, retireGraceMs: 60_000 },
    objects: [{ object, revision: { epoch: 1, sequence: 5 } }],
    clusterGenerations: [{ name: switched.name, inUse: 1, highest: 2 }],
    openSwitch: {
      ...{ prepared: { epoch: 1, sequence: 4 }, switch: plan, phase: "SWITCH_PHASE_TURNED" as const },
      ...{ stepped: { epoch: 1, sequence: 5 }, steppedUnixMs: goldenStartMs },
      objectsBefore: [{ object, revision: { epoch: 1, sequence: 3 } }],
      absentBefore: [{ kind: "Service", namespace: "shop", name: "old" }],
    },
  });
  let tail = followFrom;
  await writeCheckpoints({
    log,
    followFrom,
    revision,
    configHash: followFrom.hash,
    states: new Map([["config", state]]),
    closedVersions: new Map([["config", 2]]),
    randomBytes: tools.randomBytes,
    append: async (commit) => {
      const outcome = await writer.append(newCommit({ ...commit, term: 1 }), tail);
      if (outcome.outcome === "appended") ({ tail } = outcome);
    },
  });
  return tail;
}
