/**
 * Proxies that report their load as Envoy does, each second, in a process of their own: `fork` it with the edge's
 * address, how many, the node group, of how many services, and how many of them are busy. It says "reporting" when
 * each was told to.
 */
import { codec, methodPath } from "@routeledger/protos";
import { LeanStream } from "./lean-stream.ts";

const [address = "", count = "1", cluster = "", services = "1", busy = "0"] = process.argv.slice(2);
const { encode } = codec("envoy.service.load_stats.v3.LoadStatsRequest");
const path = methodPath("envoy.service.load_stats.v3.LoadReportingService", "StreamLoadStats");
const node = (index: number) => ({ id: `proxy-${index}`, cluster, userAgentName: "envoy" });
const intervalMs = 1_000;
let reporting = 0;

const counts = { totalSuccessfulRequests: 98, totalErrorRequests: 2, totalIssuedRequests: 100 };
const clusterStats = Array.from({ length: Number(services) }, (_, service) => ({
  clusterName: `service/default/service-${service}/8080`,
  // Envoy names idle clusters, too.
  upstreamLocalityStats: service < Number(busy) ? [{ locality: {}, ...counts }] : [],
  loadReportInterval: { seconds: 1, nanos: 1_234_567 },
}));

for (let index = 0; index < Number(count); index++) {
  const report = encode({ node: node(index), clusterStats });
  const stream = new LeanStream(
    address,
    path,
    () => {
      setInterval(() => stream.write(report), intervalMs);
      if (++reporting === Number(count)) process.send?.("reporting");
    },
    (why) => process.send?.({ why }),
  );
  // Not all at one moment.
  setTimeout(() => stream.write(encode({ node: node(index) })), (index * intervalMs) / Number(count));
}
process.on("disconnect", () => process.exit());
