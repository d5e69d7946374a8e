import { promisify } from "node:util";
import { zstdCompress, zstdDecompress } from "node:zlib";
import { codec, type decoded, Malformed } from "@routeledger/protos";
import { assert, bytesEqual, concatBytes, type Revision, sha256, toHex } from "@routeledger/std";
import type { Commit } from "./commit.ts";
import type { ReadableKinds } from "./kinds.ts";

export const checkpointPart = codec("routeledger.log.v1.CheckpointPart");
export const checkpointClosed = codec("routeledger.log.v1.CheckpointClosed");
export const catalogCodec = codec("routeledger.log.v1.Catalog");

/** Bytes of state in one part: what zstd makes of it never exceeds `partCompressedBytesMax`. */
export const partBytesMax = 7.5 * 1024 * 1024;
/** Bytes of one part in the log. */
export const partCompressedBytesMax = 8 * 1024 * 1024;

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** One piece of a state, as it stands in a CheckpointPart. */
export async function compressPart(slice: Uint8Array): Promise<Uint8Array> {
  assert(slice.length <= partBytesMax, `a part of at most ${partBytesMax} bytes, got ${slice.length}`);
  const compressed = await compress(slice);
  assert(
    compressed.length <= partCompressedBytesMax,
    `at most ${partCompressedBytesMax} bytes, got ${compressed.length}`,
  );
  return new Uint8Array(compressed.buffer, compressed.byteOffset, compressed.length);
}

/** A checkpoint that was read whole and whose digest is right. */
export interface ReadCheckpoint {
  readonly subject: string;
  /** The CONFIG revision that the state is of. */
  readonly revision: Revision;
  /** SHA-256 of the stored body of the CONFIG message at `revision`. */
  readonly configHash: Uint8Array;
  readonly state: Uint8Array;
  readonly firstSequence: number;
  readonly closedSequence: number;
}

interface Collected {
  readonly parts: { readonly compressed: Uint8Array; readonly firstSequence: number }[];
  closed:
    | { readonly record: decoded.routeledger.log.v1.CheckpointClosed; readonly sequence: number }
    | undefined;
}

/** Picks the parts of some checkpoints out of the commits of a log, whatever stands between them. */
export class CheckpointCollector {
  readonly #collected: ReadonlyMap<string, Collected>;

  readonly #kinds: ReadableKinds;

  /** @param checkpointIds hexadecimal */
  constructor(checkpointIds: readonly string[], kinds: ReadableKinds) {
    this.#kinds = kinds;
    this.#collected = new Map(checkpointIds.map((id) => [id, { parts: [], closed: undefined }]));
  }

  /** Takes commits in order, of any kind. What cannot be read is no part of any checkpoint. */
  add({ kind, schemaVersion, payload, firstSequence, revision }: Commit): void {
    if (schemaVersion > (this.#kinds[kind] ?? 0)) return;
    if (kind === "CheckpointPart") {
      const record = decodeOrNothing(checkpointPart, payload);
      const collected = record && this.#collected.get(toHex(record.checkpointId));
      if (collected && record.part === collected.parts.length) {
        collected.parts.push({ compressed: record.compressed, firstSequence });
      }
    }
    if (kind === "CheckpointClosed") {
      const record = decodeOrNothing(checkpointClosed, payload);
      const collected = record && this.#collected.get(toHex(record.checkpointId));
      if (collected) collected.closed = { record, sequence: revision.sequence };
    }
  }

  /** The checkpoint with that id; undefined when it is not whole, or not what its digest says. */
  async read(checkpointId: string): Promise<ReadCheckpoint | undefined> {
    const { parts, closed } = this.#collected.get(checkpointId) ?? { parts: [], closed: undefined };
    const [first] = parts;
    if (!closed?.record.revision || !first || closed.record.parts !== parts.length) return undefined;
    const state = await joined(parts.map(({ compressed }) => compressed));
    if (!state || !bytesEqual(sha256(state), closed.record.digest)) return undefined;
    const { subject, revision, chainHash } = closed.record;
    return {
      subject,
      revision,
      configHash: chainHash,
      state,
      firstSequence: first.firstSequence,
      closedSequence: closed.sequence,
    };
  }
}

/** What a codec decodes; undefined for bytes that are not its message. */
export function decodeOrNothing<T>(from: { decode(bytes: Uint8Array): T }, bytes: Uint8Array): T | undefined {
  try {
    return from.decode(bytes);
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

async function joined(parts: readonly Uint8Array[]): Promise<Uint8Array | undefined> {
  try {
    const slices = await Promise.all(
      parts.map((part) => decompress(part, { maxOutputLength: partCompressedBytesMax })),
    );
    return concatBytes(slices);
  } catch {
    return undefined;
  }
}
