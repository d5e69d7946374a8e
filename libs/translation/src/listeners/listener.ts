import { codec, type envoy, packAny } from "@routeledger/protos";
import { by } from "@routeledger/std";
import type { Part } from "@routeledger/xds-model";
import { connectionLog } from "../access-log.ts";
import { connectionBufferBytes } from "../backends/cluster.ts";
import { anyHost } from "../hostnames.ts";
import { makePart } from "../parts.ts";
import { routeTableOf } from "../routes/route-table.ts";
import { downstreamTls } from "./downstream-tls.ts";
import type { GatewayView } from "./gateway-view.ts";
import { connectionManagerFilter } from "./http-connection.ts";
import type { ListenerView } from "./listener-view.ts";

/** Transport, address and port, never the Gateway's listener that happens to be the first on it. */
export function listenerName(address: string, port: number): string {
  return `tcp/${address.includes(":") ? `[${address}]` : address}/${port}`;
}

/** The Envoy listeners of a Gateway, one an address and port. A port without a valid listener has none (G88). */
export function listenerParts({ object, addresses, listeners }: GatewayView): Part[] {
  const byPort = Map.groupBy(
    listeners.filter(({ serves }) => serves),
    ({ port }) => port,
  );
  return [...byPort].flatMap(([port, onPort]) =>
    addresses.map((address) => {
      const bytes = codec("envoy.config.listener.v3.Listener").encode(envoyListener(address, port, onPort));
      const owners = [object, ...onPort.map(({ owner }) => owner)];
      return makePart({ type: "listener", resource: listenerName(address, port) }, bytes, owners);
    }),
  );
}

const tlsInspector = "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector";

/** @param listeners those of the port that serve, all HTTP or all HTTPS */
export function envoyListener(
  address: string,
  port: number,
  listeners: readonly ListenerView[],
): envoy.config.listener.v3.Listener {
  const secure = listeners.filter(({ tls }) => tls !== undefined);
  return {
    name: listenerName(address, port),
    address: { socketAddress: { address, portValue: port } },
    perConnectionBufferLimitBytes: { value: connectionBufferBytes },
    accessLog: connectionLog,
    ...(secure.length === 0
      ? {
          filterChains: [
            { filters: [connectionManagerFilter({ name: `http/${port}`, port, scheme: "http" })] },
          ],
        }
      : {
          listenerFilters: [
            { name: "envoy.filters.listener.tls_inspector", typedConfig: packAny(tlsInspector, {}) },
          ],
          filterChains: secure.map(filterChain).sort(by(({ name }) => name ?? "")),
        }),
  };
}

/**
 * Each HTTPS listener is a filter chain that its hostname chooses (G88). Without a hostname it has no match: `*` is no
 * server name, and what shows none reaches that chain alone.
 */
function filterChain(listener: ListenerView): envoy.config.listener.v3.FilterChain {
  const table = routeTableOf(listener);
  const { hostname, tls } = listener;
  return {
    name: table.name,
    ...(hostname === anyHost ? {} : { filterChainMatch: { serverNames: [hostname] } }),
    filters: [connectionManagerFilter(table)],
    ...(tls === undefined ? {} : { transportSocket: downstreamTls(tls) }),
  };
}
