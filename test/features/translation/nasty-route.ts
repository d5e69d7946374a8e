import type { JsonObject, JsonValue } from "@routeledger/std";
import fc, { type Arbitrary } from "fast-check";
import { pattern, questionablePattern } from "./nasty-patterns.ts";
import * as values from "./nasty-values.ts";

/** Objects of the members that are there: each may be left out. */
export function some(
  members: Record<string, Arbitrary<JsonValue>>,
  required: string[] = [],
): Arbitrary<JsonObject> {
  return fc.record(members, { requiredKeys: required, noNullPrototype: true }) as Arbitrary<JsonObject>;
}

export function few(of: Arbitrary<JsonObject>, maxLength = 3, minLength = 0): Arbitrary<JsonValue[]> {
  return fc.array(of, { minLength, maxLength, size: "max" });
}

/** Namespaces and names are few, so that references meet their objects. */
export const namespace: Arbitrary<string> = fc.constantFrom(...Array<string>(9).fill("default"), "other");
export const backendName: Arbitrary<string> = fc.constantFrom("a", "a", "a", "b", "b", "c");

const simplePath = fc.constantFrom("/", "/", "/a", "/a/", "/a/b");

/** One fault drops a rule, so most of what could be wrong is right. */
const pathMatch = fc.oneof(
  { arbitrary: some({ type: fc.constantFrom("Exact", "PathPrefix"), value: simplePath }), weight: 6 },
  { arbitrary: some({ type: fc.constantFrom("Exact", "PathPrefix"), value: values.path }), weight: 1 },
  {
    arbitrary: some({ type: fc.constant("RegularExpression"), value: pattern }, ["type", "value"]),
    weight: 1,
  },
);

export const valueMatch = (name: Arbitrary<string>): Arbitrary<JsonObject> =>
  fc
    .tuple(name, fc.constantFrom("Exact", "Exact", "Exact", "RegularExpression"), values.headerValue, pattern)
    .map(([ofName, type, text, regex]): JsonObject => {
      return { name: ofName, type, value: type === "Exact" ? text : regex };
    });

const match = fc.oneof(
  { arbitrary: some({ path: pathMatch }), weight: 2 },
  {
    arbitrary: some({
      path: pathMatch,
      method: fc.constantFrom("GET", "CONNECT", "PATCH"),
      headers: few(valueMatch(values.headerName), 2),
      queryParams: few(valueMatch(values.queryName), 2),
    }),
    weight: 1,
  },
);

const header = some({ name: values.headerName, value: values.headerValue }, ["name", "value"]);

const modifier = some({
  set: few(header),
  add: few(header),
  remove: fc.array(values.headerName, { maxLength: 3 }),
});

const replacement = fc.oneof(simplePath, fc.constant(""), values.path);

const pathModifier = fc.oneof(
  some({ type: fc.constant("ReplaceFullPath"), replaceFullPath: replacement }, ["type", "replaceFullPath"]),
  some({ type: fc.constant("ReplacePrefixMatch"), replacePrefixMatch: replacement }, [
    "type",
    "replacePrefixMatch",
  ]),
);

const redirect = some({
  scheme: fc.constantFrom("http", "https"),
  hostname: values.hostname,
  port: values.port,
  statusCode: fc.constantFrom(301, 302, 303, 307, 308),
  path: pathModifier,
});

const rewrite = some({ hostname: values.hostname, path: pathModifier });

/** Of a Service and of a Backend: kinds and groups that do not fit are rare. */
const backendKind = fc.constantFrom<JsonObject>(
  ...Array<JsonObject>(6).fill({}),
  ...Array<JsonObject>(3).fill({ kind: "Backend", group: "gateway.envoyproxy.io" }),
  { kind: "Bucket" },
);

const backendRefCore = {
  name: backendName,
  namespace,
  port: fc.constantFrom(80, 80, 80, 80, 80, 81, 443, 9),
};

const fraction = some(
  {
    numerator: fc.constantFrom(0, 1, 7, 100, 2_147_483_647),
    denominator: fc.constantFrom(1, 3, 100, 7_000, 1_000_000, 2_147_483_647),
  },
  ["numerator"],
);

const mirror = fc
  .tuple(
    fc.tuple(some(backendRefCore, ["name", "port"]), backendKind),
    fc.oneof(
      fc.constant<JsonObject>({}),
      fc.integer({ min: 0, max: 100 }).map((percent): JsonObject => ({ percent })),
      fraction.map((made): JsonObject => ({ fraction: made })),
    ),
  )
  .map(([[ref, kind], part]): JsonObject => ({ backendRef: { ...ref, ...kind }, ...part }));

const methods = fc.subarray(["GET", "HEAD", "PUT", "OPTIONS", "*"]);

const cors = some({
  allowOrigins: fc.uniqueArray(values.origin, { maxLength: 4 }),
  allowMethods: methods,
  allowHeaders: fc.uniqueArray(fc.oneof(values.headerName, fc.constant("*")), { maxLength: 3 }),
  exposeHeaders: fc.uniqueArray(fc.oneof(values.headerName, fc.constant("*")), { maxLength: 3 }),
  allowCredentials: fc.boolean(),
  maxAge: fc.constantFrom(1, 5, 86_400, 2_147_483_647),
});

const retry = some({
  attempts: fc.constantFrom(1, 2, 100, 101, 2_147_483_647),
  codes: fc.uniqueArray(fc.constantFrom(400, 429, 500, 503, 599), { maxLength: 4 }),
  backoff: values.duration,
});

/** Filters that a GRPCRoute has, too. */
export const headerFilters = [
  filterOf("RequestHeaderModifier", "requestHeaderModifier", modifier),
  filterOf("ResponseHeaderModifier", "responseHeaderModifier", modifier),
];

export const mirrorFilter = filterOf("RequestMirror", "requestMirror", mirror);

const served = [
  ...headerFilters,
  filterOf("RequestRedirect", "requestRedirect", redirect),
  filterOf("URLRewrite", "urlRewrite", rewrite),
  mirrorFilter,
  filterOf("CORS", "cors", cors),
];

export const extensionFilter = filterOf(
  "ExtensionRef",
  "extensionRef",
  fc.constant({ group: "example.com", kind: "Filter", name: "f" } as JsonObject),
);

const unserved = [extensionFilter];

function filterOf(type: string, member: string, body: Arbitrary<JsonObject>): Arbitrary<JsonObject> {
  return body.map((made): JsonObject => ({ type, [member]: made }));
}

const filters = fc.oneof(
  { arbitrary: fc.constant([] as JsonValue[]), weight: 9 },
  { arbitrary: few(fc.oneof(...served), 2), weight: 9 },
  { arbitrary: few(fc.oneof(...served, ...unserved), 3), weight: 1 },
);

export function backendRefWith(ofFilters: Arbitrary<JsonValue[]>): Arbitrary<JsonObject> {
  const ref = some({ ...backendRefCore, weight: values.weight, filters: ofFilters }, ["name", "port"]);
  return fc.tuple(ref, backendKind).map(([made, kind]): JsonObject => ({ ...made, ...kind }));
}

const backendRef = backendRefWith(filters);

/** Rarely a field that is not served: it drops the rule. */
const unservedField = fc.oneof(
  { arbitrary: fc.constant({} as JsonObject), weight: 20 },
  {
    arbitrary: fc.constantFrom<JsonObject>({ sessionPersistence: { sessionName: "s", type: "Cookie" } }),
    weight: 1,
  },
);

const servedRule = some({
  name: fc.constantFrom("r", "s", "t"),
  matches: few(match, 4),
  filters,
  backendRefs: few(backendRef, 3, 1),
  timeouts: fc.oneof(
    { arbitrary: fc.constant({} as JsonObject), weight: 3 },
    { arbitrary: some({ request: values.duration, backendRequest: values.duration }), weight: 1 },
  ),
  retry,
});

const rule = fc.tuple(servedRule, unservedField).map(([made, more]): JsonObject => ({ ...made, ...more }));

const parentRefs = few(
  some(
    {
      name: fc.constantFrom("web", "web", "web", "other"),
      namespace: fc.constant("default"),
      sectionName: fc.constantFrom("l0", "l1"),
      port: fc.constantFrom(80, 8080),
    },
    ["name"],
  ),
  2,
).map((refs) => [{ name: "web", namespace: "default" } as JsonObject, ...refs]);

/** The spec of a route with these rules. */
export function specOfRules(ofRule: Arbitrary<JsonObject>): Arbitrary<JsonObject> {
  const hostnames = fc.array(values.hostname, { maxLength: 3 });
  return some({ parentRefs, hostnames, rules: few(ofRule, 4, 1) }, ["parentRefs", "rules"]);
}

export const routeSpec: Arbitrary<JsonObject> = specOfRules(rule);

/** A route of rules that each match by one regular expression: what is refused drops only its own rule. */
export const patternRouteSpec: Arbitrary<JsonObject> = fc
  .array(questionablePattern, { minLength: 16, maxLength: 16 })
  .map((patterns): JsonObject => {
    const rules = patterns.map((value): JsonObject => {
      return { matches: [{ path: { type: "RegularExpression", value } }] };
    });
    return { parentRefs: [{ name: "web", namespace: "default" }], rules };
  });
