import type { ConfigObject } from "@routeledger/config-model";
import { codec, withMessages } from "@routeledger/protos";
import { compareNumbers, inOrder } from "@routeledger/std";
import { compareSpecificity } from "../hostnames.ts";
import { encodedRoute } from "./encoded-route.ts";
import { compareOrigins, compareRanks } from "./match-rank.ts";
import type { RouteEntry, RoutePlace } from "./route-entry.ts";
import type { TranslatedRoute } from "./translated-route.ts";

/** A route that may answer on a domain, and the hostname that it wrote and that covers the domain. */
export interface HostedRoute {
  readonly route: TranslatedRoute;
  readonly hostname: string;
}

const virtualHosts = codec("envoy.config.route.v3.VirtualHost");

/** From the domain alone, without dots, which split the tags of statistics (G24). */
export function virtualHostName(domain: string): string {
  return domain.replaceAll(".", "_");
}

/**
 * The routes of a domain's virtual host, in order: those of the name itself, then those of every wider name on the same
 * listener, most specific first (G19, G20), in each by the rank of the match (G34).
 */
export function virtualHostRoutes(place: RoutePlace, hosted: readonly HostedRoute[]): HostRoute[] {
  const entries = hosted.flatMap(({ route, hostname }) =>
    route.entries.map((entry) => ({ entry, hostname, object: route.object })),
  );
  return entries
    .sort(compareEntries)
    .map(({ entry, object }) => ({ entry, object, bytes: encodedRoute(entry, place) }));
}

/** A virtual host of a domain with these routes. */
export function encodeVirtualHost(domain: string, routes: readonly Uint8Array[]): Uint8Array {
  const head = virtualHosts.encode({ name: virtualHostName(domain), domains: [domain] });
  return withMessages(head, virtualHostRoutesField, routes);
}

/** `VirtualHost.routes` */
export const virtualHostRoutesField = 3;

/** An Envoy route of a virtual host. */
export interface HostRoute {
  readonly entry: RouteEntry;
  /** The HTTPRoute or GRPCRoute that it is of. */
  readonly object: ConfigObject;
  readonly bytes: Uint8Array;
}

/** A host of another listener (G91): the client is told to come again on a connection of its own. */
export function encodeMisdirectedHost(domain: string): Uint8Array {
  return virtualHosts.encode({
    name: virtualHostName(domain),
    domains: [domain],
    routes: [{ name: "misdirected", match: { prefix: "/" }, directResponse: { status: 421 } }],
  });
}

const compareEntries = inOrder<{ readonly entry: RouteEntry; readonly hostname: string }>(
  (a, b) => compareSpecificity(a.hostname, b.hostname),
  (a, b) => compareRanks(a.entry.rank, b.entry.rank),
  (a, b) => compareNumbers(Number(a.entry.preflight), Number(b.entry.preflight)),
  (a, b) => compareOrigins(a.entry.origin, b.entry.origin),
);
