import type { ConfigObject } from "@routeledger/config-model";
import { codec } from "@routeledger/protos";
import type { Part, PartKey } from "@routeledger/xds-model";
import type { GatewayView } from "../listeners/gateway-view.ts";
import type { ListenerView } from "../listeners/listener-view.ts";
import { makePart } from "../parts.ts";
import type { Domain } from "./domain-index.ts";
import {
  encodeMisdirectedHost,
  encodeVirtualHost,
  type HostedRoute,
  type HostRoute,
  virtualHostName,
  virtualHostRoutes,
} from "./virtual-host.ts";

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

/** The shells of the tables of the listeners that serve. */
export function routeTableShells({ object, listeners }: GatewayView): Part[] {
  const tables = new Set(listeners.filter(({ serves }) => serves).map((one) => routeTableOf(one).name));
  return [...tables].map((name) => {
    const bytes = codec("envoy.config.route.v3.RouteConfiguration").encode({
      name,
      ignorePortInHostMatching: true,
    });
    return makePart({ type: "route", resource: name }, bytes, [object]);
  });
}

/** A virtual host, and what it is made of. */
export interface EncodedHost {
  readonly part: Part;
  readonly domain: string;
  readonly routes: readonly HostRoute[];
}

/** The virtual host of a domain. @param gateway the Gateway's object, which owns it with the routes */
export function encodedHost(
  gateway: ConfigObject,
  { table, domain, hosted }: Domain & { readonly hosted: readonly HostedRoute[] },
): EncodedHost {
  const { port, scheme } = table;
  const routes = virtualHostRoutes({ port, scheme, domain }, hosted);
  const bytes = encodeVirtualHost(
    domain,
    routes.map((route) => route.bytes),
  );
  const owners = [gateway, ...hosted.map(({ route }) => route.object)];
  return { part: makePart(virtualHostKey(table, domain), bytes, owners), domain, routes };
}

/** The virtual host of a domain of another listener of the port (G91). */
export function misdirectedPart(gateway: ConfigObject, { table, domain }: Domain): Part {
  return makePart(virtualHostKey(table, domain), encodeMisdirectedHost(domain), [gateway]);
}

export function virtualHostKey({ name }: RouteTable, domain: string): PartKey {
  return { type: "route", resource: name, virtualHost: virtualHostName(domain) };
}
