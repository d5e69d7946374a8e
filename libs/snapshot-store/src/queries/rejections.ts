import { prepareAcknowledgement } from "./acknowledged.ts";
import { prepareStoredRejections, type StoredRejection } from "./proxies.ts";
import { prepareProxyStreams } from "./proxy-streams.ts";
import { publishedTo } from "./published-to.ts";
import type { NoArgs, Query } from "./query.ts";

/** What one connected proxy rejected and should have still. */
export interface ProxyRejection extends StoredRejection {
  readonly node: string;
  readonly nodeGroup: string;
}

/** What connected proxies rejected and should have still, by node. Costs nothing while nothing is rejected. */
export const rejections: Query<NoArgs, ProxyRejection[]> = {
  prepare(database) {
    const groups = database.prepare("SELECT DISTINCT node_group FROM delivery.rejections").pluck();
    const nodes = database.prepare<[string], string>(
      "SELECT DISTINCT node_id FROM delivery.rejections WHERE node_group = ?",
    );
    const acknowledgement = prepareAcknowledgement(database);
    const streams = prepareProxyStreams(database);
    const rejectionsOf = prepareStoredRejections(database);
    return () => {
      const toRejection = rejectionsOf();
      return (groups.all() as string[]).flatMap((nodeGroup) => {
        const rejecting = new Set(nodes.pluck().all(nodeGroup));
        return streams(nodeGroup)
          .filter(({ nodeId, connected }) => connected && rejecting.has(nodeId))
          .flatMap((proxy) =>
            acknowledgement(proxy, publishedTo(database)).rejections.map((row) => ({
              ...{ node: proxy.nodeId, nodeGroup },
              ...toRejection(nodeGroup, row),
            })),
          );
      });
    };
  },
};
