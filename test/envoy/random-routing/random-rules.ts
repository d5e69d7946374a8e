/** Rules of HTTPRoutes and GRPCRoutes with everything that is served, and some that cannot be. */
import type { JsonObject, JsonValue } from "@routeledger/std";
import fc from "fast-check";
import { clean, seldom } from "./arbitraries.ts";

/** Dots, bars and escapes are there because a pattern could be made of them by mistake. */
const paths = fc.oneof(
  { weight: 3, arbitrary: pathMatch("Exact", "/", "/a", "/a", "/a/b", "/a/b", "/ab", "/a/", "/a%20b") },
  {
    weight: 5,
    arbitrary: pathMatch(
      "PathPrefix",
      "/",
      "/",
      "/",
      "/",
      "/a",
      "/a",
      "/a/",
      "/a/b",
      "/ab",
      "/a.b",
      "/a;v=1",
    ),
  },
  {
    weight: 2,
    arbitrary: pathMatch(
      "RegularExpression",
      "/a.*",
      "/a.*",
      "/[ab]+",
      "/a/[^/]+",
      "/.?",
      "/.*b",
      "/a|/b/c",
      "/(a",
    ),
  },
);

function pathMatch(type: string, ...values: string[]): fc.Arbitrary<JsonObject> {
  return fc.constantFrom(...values).map((value) => ({ type, value }));
}

/** Names may differ in case only: the first counts. */
function valueMatches(...names: string[]): fc.Arbitrary<JsonObject[]> {
  const one = fc.record({
    name: fc.constantFrom(...names),
    entry: fc.constantFrom(
      { type: "Exact", value: "1" },
      { type: "Exact", value: "2" },
      { type: "RegularExpression", value: "1|2" },
      { type: "RegularExpression", value: "1.*" },
    ),
  });
  return fc
    .uniqueArray(one, { minLength: 1, maxLength: 2, selector: ({ name }) => name })
    .map((entries) => entries.map(({ name, entry }) => ({ name, ...entry })));
}

const queryParams = fc.oneof(
  { weight: 4, arbitrary: valueMatches("q", "Q", "r") },
  { weight: 1, arbitrary: fc.constant([{ type: "Exact", name: "q", value: "a%20b" }]) },
);

const httpMatch = fc
  .record({
    path: fc.oneof({ weight: 5, arbitrary: paths }, { weight: 1, arbitrary: fc.constant(undefined) }),
    method: seldom(fc.constantFrom("GET", "GET", "POST", "OPTIONS"), 4),
    headers: seldom(valueMatches("x", "X", "y"), 4),
    queryParams: seldom(queryParams, 6),
  })
  .map(clean);

const grpcMethod = fc
  .record({
    type: fc.constantFrom("Exact", "Exact", undefined, "RegularExpression"),
    service: fc.constantFrom(undefined, "a", "ab", "b", "a.b"),
    method: fc.constantFrom(undefined, "b", "c"),
  })
  .filter(({ service, method }) => service !== undefined || method !== undefined)
  .map(({ type, service, method }) =>
    type === "RegularExpression"
      ? { type, ...(service ? { service: `${service}+` } : {}), ...(method ? { method: "[bc]" } : {}) }
      : { type, service, method },
  );

const grpcMatch = fc
  .record({ method: seldom(grpcMethod, 1), headers: seldom(valueMatches("x", "X", "y"), 2) })
  .map(clean);

/** Each name once, in whatever case; with a small chance twice, or Host: such a rule is refused. */
const headerChanges = fc
  .record({
    actions: fc.array(fc.constantFrom("set", "add", "remove"), { minLength: 1, maxLength: 3 }),
    names: fc.shuffledSubarray(["x", "Y", "z", "new"], { minLength: 4 }),
    values: fc.array(fc.constantFrom("1", "s t", "100%", "%REQ(x)%"), { minLength: 3, maxLength: 3 }),
    bad: fc.constantFrom(...Array.from({ length: 20 }, () => undefined), "Host", "x"),
  })
  .map(({ actions, names, values, bad }) => {
    const entries = actions.map((action, place) => ({
      action,
      name: names[place] ?? "",
      value: values[place] ?? "",
    }));
    const of = (wanted: string): { name: string; value: string }[] =>
      entries.filter(({ action }) => action === wanted).map(({ name, value }) => ({ name, value }));
    const removed = [...of("remove").map(({ name }) => name), ...(bad === undefined ? [] : [bad])];
    return clean({ set: nonEmpty(of("set")), add: nonEmpty(of("add")), remove: nonEmpty(removed) });
  });

function nonEmpty<T>(list: T[]): T[] | undefined {
  return list.length === 0 ? undefined : list;
}

const pathChange = fc.oneof(
  fc
    .constantFrom("/full", "/", "/f/g")
    .map((replaceFullPath) => ({ type: "ReplaceFullPath", replaceFullPath })),
  fc
    .constantFrom("/new", "/new/", "/", "", "/n/m")
    .map((replacePrefixMatch) => ({ type: "ReplacePrefixMatch", replacePrefixMatch })),
);

const requestHeaders = headerChanges.map((it) => ({
  type: "RequestHeaderModifier",
  requestHeaderModifier: it,
}));
const responseHeaders = headerChanges.map((it) => ({
  type: "ResponseHeaderModifier",
  responseHeaderModifier: it,
}));
const rewrite = fc
  .record({ hostname: seldom(fc.constantFrom("new.io"), 2), path: fc.option(pathChange, { nil: undefined }) })
  .filter(({ hostname, path }) => hostname !== undefined || path !== undefined)
  .map((urlRewrite) => clean({ type: "URLRewrite", urlRewrite }));
const cors = fc
  .record({
    allowOrigins: fc.subarray(["http://a.io", "https://*.a.io", "http://*.a.io", "*"], {
      minLength: 1,
      maxLength: 2,
    }),
    allowMethods: fc.constantFrom(undefined, ["GET"], ["*"]),
    allowCredentials: fc.constantFrom(undefined, true, false),
  })
  .map((it) => clean({ type: "CORS", cors: it }));
const mirror = fc
  .constantFrom("two", "missing")
  .map((name) => ({ type: "RequestMirror", requestMirror: { backendRef: { name, port: 80 } } }));
const unresolved = fc.constant({
  type: "ExtensionRef",
  extensionRef: { group: "x.io", kind: "Auth", name: "gone" },
});
const redirect = fc
  .record({
    scheme: fc.constantFrom(undefined, undefined, "http", "https"),
    hostname: seldom(fc.constantFrom("new.io"), 2),
    port: fc.constantFrom(undefined, undefined, 80, 443, 8443),
    path: fc.option(pathChange, { nil: undefined }),
    statusCode: fc.constantFrom(undefined, 301, 302, 303, 307, 308),
  })
  .map((it) => clean({ type: "RequestRedirect", requestRedirect: it }));

/** Of each type at most one; redirects are apart. */
const httpFilters = fc
  .tuple(
    seldom(requestHeaders, 3),
    seldom(responseHeaders, 3),
    seldom(rewrite, 2),
    seldom(cors, 3),
    seldom(mirror, 12),
    seldom(unresolved, 15),
  )
  .map((filters) => filters.filter((filter) => filter !== undefined) as JsonObject[]);

const grpcFilters = fc
  .tuple(seldom(requestHeaders, 3), seldom(responseHeaders, 3), seldom(mirror, 12), seldom(unresolved, 15))
  .map((filters) => filters.filter((filter) => filter !== undefined) as JsonObject[]);

const backendGroup = "gateway.envoyproxy.io";

const targets = fc.constantFrom<JsonObject>(
  ...[
    { name: "one", port: 80 },
    { name: "one", port: 81 },
    { name: "two", port: 80 },
  ].flatMap((it) => [it, it, it]),
  { name: "empty", port: 80 },
  { name: "one", port: 82 },
  { name: "missing", port: 80 },
  { name: "three", namespace: "other", port: 80 },
  { name: "one", namespace: "other", port: 80 },
  { name: "two", namespace: "own", port: 80 },
  { name: "strange", group: "x.io", kind: "Bucket" },
  { name: "raw", group: backendGroup, kind: "Backend" },
  { name: "raw", group: backendGroup, kind: "Backend", namespace: "other" },
  { name: "missing", group: backendGroup, kind: "Backend" },
);

/** Headers, and what is the rule's when there is no other backend (G54). */
const filtersOfBackend = fc
  .tuple(requestHeaders, responseHeaders, seldom(fc.oneof(rewrite, cors, redirect), 4))
  .map((filters) => filters.filter((filter) => filter !== undefined) as JsonValue[]);

const backendRef = fc
  .record({
    target: targets,
    weight: fc.constantFrom(undefined, undefined, undefined, 0, 1, 3),
    filters: seldom(filtersOfBackend, 4),
  })
  .map(({ target, ...more }) => clean({ ...target, ...more }));

const backendRefs = fc.oneof(
  { weight: 8, arbitrary: fc.array(backendRef, { minLength: 1, maxLength: 1 }) },
  { weight: 4, arbitrary: fc.array(backendRef, { minLength: 2, maxLength: 3 }) },
  { weight: 1, arbitrary: fc.constant([]) },
);

function matchesOf(match: fc.Arbitrary<JsonObject>): fc.Arbitrary<JsonObject[] | undefined> {
  return fc.oneof(
    { weight: 9, arbitrary: fc.array(match, { minLength: 1, maxLength: 3 }) },
    { weight: 1, arbitrary: fc.constant(undefined) },
  );
}

/** What changes no answer here, and must change nothing else. */
const timeouts = fc.constantFrom(
  undefined,
  undefined,
  undefined,
  { request: "9s" },
  { request: "0s" },
  { request: "1m", backendRequest: "8s" },
);

const forwarding = fc
  .record({ matches: matchesOf(httpMatch), filters: httpFilters, backendRefs, timeouts })
  .map(({ matches, filters, backendRefs: refs, ...more }) =>
    clean({ ...more, ...fitting(matches, [...filters, ...refs], filters), backendRefs: refs }),
  );

const redirecting = fc
  .tuple(matchesOf(httpMatch), redirect, seldom(fc.oneof(cors, mirror, responseHeaders), 8))
  .map(([matches, first, more]) => {
    const filters = more === undefined ? [first] : [first, more];
    return clean(fitting(matches, filters, filters));
  });

export const httpRule: fc.Arbitrary<JsonObject> = fc.oneof(
  { weight: 4, arbitrary: forwarding },
  { weight: 1, arbitrary: redirecting },
);

export const grpcRule: fc.Arbitrary<JsonObject> = fc
  .record({ matches: matchesOf(grpcMatch), filters: grpcFilters, backendRefs })
  .map(clean);

/**
 * A prefix is replaced in a rule that has one match, of a prefix: the schema wants that.
 * @param all where such a replacement may be
 */
function fitting(
  matches: readonly JsonObject[] | undefined,
  all: readonly JsonObject[],
  filters: readonly JsonObject[],
): JsonObject {
  const replacesPrefix = JSON.stringify(all).includes("ReplacePrefixMatch");
  if (!replacesPrefix || matches === undefined) return clean({ matches, filters });
  const [first = {}] = matches;
  const path = first.path as JsonObject | undefined;
  const prefix = path?.type === "PathPrefix" ? first : { ...first, path: prefixOf(path) };
  return clean({ matches: [prefix], filters });
}

function prefixOf(path: JsonObject | undefined): JsonValue {
  const value = path?.type === "Exact" ? String(path.value) : "/a";
  return { type: "PathPrefix", value };
}
