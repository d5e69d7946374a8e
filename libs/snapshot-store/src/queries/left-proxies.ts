import type { Query } from "./query.ts";

/** Nodes of a node group that were connected at or after a time, milliseconds since 1970, and are not now. */
export const leftProxies: Query<{ readonly nodeGroup: string; readonly sinceMs: number }, string[]> = {
  prepare(database) {
    const list = database
      .prepare(
        `SELECT DISTINCT node_id FROM delivery.streams AS left
         WHERE node_group = @nodeGroup AND disconnected_ms >= @sinceMs AND NOT EXISTS (
           SELECT 1 FROM delivery.streams AS here WHERE here.node_id = left.node_id
             AND here.node_group = left.node_group AND here.disconnected_ms IS NULL)
         ORDER BY node_id`,
      )
      .pluck();
    return (args) => list.all(args) as string[];
  },
};
