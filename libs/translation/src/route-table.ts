import { codec } from "@routeledger/protos";
import { compareStrings } from "@routeledger/std";
import type { Part } from "@routeledger/xds-model";
import type { GatewayView } from "./gateway-view.ts";
import { coveringNames, intersect } from "./hostnames.ts";
import type { ListenerView } from "./listener-view.ts";
import type { MemoTable } from "./memo-table.ts";
import { makePart } from "./parts.ts";
import type { TranslatedRoute } from "./translated-route.ts";
import { encodeVirtualHost, type HostedRoute, virtualHostName } from "./virtual-host.ts";

/** A route that a listener takes. */
export interface ListenerRoute {
  readonly listener: ListenerView;
  readonly route: TranslatedRoute;
}

/** One a port for HTTP: its listeners share a connection manager. */
export function routeTableName(port: number): string {
  return `http/${port}`;
}

/** The parts of a port's route table: the shell, and a virtual host for each domain. */
export function routeTableParts(
  gateway: GatewayView,
  port: number,
  attached: readonly ListenerRoute[],
  memo: MemoTable,
): Part[] {
  const resource = routeTableName(port);
  const listeners = gateway.listeners.filter((listener) => listener.serves && listener.port === port);
  const shell = memo.get(`shell ${port}`, [gateway.object], () => {
    const bytes = codec("envoy.config.route.v3.RouteConfiguration").encode({
      name: resource,
      ignorePortInHostMatching: true,
    });
    return makePart({ type: "route", resource }, bytes, [gateway.object]);
  });
  const hostnames = new Set(listeners.map(({ hostname }) => hostname));
  const hosts = listeners.flatMap((listener) => {
    const routes = attached.filter((one) => one.listener === listener).map(({ route }) => route);
    return domainsOf(listener, routes, hostnames).map(({ domain, hosted }): Part => {
      const inputs = [gateway.object, ...hosted.flatMap(({ route, hostname }) => [route, hostname])];
      return memo.get(`host ${port} ${domain}`, inputs, () => {
        const bytes = encodeVirtualHost({ port, scheme: "http", domain }, hosted);
        const owners = [gateway.object, ...hosted.map(({ route }) => route.object)];
        return makePart({ type: "route", resource, virtualHost: virtualHostName(domain) }, bytes, owners);
      });
    });
  });
  return [shell, ...hosts];
}

interface Domain {
  readonly domain: string;
  readonly hosted: readonly HostedRoute[];
}

/**
 * The domains that a listener answers for, with the routes that may answer on each. Its own is always among them
 * (G13); what a more specific listener of the port covers is not (G12), so each domain has one listener (G21).
 */
function domainsOf(
  listener: ListenerView,
  routes: readonly TranslatedRoute[],
  listenerHostnames: ReadonlySet<string>,
): Domain[] {
  const byName = new Map<string, TranslatedRoute[]>();
  const domains = new Set([listener.hostname]);
  for (const route of routes) {
    for (const written of route.hostnames) {
      const domain = intersect(written, listener.hostname);
      if (domain === undefined) continue;
      domains.add(domain);
      const known = byName.get(written);
      if (known === undefined) byName.set(written, [route]);
      else known.push(route);
    }
  }
  return [...domains]
    .filter((domain) => ownerOf(domain, listenerHostnames) === listener.hostname)
    .sort(compareStrings)
    .map((domain) => ({ domain, hosted: hostedOn(domain, byName) }));
}

/** The most specific listener hostname that covers a domain. */
function ownerOf(domain: string, listenerHostnames: ReadonlySet<string>): string | undefined {
  return coveringNames(domain).find((name) => listenerHostnames.has(name));
}

/** Each route once, by the most specific name that it wrote. */
function hostedOn(domain: string, byName: ReadonlyMap<string, readonly TranslatedRoute[]>): HostedRoute[] {
  const hosted = new Map<TranslatedRoute, string>();
  for (const hostname of coveringNames(domain)) {
    for (const route of byName.get(hostname) ?? []) if (!hosted.has(route)) hosted.set(route, hostname);
  }
  return [...hosted].map(([route, hostname]) => ({ route, hostname }));
}
