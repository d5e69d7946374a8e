/** Requests of the same vocabulary as the states, and a little beyond: what they hit decides the oracle. */

import type { JsonObject } from "@routeledger/std";
import fc from "fast-check";
import { aimed, matchOf, routesAmong } from "./aimed.ts";
import { seldom } from "./arbitraries.ts";
import type { Asked } from "./oracle.ts";
import { gatewayPorts } from "./placed.ts";

/** A request for a port that `placed` replaces. */
export type PlannedRequest = Asked;

const hosts = fc.constantFrom("a.io", "b.a.io", "c.b.a.io", "d.c.b.a.io", "x.io", "x.a.io", "other.com");

const host = fc
  .tuple(
    hosts,
    fc.constantFrom("", "", "", ":8443", ":80", ":443"),
    fc.constantFrom(false, false, false, true),
  )
  .map(([name, port, loud]) => (loud ? name.toUpperCase() : name) + port);

const path = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom(
      "/",
      "/a",
      "/a",
      "/a/",
      "/a/b",
      "/a/b",
      "/ab",
      "/a/b/c",
      "/b",
      "/ab/c",
      "/b/c",
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      ...[
        "//a",
        "/a//b",
        "/a/./b",
        "/a/b/../c",
        "/../a",
        "/a/..",
        "/a/.",
        "/a%2Fb",
        "/a%20b",
        "/A",
        "/a;v=1",
        "/a.b",
        "/aXb",
        "/a.b/c",
        "/aXb/c",
        "/a/b/",
      ],
    ),
  },
);

const query = fc.constantFrom("", "", "", "?q=1", "?q=2&q=1", "?Q=1", "?q=a%20b", "?r", "?r=2&q=1", "?");

const value = fc.constantFrom("1", "1", "2", "12");

const headers = fc.record({ x: value, y: value, z: value }, { requiredKeys: [] });

const origins = fc.record(
  {
    origin: fc.constantFrom("http://a.io", "https://b.a.io", "http://b.a.io:8080", "https://evil-a.io"),
    "access-control-request-method": fc.constantFrom("GET", "POST"),
  },
  { requiredKeys: ["origin"] },
);

const grpc = fc.constant({ "content-type": "application/grpc", te: "trailers" });

const chosen = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constantFrom("GET", "GET", "POST", "OPTIONS"), fc.constant({})) },
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom("OPTIONS", "OPTIONS", "GET"), origins) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("POST"), grpc) },
);

/** A request before it is known what Gateways and routes there are. Numbers are counted round and round. */
interface DraftedRequest extends Omit<PlannedRequest, "port" | "sni"> {
  /** Which listener's port it goes to; undefined: `port`. */
  readonly listener: number | undefined;
  /** A placeholder of `gatewayPorts`. */
  readonly port: number;
  /** Which route's hostnames it asks for; undefined: `host`. */
  readonly route: number | undefined;
  /** Which of the route's matches it wants to meet; undefined: none. */
  readonly match: number | undefined;
  /** Which hostname, and what goes behind a prefix. */
  readonly hostname: number;
  readonly end: string;
  /** Another server name than the host; empty: none. */
  readonly otherName: string | undefined;
}

/** One request; `planned` aims it at a state. */
export const draftedRequest: fc.Arbitrary<DraftedRequest> = fc
  .record({
    listener: fc.option(fc.nat(20), { nil: undefined, freq: 20 }),
    port: fc.constantFrom(...gatewayPorts.map(({ number }) => number)),
    route: fc.option(fc.nat(20), { nil: undefined, freq: 4 }),
    match: fc.option(fc.nat(20), { nil: undefined, freq: 3 }),
    hostname: fc.nat(20),
    end: fc.constantFrom("", "", "/", "/b", "b"),
    otherName: seldom(fc.oneof(hosts, fc.constant("")), 3),
    protocol: fc.constantFrom("HTTP/1.1", "HTTP/1.1", "HTTP/2"),
    host,
    path: fc.tuple(path, query).map(([one, end]) => one + end),
    headers,
    chosen,
  })
  .map(({ chosen: [method, more], headers: made, ...rest }) => ({
    ...rest,
    method,
    headers: { ...made, ...more },
  }));

/** The requests, most of them aimed at listeners and routes of a state. */
export function planned(objects: readonly JsonObject[], drafts: readonly DraftedRequest[]): PlannedRequest[] {
  const listeners = objects.flatMap(({ spec }) => ((spec as JsonObject).listeners ?? []) as JsonObject[]);
  const routes = routesAmong(objects);
  return drafts.map(({ listener, port, route, match, hostname, end, otherName, ...draft }) => {
    const toListener = listener === undefined ? undefined : listeners[listener % listeners.length];
    const at = Number(toListener?.port ?? port);
    const isSecured = gatewayPorts.some(({ number, tls }) => number === at && tls);
    const toRoute = route === undefined ? undefined : routes[route % routes.length];
    const names = toRoute?.spec.hostnames ?? [toListener?.hostname].filter((name) => name !== undefined);
    const name = names[hostname % names.length];
    const asked =
      name === undefined ? draft.host : draft.host.replace(/^[^:]*/, String(name).replace("*", "b"));
    const wanted = toRoute === undefined || match === undefined ? undefined : matchOf(toRoute, match);
    const own = asked.replace(/:.*/, "").toLowerCase();
    return {
      ...draft,
      ...(wanted === undefined ? {} : aimed(draft, wanted, end)),
      protocol: isSecured ? draft.protocol : "HTTP/1.1",
      host: asked,
      port: at,
      sni: isSecured ? (otherName ?? own) : undefined,
    };
  });
}
