import { durationOfMs, type envoy, packAny } from "@routeledger/protos";
import { requestLog } from "../access-log.ts";
import { configSource } from "../config-source.ts";
import { corsFilter } from "../routes/route-entry.ts";
import type { RouteTable } from "../routes/route-table.ts";
import { streamIdleTimeoutMs } from "../routes/route-timeouts.ts";

type HttpConnectionManager =
  envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager;

const connectionManager = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
const router = "envoy.extensions.filters.http.router.v3.Router";

/** The network filter that serves a route table. */
export function connectionManagerFilter(table: RouteTable): envoy.config.listener.v3.Filter {
  return {
    name: "envoy.filters.network.http_connection_manager",
    typedConfig: packAny(connectionManager, httpConnectionManager(table)),
  };
}

/** Safe for an edge (G115, G116); a route table over RDS; websocket allowed (G77). */
function httpConnectionManager({ name, port, scheme }: RouteTable): HttpConnectionManager {
  return {
    statPrefix: `${scheme}-${port}`,
    rds: { routeConfigName: name, configSource },
    httpFilters: [
      // Always: the first route that asks for CORS must not change the listener, which would drain it.
      { name: corsFilter, typedConfig: packAny("envoy.extensions.filters.http.cors.v3.Cors", {}) },
      { name: "envoy.filters.http.router", typedConfig: packAny(router, { suppressEnvoyHeaders: true }) },
    ],
    useRemoteAddress: { value: true },
    normalizePath: { value: true },
    mergeSlashes: true,
    pathWithEscapedSlashesAction: "UNESCAPE_AND_REDIRECT",
    stripTrailingHostDot: true,
    serverHeaderTransformation: "PASS_THROUGH",
    commonHttpProtocolOptions: {
      idleTimeout: durationOfMs(3_600_000),
      headersWithUnderscoresAction: "REJECT_REQUEST",
    },
    http2ProtocolOptions: {
      maxConcurrentStreams: { value: 100 },
      initialStreamWindowSize: { value: 65_536 },
      initialConnectionWindowSize: { value: 1_048_576 },
    },
    streamIdleTimeout: durationOfMs(streamIdleTimeoutMs),
    requestHeadersTimeout: durationOfMs(10_000),
    requestTimeout: durationOfMs(300_000),
    upgradeConfigs: [{ upgradeType: "websocket" }],
    accessLog: requestLog,
  };
}
