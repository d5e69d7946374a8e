import { codec, durationOfMs, type envoy, packAny } from "@routeledger/protos";
import type { Part } from "@routeledger/xds-model";
import { connectionLog, requestLog } from "../access-log.ts";
import { connectionBufferBytes } from "../backends/cluster.ts";
import { configSource } from "../config-source.ts";
import type { MemoTable } from "../memo-table.ts";
import { makePart } from "../parts.ts";
import { corsFilter } from "../routes/route-entry.ts";
import { routeTableName } from "../routes/route-table.ts";
import { streamIdleTimeoutMs } from "../routes/route-timeouts.ts";
import type { GatewayView } from "./gateway-view.ts";

const connectionManager = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
const router = "envoy.extensions.filters.http.router.v3.Router";

/** Transport, address and port, never the Gateway's listener that happens to be the first on it. */
export function listenerName(address: string, port: number): string {
  return `tcp/${address.includes(":") ? `[${address}]` : address}/${port}`;
}

/** The Envoy listeners of an HTTP port, one an address. A port without a valid listener has none (G88). */
export function listenerParts(gateway: GatewayView, port: number, memo: MemoTable): Part[] {
  return gateway.addresses.map((address) =>
    memo.get(`listener ${address} ${port}`, [gateway.object], () => {
      const bytes = codec("envoy.config.listener.v3.Listener").encode(envoyListener(address, port));
      return makePart({ type: "listener", resource: listenerName(address, port) }, bytes, [gateway.object]);
    }),
  );
}

export function envoyListener(address: string, port: number): envoy.config.listener.v3.Listener {
  const manager = packAny(connectionManager, httpConnectionManager(port));
  return {
    name: listenerName(address, port),
    address: { socketAddress: { address, portValue: port } },
    perConnectionBufferLimitBytes: { value: connectionBufferBytes },
    accessLog: connectionLog,
    filterChains: [
      { filters: [{ name: "envoy.filters.network.http_connection_manager", typedConfig: manager }] },
    ],
  };
}

/** Safe for an edge (G115, G116); a route table over RDS; websocket allowed (G77). */
function httpConnectionManager(
  port: number,
): envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager {
  return {
    statPrefix: `http-${port}`,
    rds: { routeConfigName: routeTableName(port), configSource },
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
