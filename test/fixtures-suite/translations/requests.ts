import type { JsonObject } from "@routeledger/std";
import { rulesOf, type TranslationCase } from "./translation-case.ts";

/** One request to a Gateway's port. */
export interface Probe {
  readonly port: number;
  readonly method: string;
  readonly host: string;
  /** With query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Present where the port speaks TLS: the name that the client asks for. */
  readonly sni?: string;
}

type Ask = Pick<Probe, "method" | "path" | "headers">;

const nobodysHost = "nobody.example.net";

/**
 * Requests that a case's routes make interesting, to each of its ports: each match made true, and broken in one way;
 * each host that somebody names, and one that nobody does.
 */
export function probesOf(one: TranslationCase): Probe[] {
  const routes = one.objects.filter(({ kind }) => kind === "HTTPRoute" || kind === "GRPCRoute");
  const listeners = (one.gateway.spec as JsonObject).listeners as JsonObject[];
  const asks = distinct([...plainAsks, ...routes.flatMap(asksOf)]);
  return one.ports.flatMap((port) => {
    const onPort = listeners.filter((listener) => listener.port === port);
    const names = [
      ...onPort.flatMap(({ hostname }) => (hostname === undefined ? [] : [String(hostname)])),
      ...routes.flatMap(hostnamesOf),
    ];
    const hosts = [...new Set([...names.flatMap(instances), nobodysHost])];
    const spelled = hosts.flatMap((host) => [`${host}:${port}`, host.toUpperCase()]);
    const probes = [
      ...hosts.flatMap((host) => asks.map((ask) => ({ ...ask, port, host }))),
      ...spelled.flatMap((host) => plainAsks.map((ask) => ({ ...ask, port, host }))),
      ...hosts.slice(0, 1).flatMap((host) => oddAsks.map((ask) => ({ ...ask, port, host }))),
    ];
    if (!onPort.some(({ protocol }) => protocol === "HTTPS")) return probes;
    const own = probes.map((probe) => ({ ...probe, sni: probe.host.toLowerCase().replace(/:\d+$/, "") }));
    const crossed = hosts.flatMap((sni) =>
      hosts
        .filter((host) => host !== sni)
        .flatMap((host) => plainAsks.map((ask) => ({ ...ask, port, host, sni }))),
    );
    return [...own, ...crossed];
  });
}

const plainAsks: readonly Ask[] = [
  { method: "GET", path: "/", headers: {} },
  { method: "GET", path: "/nowhere/at/all?q=1", headers: {} },
];

/** What proxies are known to treat in their own ways, whatever the routes are: asked of one host only. */
const oddAsks: readonly Ask[] = [
  { method: "GET", path: "/", headers: { x_underscored: "1" } },
  { method: "GET", path: "/a%2Fb", headers: {} },
];

function hostnamesOf({ spec }: JsonObject): string[] {
  return ((spec as JsonObject).hostnames ?? []) as string[];
}

/** Hosts that a name covers, and one that it just does not. */
function instances(name: string): string[] {
  return name.startsWith("*.")
    ? [`a${name.slice(1)}`, `a.b${name.slice(1)}`, name.slice(2)]
    : [name, `not-${name}`];
}

function asksOf(route: JsonObject): Ask[] {
  return rulesOf(route).flatMap((rule) => {
    const matches = (rule.matches ?? [{}]) as JsonObject[];
    const touched = touchedHeaders(rule);
    return matches.flatMap((match) => {
      const asks = route.kind === "GRPCRoute" ? grpcAsks(match) : httpAsks(match);
      const carrying = asks.slice(0, 1).map((ask) => ({ ...ask, headers: { ...touched, ...ask.headers } }));
      return [...asks, ...carrying];
    });
  });
}

/** A value for each header that a rule sets, adds or removes, so that it is seen to. */
function touchedHeaders({ filters }: JsonObject): Record<string, string> {
  const modifiers = ((filters ?? []) as JsonObject[]).map(
    ({ requestHeaderModifier }) => (requestHeaderModifier ?? {}) as JsonObject,
  );
  const names = modifiers.flatMap(({ set, add, remove }) => [
    ...[...((set ?? []) as JsonObject[]), ...((add ?? []) as JsonObject[])].map(({ name }) => String(name)),
    ...((remove ?? []) as string[]),
  ]);
  return Object.fromEntries(names.map((name) => [name.toLowerCase(), "sent"]));
}

/** The first makes the match true. */
function httpAsks(match: JsonObject): Ask[] {
  const { value: path = "/" } = (match.path ?? {}) as { value?: string };
  const method = String(match.method ?? "GET");
  const headers = pairs(match.headers);
  const query = pairs(match.queryParams);
  const ask = (more: Partial<Ask & { query: Record<string, string> }>): Ask => {
    const search = new URLSearchParams(more.query ?? query).toString();
    const full = `${more.path ?? path}${search === "" ? "" : `?${search}`}`;
    return { method: more.method ?? method, path: full, headers: more.headers ?? headers };
  };
  return [
    ask({}),
    ...pathsBeside(path).map((other) => ask({ path: other })),
    ask({ method: method === "POST" ? "PUT" : "POST" }),
    ...broken(headers).map((other) => ask({ headers: other })),
    ...broken(query).map((other) => ask({ query: other })),
  ];
}

/** More of a path, less of it, and other spellings. */
function pathsBeside(path: string): string[] {
  const bare = path.replace(/\/$/, "");
  const more = [
    `${bare}/`,
    `${bare}/more`,
    `${bare}x`,
    `${bare}/more/../less`,
    `/x/..${bare}`,
    `${bare}//more`,
    `${bare}/a%20b`,
  ];
  const other = [bare.toUpperCase(), bare.slice(0, -1)];
  return [...more, ...other]
    .map((one) => (one.startsWith("/") ? one : `/${one}`))
    .filter((one) => one !== path);
}

function grpcAsks(match: JsonObject): Ask[] {
  const { service = "any.Service", method = "Any" } = (match.method ?? {}) as {
    service?: string;
    method?: string;
  };
  const headers = { "content-type": "application/grpc", te: "trailers", ...pairs(match.headers) };
  const paths = [
    `/${service}/${method}`,
    `/${service}/Other`,
    `/${service}x/${method}`,
    `/${service}`,
    `/more/${service}/${method}`,
    `/${service}/${method}/`,
  ];
  const asked = paths.map((path) => ({ method: "POST", path, headers }));
  return [...asked, { method: "GET", path: `/${service}/${method}`, headers: {} }];
}

function pairs(list: unknown): Record<string, string> {
  const entries = ((list ?? []) as { name: string; value: string }[]).map(({ name, value }) => [name, value]);
  return Object.fromEntries(entries) as Record<string, string>;
}

/** Each copy lacks one of the values, or has another in its place. */
function broken(values: Readonly<Record<string, string>>): Record<string, string>[] {
  return Object.keys(values).flatMap((name) => {
    const { [name]: value, ...others } = values;
    return [others, { ...others, [name]: `${value}x` }];
  });
}

function distinct(asks: readonly Ask[]): Ask[] {
  return [...new Map(asks.map((ask) => [JSON.stringify(ask), ask])).values()];
}
