import { codec } from "@routeledger/protos";
import type { Part } from "@routeledger/xds-model";
import type { GatewayView } from "../listeners/gateway-view.ts";
import type { MemoTable } from "../memo-table.ts";
import { makePart } from "../parts.ts";
import type { Domain } from "./domains.ts";
import { encodeVirtualHost, virtualHostName } from "./virtual-host.ts";

/** One a port for HTTP: its listeners share a connection manager. */
export function routeTableName(port: number): string {
  return `http/${port}`;
}

/**
 * The parts of a port's route table: the shell, and a virtual host for each domain.
 * @param domains those of the port
 * @param memos `hostMemo` is of this port alone, by domain
 */
export function routeTableParts(
  gateway: GatewayView,
  port: number,
  domains: readonly Domain[],
  { memo, hostMemo }: { readonly memo: MemoTable; readonly hostMemo: MemoTable },
): Part[] {
  const resource = routeTableName(port);
  const shell = memo.get(`shell ${port}`, [gateway.object], () => {
    const bytes = codec("envoy.config.route.v3.RouteConfiguration").encode({
      name: resource,
      ignorePortInHostMatching: true,
    });
    return makePart({ type: "route", resource }, bytes, [gateway.object]);
  });
  const hosts = domains.map(({ domain, hosted }): Part => {
    const inputs: unknown[] = [gateway.object];
    for (const { route, hostname } of hosted) inputs.push(route, hostname);
    return hostMemo.get(domain, inputs, () => {
      const bytes = encodeVirtualHost({ port, scheme: "http", domain }, hosted);
      const owners = [gateway.object, ...hosted.map(({ route }) => route.object)];
      return makePart({ type: "route", resource, virtualHost: virtualHostName(domain) }, bytes, owners);
    });
  });
  return [shell, ...hosts];
}
