import type { Query } from "./query.ts";

export interface ClusterLoadsArgs {
  readonly nodeGroup: string;
  /** What happened then or later, milliseconds since 1970; what may have begun before is left out. */
  readonly fromMs: number;
  /** What happened until then. */
  readonly untilMs: number;
}

/** What a node group's proxies said of the clusters of a switch, over all edges. */
export interface ClusterLoads {
  /** Proxies that reported, and for how long by now all of them did, milliseconds. */
  readonly proxies: number;
  readonly heardMs: number;
  readonly clusters: readonly {
    readonly name: string;
    readonly successful: number;
    readonly errors: number;
    readonly issued: number;
  }[];
}

export const clusterLoads: Query<ClusterLoadsArgs, ClusterLoads> = {
  prepare(database) {
    const span = "node_group = @nodeGroup AND from_ms >= @fromMs AND until_ms <= @untilMs";
    const sums = database.prepare<[object], ClusterLoads["clusters"][number]>(
      `SELECT cluster AS name, sum(successful) AS successful, sum(errors) AS errors, sum(issued) AS issued
       FROM delivery.loads WHERE ${span} AND cluster <> '' GROUP BY cluster ORDER BY cluster`,
    );
    // Of each edge from when on it had the most.
    const reporting = database.prepare<[object], Reporting>(
      `WITH most AS (SELECT edge_id, max(proxies) AS proxies FROM delivery.loads WHERE ${span} GROUP BY edge_id),
         begun AS (
           SELECT min(from_ms) AS from_ms, most.proxies FROM delivery.loads JOIN most USING (edge_id, proxies)
           WHERE ${span} GROUP BY edge_id)
       SELECT coalesce(sum(proxies), 0) AS proxies,
         coalesce((SELECT max(until_ms) FROM delivery.loads WHERE ${span}) - max(from_ms), 0) AS heardMs FROM begun`,
    );
    return (args) => ({ ...reporting.get(args)!, clusters: sums.all(args) });
  },
};

interface Reporting {
  readonly proxies: number;
  readonly heardMs: number;
}
