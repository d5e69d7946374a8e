import type { envoy } from "@routeledger/protos";

/**
 * Where every resource is asked for: one constant, byte for byte, since a listener or cluster whose ConfigSource
 * changes waits for a resource that nobody sends again (xds rule 44).
 */
export const configSource: envoy.config.core.v3.ConfigSource = {
  ads: {},
  resourceApiVersion: "V3",
  initialFetchTimeout: { seconds: 15 },
};
