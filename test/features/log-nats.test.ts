import { eventLogContract } from "@routeledger/event-log/testing";
import { natsLogHarness } from "../nats/nats-log-harness.ts";
import { startNatsServer } from "../nats/nats-server.ts";

/** The log on NATS, asked all that every adapter is asked; each restart is a server that was killed. */
eventLogContract(
  "NATS, one server",
  natsLogHarness({
    start: (configuration) => startNatsServer({ configuration }),
    replicas: 1,
    disturb: async ({ servers }) => await servers[0]!.restart(),
  }),
);
