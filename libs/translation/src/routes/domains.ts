import { by, compareStrings, inOrder } from "@routeledger/std";
import { coveringNames, intersect, isExact } from "../hostnames.ts";
import type { GatewayView } from "../listeners/gateway-view.ts";
import type { ListenerView } from "../listeners/listener-view.ts";
import type { AttachedRoute } from "../statuses/findings.ts";
import type { TranslatedRoute } from "./translated-route.ts";
import type { HostedRoute } from "./virtual-host.ts";

/** A domain of a port, with the routes that may answer on it. */
export interface Domain {
  readonly port: number;
  readonly domain: string;
  readonly hosted: readonly HostedRoute[];
}

/** The domains of all ports that serve, sorted by port and domain. */
export function domainsOf(gateway: GatewayView, routes: readonly AttachedRoute[]): readonly Domain[] {
  const serving = gateway.listeners.filter(({ serves }) => serves);
  const byListener = new Map(serving.map((listener): [ListenerView, TranslatedRoute[]] => [listener, []]));
  for (const { listeners, translated } of routes) {
    if (translated === undefined) continue;
    for (const listener of listeners) byListener.get(listener)?.push(translated);
  }
  const domains = [...byListener].flatMap(([listener, own]) => {
    const onPort = serving.filter(({ port }) => port === listener.port);
    return listenerDomains(listener, own, new Set(onPort.map(({ hostname }) => hostname)));
  });
  return domains.sort(
    inOrder(
      (a, b) => a.port - b.port,
      by(({ domain }) => domain),
    ),
  );
}

/**
 * The domains that a listener answers for, with the routes that may answer on each. Its own is always among them
 * (G13); what a more specific listener of the port covers is not (G12), so each domain has one listener (G21).
 */
function listenerDomains(
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
  const { hostname, port } = listener;
  // A listener that is alone on its port owns all that it covers.
  const own = [...domains].filter(
    (domain) => listenerHostnames.size === 1 || ownerOf(domain, listenerHostnames) === hostname,
  );
  const wide = [...byName.keys()].some((name) => !isExact(name));
  return own.sort(compareStrings).map((domain) => ({ port, domain, hosted: hostedOn(domain, byName, wide) }));
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
