import { GateReason } from "../gate-reason.ts";
import type { SqliteDatabase } from "../open-database.ts";
import { gatesOf, type StreamRow } from "./proxy-streams.ts";

/**
 * Whether a stream holds back something of a type that belongs to a revision (rules 48 and D4): a resource that is as it
 * was then, in the snapshot that the proxy acknowledged a part of.
 */
export function prepareAdditionGates(
  database: SqliteDatabase,
): (
  stream: StreamRow,
  at: { readonly type: number; readonly acked: number; readonly asked: number },
) => boolean {
  const begins = database
    .prepare(
      `SELECT from_sequence FROM resources WHERE node_group = @nodeGroup AND type = @type AND name = @name
         AND from_sequence <= @acked AND until_sequence > @acked`,
    )
    .pluck();
  return (stream, { type, acked, asked }) => {
    if (stream.gates_total === 0) return false;
    const gates = gatesOf(stream);
    // Additions come first: where all that is listed is of them, there may be more.
    const isCut = stream.gates_total > gates.length;
    if (isCut && gates.every(({ reason }) => reason === GateReason.addition)) return true;
    return gates.some((gate) => {
      if (gate.reason !== GateReason.addition || gate.type !== type) return false;
      const from = begins.get({ nodeGroup: stream.node_group, type, name: gate.name, acked });
      return from !== undefined && (from as number) <= asked;
    });
  };
}
