import { by, compareStrings, inOrder } from "@routeledger/std";
import { coveringNames, intersect, isExact } from "../hostnames.ts";
import type { GatewayView } from "../listeners/gateway-view.ts";
import type { ListenerView } from "../listeners/listener-view.ts";
import type { AttachedRoute } from "../statuses/findings.ts";
import { type RouteTable, routeTableOf } from "./route-table.ts";
import type { TranslatedRoute } from "./translated-route.ts";
import type { HostedRoute } from "./virtual-host.ts";

/** A domain of a route table, with what answers on it. */
export interface Domain {
  readonly table: RouteTable;
  readonly domain: string;
  /** The routes that may answer; undefined where requests came to the wrong listener and get 421 (G91). */
  readonly hosted: readonly HostedRoute[] | undefined;
}

/** The domains of all route tables that serve, sorted by table and domain. */
export function domainsOf(gateway: GatewayView, routes: readonly AttachedRoute[]): readonly Domain[] {
  const serving = gateway.listeners.filter(({ serves }) => serves);
  const byListener = new Map(serving.map((listener): [ListenerView, TranslatedRoute[]] => [listener, []]));
  for (const { listeners, translated } of routes) {
    if (translated === undefined) continue;
    for (const listener of listeners) byListener.get(listener)?.push(translated);
  }
  const domains = [...byListener].flatMap(([listener, own]) => {
    const onPort = serving.filter(({ port }) => port === listener.port);
    const hostnames = new Set(onPort.map(({ hostname }) => hostname));
    const table = routeTableOf(listener);
    return [
      ...listenerDomains(listener, own, { table, hostnames }),
      ...(table.scheme === "https" ? misdirected(listener, { table, hostnames }) : []),
    ];
  });
  return domains.sort(
    inOrder(
      by(({ table }) => table.name),
      by(({ domain }) => domain),
    ),
  );
}

/** Where a listener's domains go, and the hostnames of all listeners of its port. */
interface TablePlace {
  readonly table: RouteTable;
  readonly hostnames: ReadonlySet<string>;
}

/**
 * The domains that a listener answers for, with the routes that may answer on each. Its own is always among them
 * (G13); what a more specific listener of the port covers is not (G12), so each domain has one listener (G21).
 */
function listenerDomains(
  { hostname }: ListenerView,
  routes: readonly TranslatedRoute[],
  { table, hostnames }: TablePlace,
): Domain[] {
  const byName = new Map<string, TranslatedRoute[]>();
  const domains = new Set([hostname]);
  for (const route of routes) {
    for (const written of route.hostnames) {
      const domain = intersect(written, hostname);
      if (domain === undefined) continue;
      domains.add(domain);
      const known = byName.get(written);
      if (known === undefined) byName.set(written, [route]);
      else known.push(route);
    }
  }
  // A listener that is alone on its port owns all that it covers.
  const own = [...domains].filter(
    (domain) => hostnames.size === 1 || ownerOf(domain, hostnames) === hostname,
  );
  const wide = [...byName.keys()].some((name) => !isExact(name));
  return own
    .sort(compareStrings)
    .map((domain) => ({ table, domain, hosted: hostedOn(domain, byName, wide) }));
}

/** Rule G91: a host of another listener of the port, on a connection that was made to this one. */
function misdirected({ hostname }: ListenerView, { table, hostnames }: TablePlace): Domain[] {
  return [...hostnames]
    .filter((other) => other !== hostname)
    .map((domain) => ({ table, domain, hosted: undefined }));
}

/** The most specific listener hostname that covers a domain. */
function ownerOf(domain: string, listenerHostnames: ReadonlySet<string>): string | undefined {
  return coveringNames(domain).find((name) => listenerHostnames.has(name));
}

/**
 * Each route once, by the most specific name that it wrote.
 * @param wide whether any name but an exact one was written
 */
function hostedOn(
  domain: string,
  byName: ReadonlyMap<string, readonly TranslatedRoute[]>,
  wide: boolean,
): HostedRoute[] {
  if (!wide) {
    const routes = byName.get(domain) ?? [];
    if (routes.length < 2) return routes.map((route) => ({ route, hostname: domain }));
  }
  const hosted = new Map<TranslatedRoute, string>();
  for (const hostname of wide ? coveringNames(domain) : [domain]) {
    for (const route of byName.get(hostname) ?? []) if (!hosted.has(route)) hosted.set(route, hostname);
  }
  return [...hosted].map(([route, hostname]) => ({ route, hostname }));
}
