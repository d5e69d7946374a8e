import type { ResourceType } from "@routeledger/xds-model";
import type { Query } from "./query.ts";
import { resourceType } from "./xds.ts";

export interface HistoryEntry {
  readonly timeMs: number;
  readonly edge: string;
  readonly what: string;
  readonly type?: ResourceType;
  readonly version?: string;
  /** CONFIG sequence of the snapshot that it was about. */
  readonly sequence?: number;
  readonly detail: string;
}

/** What happened with a proxy, newest first. */
export const proxyHistory: Query<{ readonly node: string; readonly limit: number }, HistoryEntry[]> = {
  prepare(database) {
    const list = database.prepare<[string, number], HistoryRow>(
      "SELECT * FROM delivery.history WHERE node_id = ? ORDER BY id DESC LIMIT ?",
    );
    return ({ node, limit }) =>
      list
        .all(node, limit)
        .map(({ time_ms: timeMs, edge_id: edge, what, type, version, sequence, detail }) => ({
          timeMs,
          edge,
          what,
          ...(type !== null && { type: resourceType(type) }),
          ...(version !== null && { version }),
          ...(sequence !== null && { sequence }),
          detail,
        }));
  },
};

interface HistoryRow {
  readonly time_ms: number;
  readonly edge_id: string;
  readonly what: string;
  readonly type: number | null;
  readonly version: string | null;
  readonly sequence: number | null;
  readonly detail: string;
}
