import {
  assert,
  compareStrings,
  Failure,
  fromHex,
  type Revision,
  sha256,
  sortedEntries,
  toHex,
} from "@routeledger/std";
import {
  CheckpointCollector,
  catalogCodec,
  checkpointClosed,
  checkpointPart,
  compressPart,
  partBytesMax,
} from "./checkpoint-record.ts";
import type { LogTail, NewCommit } from "./commit.ts";
import { CommitAssembler } from "./commit-assembler.ts";
import type { EventLog } from "./event-log-port.ts";
import { skipsAhead } from "./event-skips.ts";
import { checkpointKinds } from "./kinds.ts";

/** What the writer says of its commits; who writes, and in which term, the caller adds. */
export type CheckpointCommit = Pick<NewCommit, "kind" | "schemaVersion" | "summary" | "payload">;

export interface CheckpointRound {
  readonly log: EventLog;
  /** The position in this log that the states are of: replay goes on from here. */
  readonly followFrom: LogTail;
  /** The CONFIG revision that the states are of. */
  readonly revision: Revision;
  /** SHA-256 of the stored body of the CONFIG message at `revision`; 32 zero bytes at 0. */
  readonly configHash: Uint8Array;
  /** By subject ("config", "statuses", "group/..."), at least one. */
  readonly states: ReadonlyMap<string, Uint8Array>;
  /** By subject the version of CheckpointClosed, where it is not 1: the lowest that readers of the state must know. */
  readonly closedVersions?: ReadonlyMap<string, number>;
  /** Appends behind all that was read, after lost races again; throws when this writer may not write any more. */
  readonly append: (commit: CheckpointCommit) => Promise<unknown>;
  /** Cryptographically random bytes. */
  readonly randomBytes: (count: number) => Uint8Array;
}

/**
 * Writes a checkpoint of each state, reads all of them back, and then the Catalog that names them. Other commits
 * may come between. A round that was broken off leaves parts that mean nothing; the Catalog before it holds.
 *
 * @returns the sequence of the Catalog: what lies at or before `followFrom` may be purged when it was read back
 * @throws Failure `log.checkpointUnreadable` when what was written is not what is read; what `append` throws
 */
export async function writeCheckpoints(round: CheckpointRound): Promise<number> {
  const { log, followFrom, revision, states, append } = round;
  assert(states.size >= 1, "a round of checkpoints of at least one state");
  const ids = new Map<string, string>();
  for (const [subject, state] of sortedEntries(states)) {
    const checkpointId = round.randomBytes(16);
    ids.set(toHex(checkpointId), subject);
    await writeOne(round, { checkpointId, subject, state });
  }
  const entries = await readBack(round, ids);
  const { timeMs: timeUnixMs, ...position } = followFrom;
  await append({
    kind: "Catalog",
    schemaVersion: 1,
    summary: `${entries.length} checkpoints of revision ${revision.epoch}.${revision.sequence}`,
    payload: catalogCodec.encode({ revision, followFrom: { ...position, timeUnixMs }, entries }),
  });
  const catalog = await log.lastOf("Catalog");
  if (!catalog) throw unreadable(log, "Catalog");
  return catalog.sequence;
}

interface OneCheckpoint {
  readonly checkpointId: Uint8Array;
  readonly subject: string;
  readonly state: Uint8Array;
}

async function writeOne(
  round: CheckpointRound,
  { checkpointId, subject, state }: OneCheckpoint,
): Promise<void> {
  const parts = Math.max(1, Math.ceil(state.length / partBytesMax));
  for (let part = 0; part < parts; part++) {
    const compressed = await compressPart(state.subarray(part * partBytesMax, (part + 1) * partBytesMax));
    await round.append({
      kind: "CheckpointPart",
      schemaVersion: 1,
      summary: `part ${part + 1} of ${parts} of ${subject}`,
      payload: checkpointPart.encode({ checkpointId, part, compressed }),
    });
  }
  const { revision, configHash } = round;
  await round.append({
    kind: "CheckpointClosed",
    schemaVersion: round.closedVersions?.get(subject) ?? 1,
    summary: `checkpoint of ${subject}`,
    payload: checkpointClosed.encode({
      checkpointId,
      subject,
      revision,
      parts,
      digest: sha256(state),
      chainHash: configHash,
    }),
  });
}

interface NewCatalogEntry {
  readonly subject: string;
  readonly checkpointId: Uint8Array;
  readonly firstSequence: number;
  readonly closedSequence: number;
}

/** Nothing is believed that was not read back: the catalog's entries come from what the log holds. */
async function readBack(
  { log, followFrom }: CheckpointRound,
  ids: ReadonlyMap<string, string>,
): Promise<NewCatalogEntry[]> {
  const assembler = new CommitAssembler({ log: log.name, from: followFrom });
  const collector = new CheckpointCollector([...ids.keys()], checkpointKinds);
  for (const [at, reason] of await skipsAhead(log, followFrom.sequence)) assembler.skips.set(at, reason);
  const { lastSequence } = await log.info();
  for await (const message of log.read({ after: followFrom.sequence, until: lastSequence })) {
    for (const item of assembler.push(message)) if (item.type === "commit") collector.add(item.commit);
  }
  const entries: NewCatalogEntry[] = [];
  for (const [id, subject] of ids) {
    const checkpoint = await collector.read(id);
    if (checkpoint?.subject !== subject) throw unreadable(log, subject);
    const { firstSequence, closedSequence } = checkpoint;
    entries.push({ subject, checkpointId: fromHex(id), firstSequence, closedSequence });
  }
  return entries.sort((a, b) => compareStrings(a.subject, b.subject));
}

function unreadable(log: EventLog, subject: string): Failure {
  return new Failure(
    `read back the checkpoint of ${subject} from log ${log.name}: it is not what was written`,
    {
      code: "log.checkpointUnreadable",
      retryable: true,
      hint: "the last Catalog before it still holds; look at the log's storage if this is said again",
      fields: { log: log.name, subject },
    },
  );
}
