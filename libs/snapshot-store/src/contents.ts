import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { assert, bytesEqual, fromHex, sha256, toHex } from "@routeledger/std";
import type { SqliteDatabase } from "./open-database.ts";

/** Shorter bytes are stored as they are: they would hardly shrink, and reading them is what costs. */
const compressFromBytes = 512;

/** Writes bytes once, by their SHA-256. */
export function contentWriter(database: SqliteDatabase): (digest: Uint8Array, bytes: Uint8Array) => void {
  const known = database.prepare("SELECT 1 FROM contents WHERE digest = ?").pluck();
  const insert = database.prepare(
    "INSERT INTO contents (digest, size, compressed, bytes) VALUES (?, ?, ?, ?)",
  );
  return (digest, bytes) => {
    if (known.get(digest) !== undefined) return;
    assert(bytesEqual(sha256(bytes), digest), `bytes with the digest ${toHex(digest)}`);
    const packed = bytes.length >= compressFromBytes ? zstdCompressSync(bytes) : bytes;
    const compressed = packed.length < bytes.length;
    insert.run(digest, bytes.length, compressed ? 1 : 0, compressed ? packed : bytes);
  };
}

/** Removes bytes that no row names any more. Reads the whole store; called where rows were removed. */
export function contentSweeper(database: SqliteDatabase): () => void {
  const sweep = database.prepare(
    "DELETE FROM contents WHERE digest NOT IN (SELECT digest FROM objects UNION SELECT digest FROM parts)",
  );
  return () => void sweep.run();
}

/** Reads bytes by their SHA-256, given as bytes or as 64 hexadecimal digits. Asserts that they are there. */
export function contentReader(database: SqliteDatabase): (digest: Uint8Array | string) => Uint8Array {
  const find = database.prepare<[Uint8Array], { compressed: number; bytes: Buffer }>(
    "SELECT compressed, bytes FROM contents WHERE digest = ?",
  );
  return (digest) => {
    const row = find.get(typeof digest === "string" ? fromHex(digest) : digest);
    assert(
      row !== undefined,
      `the store to hold the bytes of ${typeof digest === "string" ? digest : toHex(digest)}`,
    );
    const bytes = row.compressed === 1 ? zstdDecompressSync(row.bytes) : row.bytes;
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  };
}
