import { codec } from "@routeledger/protos";
import type { Part } from "@routeledger/xds-model";
import type { GatewayView } from "../listeners/gateway-view.ts";
import type { ListenerView } from "../listeners/listener-view.ts";
import type { MemoTable } from "../memo-table.ts";
import { makePart } from "../parts.ts";
import type { Domain } from "./domains.ts";
import { encodeMisdirectedHost, encodeVirtualHost, virtualHostName } from "./virtual-host.ts";

/** Where requests of a connection find their routes. */
export interface RouteTable {
  readonly name: string;
  readonly port: number;
  readonly scheme: "http" | "https";
}

/**
 * The table of a listener. HTTP listeners of a port share one; each HTTPS listener has its own, so that only its routes
 * answer on connections that were made to it (G90).
 */
export function routeTableOf({ protocol, port, hostname }: ListenerView): RouteTable {
  return protocol === "HTTPS"
    ? { name: `https/${port}/${hostname}`, port, scheme: "https" }
    : { name: `http/${port}`, port, scheme: "http" };
}

/**
 * The parts of a route table: the shell, and a virtual host for each domain.
 * @param domains those of the table
 * @param memos `hostMemo` is of this table alone, by domain
 */
export function routeTableParts(
  gateway: GatewayView,
  table: RouteTable,
  domains: readonly Domain[],
  { memo, hostMemo }: { readonly memo: MemoTable; readonly hostMemo: MemoTable },
): Part[] {
  const resource = table.name;
  const shell = memo.get(`shell ${resource}`, [gateway.object], () => {
    const bytes = codec("envoy.config.route.v3.RouteConfiguration").encode({
      name: resource,
      ignorePortInHostMatching: true,
    });
    return makePart({ type: "route", resource }, bytes, [gateway.object]);
  });
  const hosts = domains.map(({ domain, hosted }): Part => {
    const inputs: unknown[] = [gateway.object];
    for (const { route, hostname } of hosted ?? []) inputs.push(route, hostname);
    return hostMemo.get(domain, inputs, () => {
      const { port, scheme } = table;
      const bytes =
        hosted === undefined
          ? encodeMisdirectedHost(domain)
          : encodeVirtualHost({ port, scheme, domain }, hosted);
      const owners = [gateway.object, ...(hosted ?? []).map(({ route }) => route.object)];
      return makePart({ type: "route", resource, virtualHost: virtualHostName(domain) }, bytes, owners);
    });
  });
  return [shell, ...hosts];
}
