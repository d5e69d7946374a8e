import type { Revision } from "@routeledger/std";
import type { Query } from "./query.ts";

/** One event of a switch. */
export interface SwitchStep {
  readonly revision: Revision;
  /** Milliseconds since 1970. */
  readonly timeMs: number;
  readonly kind: string;
  readonly summary: string;
}

/** Steps of a switch: prepared, tried, turned, and its end. */
const stepsMax = 4;

/** The events of the switch that was prepared at a sequence, oldest first; empty where none was. */
export const switchSteps: Query<{ readonly sequence: number }, SwitchStep[]> = {
  prepare(database) {
    const list = database.prepare<[object], Row>(
      `SELECT sequence, epoch, time_ms, kind, summary FROM events
       WHERE sequence >= @sequence AND kind IN
         ('SwitchPrepared', 'SwitchTried', 'SwitchTurned', 'SwitchFinished', 'SwitchReverted')
       ORDER BY sequence LIMIT ${stepsMax}`,
    );
    return (args) => {
      const rows = list.all(args);
      if (rows[0]?.kind !== "SwitchPrepared" || rows[0].sequence !== args.sequence) return [];
      const end = rows.findIndex(({ kind }, index) => index > 0 && kind === "SwitchPrepared");
      return (end < 0 ? rows : rows.slice(0, end)).map(({ epoch, sequence, time_ms, kind, summary }) => ({
        ...{ revision: { epoch, sequence }, timeMs: time_ms, kind, summary },
      }));
    };
  },
};

interface Row {
  readonly sequence: number;
  readonly epoch: number;
  readonly time_ms: number;
  readonly kind: string;
  readonly summary: string;
}
