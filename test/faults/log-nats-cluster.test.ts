import { eventLogContract } from "@routeledger/event-log/testing";
import { natsLogHarness } from "../nats/nats-log-harness.ts";
import { startNatsCluster } from "../nats/nats-server.ts";

/** The log on three servers, asked all that every adapter is asked; at every third restart another server is killed. */
const killEvery = 3;
let restarts = 0;

eventLogContract(
  "NATS, three servers",
  natsLogHarness({
    start: (configuration) => startNatsCluster({ configuration }),
    replicas: 3,
    disturb: async (cluster) => {
      if (restarts++ % killEvery > 0) return;
      const server = cluster.servers[((restarts / killEvery) % cluster.servers.length) | 0]!;
      await server.kill();
      await server.spawn();
      // Leaders are elected, also the one that makes streams and consumers.
      await cluster.ready();
    },
  }),
);
