import { eventLogContract } from "@routeledger/event-log/testing";
import { natsLogHarness } from "../nats/nats-log-harness.ts";
import { startNatsCluster } from "../nats/nats-server.ts";

/** The log on three servers, asked all that every adapter is asked; at each restart another server is killed. */
let restarts = 0;

eventLogContract(
  "NATS, three servers",
  natsLogHarness({
    start: (configuration) => startNatsCluster({ configuration }),
    replicas: 3,
    disturb: async (cluster) => {
      // What was killed before has to be back: two of three are needed.
      await cluster.ready();
      const server = cluster.servers[restarts++ % cluster.servers.length]!;
      await server.kill();
      await server.spawn();
    },
  }),
);
