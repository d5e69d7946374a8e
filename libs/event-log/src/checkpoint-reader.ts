import type { decoded } from "@routeledger/protos";
import { bytesEqual, concatBytes, Failure, type Revision, toHex } from "@routeledger/std";
import {
  CheckpointCollector,
  catalogCodec,
  decodeOrNothing,
  type ReadCheckpoint,
} from "./checkpoint-record.ts";
import type { LogTail } from "./commit.ts";
import { CommitAssembler } from "./commit-assembler.ts";
import { decodeEnvelope, type Envelope } from "./envelope.ts";
import type { EventLog } from "./event-log-port.ts";
import { skipsAhead } from "./event-skips.ts";
import type { ReadableKinds } from "./kinds.ts";

export interface Checkpoints {
  /** The CONFIG revision that all states are of. */
  readonly revision: Revision;
  /** SHA-256 of the stored body of the CONFIG message at `revision`. */
  readonly configHash: Uint8Array;
  /** By subject. */
  readonly states: ReadonlyMap<string, Uint8Array>;
  /** Where a `CommitReader` goes on. */
  readonly tail: LogTail;
  /** Sequence of the Catalog. */
  readonly catalogSequence: number;
}

/**
 * Reads the states that the last usable Catalog of a log names. A Catalog is usable when it is a commit of a term
 * that is not deposed, of a version that this one reads, and every checkpoint that it names is whole and has its
 * digest; where the last is not, the one before it is asked.
 *
 * Returns undefined for a log without one: it is read from the beginning. Throws Failure as `CommitReader` does
 * when the log is damaged behind where the Catalog says to follow from.
 */
export async function readCheckpoints(log: EventLog, kinds: ReadableKinds): Promise<Checkpoints | undefined> {
  const last = await log.lastOf("Catalog");
  if (!last) return undefined;
  const { firstSequence } = await log.info();
  // The subject is an index, the body is the truth, and an unusable Catalog says nothing of the one before it.
  for (let sequence = last.sequence; sequence >= firstSequence; sequence--) {
    const checkpoints = await readCatalogAt(log, sequence, kinds);
    if (checkpoints) return checkpoints;
  }
  return undefined;
}

/**
 * The same of the oldest usable Catalog: where all that a purged log still holds can be read from. Costs a pass over
 * the log up to it.
 */
export async function readOldestCheckpoints(
  log: EventLog,
  kinds: ReadableKinds,
): Promise<Checkpoints | undefined> {
  const { firstSequence, lastSequence } = await log.info();
  if (lastSequence < firstSequence) return undefined;
  for await (const { sequence, body } of log.read({ after: firstSequence - 1, until: lastSequence })) {
    const envelope = decodeEnvelope(body);
    if (!envelope.ok || envelope.envelope.kind !== "Catalog") continue;
    const checkpoints = await readCatalogAt(log, sequence, kinds);
    if (checkpoints) return checkpoints;
  }
  return undefined;
}

type Catalog = decoded.routeledger.log.v1.Catalog;

async function readCatalogAt(
  log: EventLog,
  sequence: number,
  kinds: ReadableKinds,
): Promise<Checkpoints | undefined> {
  const catalog = await catalogAt(log, sequence, kinds);
  if (!catalog?.revision || !catalog.followFrom || catalog.entries.length === 0) return undefined;
  const { timeUnixMs, ...position } = catalog.followFrom;
  const tail: LogTail = { ...position, timeMs: timeUnixMs };
  if (tail.hash.length !== 32 || tail.sequence >= sequence) return undefined;
  const found = await collect(log, catalog, { from: tail, sequence, kinds });
  if (!found) return undefined;
  const states = new Map<string, Uint8Array>();
  for (const entry of catalog.entries) {
    const checkpoint = await found.read(toHex(entry.checkpointId));
    if (!checkpoint || !agrees(checkpoint, entry, catalog)) return undefined;
    states.set(entry.subject, checkpoint.state);
  }
  const first = await found.read(toHex(catalog.entries[0]!.checkpointId));
  const configHash = first!.configHash;
  return { revision: catalog.revision, configHash, states, tail, catalogSequence: sequence };
}

function agrees(
  checkpoint: ReadCheckpoint,
  entry: decoded.routeledger.log.v1.CatalogEntry,
  { revision }: Catalog,
): boolean {
  return (
    checkpoint.subject === entry.subject &&
    checkpoint.firstSequence === entry.firstSequence &&
    checkpoint.closedSequence === entry.closedSequence &&
    checkpoint.revision.epoch === revision?.epoch &&
    checkpoint.revision.sequence === revision.sequence
  );
}

/** The Catalog whose last chunk stands there; undefined for anything else. */
async function catalogAt(
  log: EventLog,
  sequence: number,
  kinds: ReadableKinds,
): Promise<Catalog | undefined> {
  const last = await envelopeAt(log, sequence);
  if (last?.kind !== "Catalog" || last.chunk + 1 !== last.chunks) return undefined;
  if (last.schemaVersion > (kinds.Catalog ?? 0)) return undefined;
  const payloads = [last.payload];
  for (let back = 1; back < last.chunks; back++) {
    const chunk = await envelopeAt(log, sequence - back);
    if (!chunk || !bytesEqual(chunk.commitId, last.commitId)) return undefined;
    payloads.unshift(chunk.payload);
  }
  return decodeOrNothing(catalogCodec, concatBytes(payloads));
}

async function envelopeAt(log: EventLog, sequence: number): Promise<Envelope | undefined> {
  const message = await log.at(sequence);
  const decoded = message && decodeEnvelope(message.body);
  return decoded?.ok ? decoded.envelope : undefined;
}

/**
 * Reads from where the Catalog says to follow from up to the Catalog itself: the chain, the terms and the parts in
 * one pass. Undefined when the Catalog is not a commit that counts, or when the pass would begin in what was purged.
 */
async function collect(
  log: EventLog,
  { entries }: Catalog,
  {
    from,
    sequence,
    kinds,
  }: { readonly from: LogTail; readonly sequence: number; readonly kinds: ReadableKinds },
): Promise<CheckpointCollector | undefined> {
  const assembler = new CommitAssembler({ log: log.name, from });
  const collector = new CheckpointCollector(
    entries.map(({ checkpointId }) => toHex(checkpointId)),
    kinds,
  );
  let counts = false;
  try {
    for (const [at, reason] of await skipsAhead(log, from.sequence)) assembler.skips.set(at, reason);
    for await (const message of log.read({ after: from.sequence, until: sequence })) {
      for (const item of assembler.push(message)) {
        if (item.type !== "commit") continue;
        collector.add(item.commit);
        counts = item.commit.revision.sequence === sequence;
      }
    }
  } catch (error) {
    if (error instanceof Failure && error.code === "log.compacted") return undefined;
    throw error;
  }
  return counts ? collector : undefined;
}
