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
 * The virtual host of a domain, encoded: the routes of the name itself, then those of every wider name on the same
 * listener, most specific first (G19, G20), in each by the rank of the match (G34).
 */
export function encodeVirtualHost(place: RoutePlace, hosted: readonly HostedRoute[]): Uint8Array {
  const head = virtualHosts.encode({ name: virtualHostName(place.domain), domains: [place.domain] });
  const entries = hosted.flatMap(({ route, hostname }) =>
    route.entries.map((entry) => ({ entry, hostname })),
  );
  return withMessages(
    head,
    routesField,
    entries.sort(compareEntries).map(({ entry }) => encodedRoute(entry, place)),
  );
}

/** `VirtualHost.routes` */
const routesField = 3;

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
