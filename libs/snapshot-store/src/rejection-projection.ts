import type { DecodedTypes } from "@routeledger/protos";
import { bytesEqual } from "@routeledger/std";
import { rejectionsMax } from "./delivery-schema.ts";
import type { SqliteDatabase } from "./open-database.ts";

type Delivery = DecodedTypes["routeledger.delivery.v1.Delivery"];
type Sent = DecodedTypes["routeledger.delivery.v1.Sent"];
type Acked = DecodedTypes["routeledger.delivery.v1.Acked"];
type Nacked = DecodedTypes["routeledger.delivery.v1.Nacked"];
type ProxyType = readonly [nodeId: string, nodeGroup: string, type: number];

/**
 * Writes what each proxy rejected, resource by resource (rules D5 and 72): the culprits where they are known, else all
 * that the response carried. A row goes when the proxy acknowledged these very bytes; whether it still counts is for who
 * reads to say, by digests: it does as long as these bytes are what the proxy should have.
 */
export class RejectionProjection {
  readonly #statements: ReturnType<typeof rejectionStatements>;

  constructor(database: SqliteDatabase) {
    this.#statements = rejectionStatements(database);
  }

  /** Called in log order, inside a transaction, before the same record is written to `stream_types`. */
  write({ sent, acked, nacked, nodeId, nodeGroup, timeUnixMs }: Delivery): void {
    const type = (sent ?? acked ?? nacked)?.type;
    if (type === undefined) return;
    const key = [nodeId, nodeGroup, type] as const;
    if (nacked) this.#reject(key, nacked, timeUnixMs);
    else if (this.#statements.any.get(...key) === undefined) return;
    if (sent) this.#offer(key, sent);
    if (acked) this.#take(key, acked);
  }

  #reject(key: ProxyType, nacked: Nacked, timeMs: number): void {
    const { nonce, version, revision, code, message, resources } = nacked;
    const culprits = new Set(nacked.culprits);
    const isKnown = culprits.size > 0;
    const bad = isKnown
      ? resources.filter(({ name }) => culprits.has(name))
      : resources.slice(0, rejectionsMax);
    const heldSequence =
      (this.#statements.lastAcked.get(...key) as { at: number | null } | undefined)?.at ?? null;
    for (const { name, digest } of bad) {
      const facts = [digest, version, revision?.sequence ?? 0, timeMs, code, message, isKnown ? 1 : 0];
      this.#statements.put.run(...key, name, ...facts, heldSequence);
    }
    this.#statements.withdraw.run(...key, nonce);
    if (!isKnown) return;
    // What went down with the culprits is sent again by itself, and was not what was wrong.
    for (const { name, digest } of resources)
      if (!culprits.has(name)) this.#statements.clear.run(...key, name, digest);
  }

  #offer(key: ProxyType, { nonce, resources }: Sent): void {
    const rejected = new Set(this.#statements.names.pluck().all(...key) as string[]);
    for (const { name, digest } of resources) {
      if (rejected.has(name)) this.#statements.offer.run(nonce, digest, ...key, name);
    }
  }

  #take(key: ProxyType, { nonce }: Acked): void {
    for (const row of this.#statements.offered.all(...key, nonce) as OfferedRow[]) {
      if (bytesEqual(row.digest, row.offered_digest))
        this.#statements.clear.run(...key, row.name, row.digest);
      else this.#statements.hold.run(...key, row.name);
    }
  }
}

interface OfferedRow {
  readonly name: string;
  readonly digest: Buffer;
  readonly offered_digest: Buffer;
}

function rejectionStatements(database: SqliteDatabase) {
  const statement = (text: string) => database.prepare<unknown[]>(text);
  const typeKey = "node_id = ? AND node_group = ? AND type = ?";
  return {
    any: statement(`SELECT 1 FROM rejections WHERE ${typeKey} LIMIT 1`),
    names: statement(`SELECT name FROM rejections WHERE ${typeKey}`),
    lastAcked: statement(
      `SELECT t.acked_sequence AS at FROM streams s JOIN stream_types t USING (edge_id, edge_started_ms, stream_id)
       WHERE s.node_id = ? AND s.node_group = ? AND t.type = ? AND t.acked_ms IS NOT NULL
       ORDER BY t.acked_ms DESC LIMIT 1`,
    ),
    // What the proxy held before the first rejection of the name is what it holds still.
    put: statement(
      `INSERT INTO rejections (node_id, node_group, type, name, digest, version, sequence, time_ms, code, message,
         culprit, held_sequence)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET digest = excluded.digest, version = excluded.version,
         sequence = excluded.sequence, time_ms = excluded.time_ms, code = excluded.code, message = excluded.message,
         culprit = excluded.culprit, offered_nonce = NULL, offered_digest = NULL`,
    ),
    clear: statement(`DELETE FROM rejections WHERE ${typeKey} AND name = ? AND digest = ?`),
    withdraw: statement(
      `UPDATE rejections SET offered_nonce = NULL, offered_digest = NULL WHERE ${typeKey} AND offered_nonce = ?`,
    ),
    offer: statement(
      `UPDATE rejections SET offered_nonce = ?, offered_digest = ? WHERE ${typeKey} AND name = ?`,
    ),
    offered: statement(
      `SELECT name, digest, offered_digest FROM rejections WHERE ${typeKey} AND offered_nonce = ?`,
    ),
    hold: statement(
      `UPDATE rejections SET held_digest = offered_digest, offered_nonce = NULL, offered_digest = NULL
       WHERE ${typeKey} AND name = ?`,
    ),
  };
}
