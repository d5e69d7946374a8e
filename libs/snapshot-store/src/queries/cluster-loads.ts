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
  /** Proxies that reported. */
  readonly proxies: number;
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
    const reporting = database
      .prepare(
        `SELECT coalesce(sum(most), 0) FROM (
           SELECT max(proxies) AS most FROM delivery.loads WHERE ${span} GROUP BY edge_id)`,
      )
      .pluck();
    return (args) => ({ proxies: Number(reporting.get(args)), clusters: sums.all(args) });
  },
};
