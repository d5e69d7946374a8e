import { deepEqual, equal, match, ok } from "node:assert/strict";
import { test } from "node:test";
import { codec } from "@routeledger/protos";
import type { JsonObject } from "@routeledger/std";
import { RE2JS } from "re2js";
import { Problem } from "../problem.ts";
import { gateway, gatewayClass, http, httpRoute, rule, service } from "../sample-objects.ts";
import { Translated } from "../translated-state.ts";
import { type CorsPolicy, parseCors } from "./cors.ts";

function policy(cors: JsonObject): CorsPolicy {
  const parsed = parseCors("cors", cors);
  ok(!(parsed instanceof Problem), JSON.stringify(parsed));
  return parsed;
}

/** Whether Envoy's filter takes an Origin header. */
function allows(allowOrigins: string[], sent: string): boolean {
  return (policy({ allowOrigins }).allowOriginStringMatch ?? []).some(({ exact, safeRegex }) =>
    exact === undefined ? RE2JS.matches(safeRegex?.regex ?? "", sent) : exact === sent,
  );
}

const foo = ["https://www.foo.com"];

test("rule G58: origins, exact and with a star", () => {
  const table: [string[], string, boolean][] = [
    [foo, "https://www.foo.com", true],
    [foo, "http://www.foo.com", false],
    [foo, "https://www.foo.com:8443", false],
    [foo, "https://www.foo.com.evil.net", false],
    [["https://WWW.Foo.com"], "https://www.foo.com", true],
    [["https://*.bar.com"], "https://www.bar.com", true],
    [["https://*.bar.com"], "https://xpto.www.bar.com", true],
    [["https://*.bar.com"], "https://bar.com", false],
    [["https://*.bar.com"], "https://evilbar.com", false],
    [["https://*.bar.com"], "https://www.barXcom", false],
    [["https://*.bar.com"], "https://evil.net/.bar.com", false],
    [["https://*.bar.com"], "https://www.bar.com:8443", false],
    [["https://*.bar.com:8443"], "https://www.bar.com:8443", true],
    [["https://*"], "https://any.host", true],
    [["https://*"], "https://[::1]", true],
    [["https://*"], "https://any.host:8443", false],
    [["https://*"], "http://any.host", false],
    [["http://*:12345"], "http://any.host:12345", true],
    [["*"], "https://foobar.com:12345", true],
    [["*"], "null", true],
    [[], "https://www.foo.com", false],
    [["https://www.foo.com", "https://*.bar.com"], "https://a.bar.com", true],
  ];
  for (const [origins, sent, allowed] of table) {
    equal(allows(origins, sent), allowed, `${JSON.stringify(origins)} ${sent}`);
  }
});

test("rule G58: a port that is the scheme's own is left out, as browsers do", () => {
  ok(allows(["https://www.foo.com:443"], "https://www.foo.com"));
  ok(allows(["http://*.foo.com:80"], "http://www.foo.com"));
  ok(!allows(["http://www.foo.com:443"], "http://www.foo.com"));
});

test("rule G57: preflights are answered here, with the age of the schema where none is given", () => {
  const { forwardNotMatchingPreflights, maxAge, allowCredentials } = policy({ allowOrigins: foo });
  deepEqual(
    [forwardNotMatchingPreflights, maxAge, allowCredentials],
    [{ value: false }, "5", { value: false }],
  );
  equal(policy({ maxAge: 3600 }).maxAge, "3600");
});

test("rule G57: a star stands alone, since Envoy takes it literally elsewhere", () => {
  const { allowMethods, allowHeaders } = policy({ allowMethods: ["*", "GET"], allowHeaders: ["x-a", "*"] });
  deepEqual([allowMethods, allowHeaders], ["*", "*"]);
  const listed = policy({
    allowMethods: ["GET", "OPTIONS"],
    allowHeaders: ["X-A", "x-b"],
    exposeHeaders: ["x-c"],
  });
  deepEqual(
    [listed.allowMethods, listed.allowHeaders, listed.exposeHeaders],
    ["GET, OPTIONS", "X-A, x-b", "x-c"],
  );
});

test("rule G57: exposed headers are never a star beside credentials", () => {
  equal(policy({ exposeHeaders: ["*"] }).exposeHeaders, "*");
  equal(policy({ exposeHeaders: ["*"], allowCredentials: true }).exposeHeaders, "");
  equal(policy({ exposeHeaders: ["*", "x-a"], allowCredentials: true }).exposeHeaders, "x-a");
});

test("rule G39: what is no origin, method, header or age is refused by its name", () => {
  for (const cors of [
    { allowOrigins: ["www.foo.com"] },
    { allowOrigins: ["ftp://www.foo.com"] },
    { allowOrigins: ["https://w*.foo.com"] },
    { allowOrigins: ["https://www.foo.com/path"] },
    { allowOrigins: ["https://www.foo.com:99999"] },
    { allowOrigins: [7] },
    { allowMethods: ["get"] },
    { allowMethods: ["GET\r\nx: y"] },
    { allowHeaders: ["a b"] },
    { exposeHeaders: [""] },
    { maxAge: 0 },
    { maxAge: "5" },
    { allowCredentials: "yes" },
  ]) {
    const problem = parseCors("cors", cors);
    ok(problem instanceof Problem, JSON.stringify(cors));
    match(problem.message, new RegExp(`^cors\\.${Object.keys(cors)[0]}: `));
  }
});

const cors: JsonObject = { type: "CORS", cors: { allowOrigins: foo, allowMethods: ["GET"] } };
const a = { name: "a", port: 80 };

function translated(...rules: JsonObject[]): Translated {
  const services = [service("a"), service("b")];
  return Translated.of(
    gatewayClass,
    gateway([http("http", 8080)]),
    ...services,
    httpRoute("shop", { rules }),
  );
}

function methodRule(method: string, name: string, more: JsonObject = {}): JsonObject {
  return {
    matches: [{ method, path: { type: "PathPrefix", value: "/" } }],
    backendRefs: [{ name, port: 80 }],
    ...more,
  };
}

/** `method of preflight -> cluster` or `method -> cluster`. */
function byMethod(state: Translated): string[] {
  return state.routes().map(({ match: condition, route, directResponse }) => {
    const value = (header: string): string | undefined =>
      condition?.headers.find(({ name }) => name === header)?.stringMatch?.exact;
    const asked = value("access-control-request-method");
    return `${value(":method") ?? "any"}${asked === undefined ? "" : ` of ${asked}`} -> ${route?.cluster ?? directResponse?.status}`;
  });
}

test("rule G57: the policy is the route's own, the filter every listener's", () => {
  const [route] = translated(rule("/", [a], { filters: [cors] })).routes();
  const config = route?.typedPerFilterConfig["envoy.filters.http.cors"];
  equal(config?.typeUrl, "type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy");
  const decoded = codec("envoy.extensions.filters.http.cors.v3.CorsPolicy").decode(
    config?.value ?? new Uint8Array(),
  );
  equal(decoded.allowMethods, "GET");
  equal(decoded.forwardNotMatchingPreflights?.value, false);
});

test("a rule that begins to ask for CORS leaves the listener as it is", () => {
  const [without] = translated(rule("/", [a])).parts("listener");
  const [withCors] = translated(rule("/", [a], { filters: [cors] })).parts("listener");
  deepEqual(without?.bytes, withCors?.bytes);
});

test("rule G59: the preflight of a match with a method goes to its rule, whatever other methods' rules there are", () => {
  const filters = { filters: [cors] };
  const get = methodRule("GET", "a", filters);
  deepEqual(byMethod(translated(get)), [
    "GET -> service/default/a/80",
    "OPTIONS of GET -> service/default/a/80",
  ]);
  deepEqual(byMethod(translated(get, methodRule("PUT", "b", filters))), [
    "GET -> service/default/a/80",
    "PUT -> service/default/b/80",
    "OPTIONS of GET -> service/default/a/80",
    "OPTIONS of PUT -> service/default/b/80",
  ]);
});

test("rule G59: a match keeps its other conditions in its preflight, and without a method it needs none", () => {
  const matches = [
    { method: "GET", headers: [{ name: "X-A", value: "1" }], queryParams: [{ name: "q", value: "2" }] },
  ];
  const [own, preflight] = translated({ matches, backendRefs: [a], filters: [cors] }).routes();
  const names = preflight?.match?.headers.map(({ name }) => name);
  deepEqual(names, [":method", "origin", "access-control-request-method", "x-a"]);
  deepEqual(preflight?.match?.queryParameters, own?.match?.queryParameters);
  equal(preflight?.match?.headers[1]?.presentMatch, true);
  equal(translated(rule("/", [a], { filters: [cors] })).routes().length, 1);
  equal(translated(methodRule("OPTIONS", "a", { filters: [cors] })).routes().length, 1);
});

test("rule G59: a rule that asks for OPTIONS by name goes before the preflights of another", () => {
  const rules = [methodRule("GET", "a", { filters: [cors] }), methodRule("OPTIONS", "b")];
  deepEqual(byMethod(translated(...rules)), [
    "GET -> service/default/a/80",
    "OPTIONS -> service/default/b/80",
    "OPTIONS of GET -> service/default/a/80",
  ]);
});

test("rule G59, G62: preflights of a rule that fails fail with it, and go to no other rule", () => {
  const broken = { type: "ExtensionRef", extensionRef: { group: "x.io", kind: "Auth", name: "gone" } };
  const any = rule("/", [a]);
  const dropped = methodRule("GET", "a", { filters: [cors, broken] });
  const missing = methodRule("PUT", "missing", { filters: [cors] });
  deepEqual(byMethod(translated(any, dropped, missing)), [
    "GET -> 500",
    "PUT -> 500",
    "OPTIONS of GET -> 500",
    "OPTIONS of PUT -> 500",
    "any -> service/default/a/80",
  ]);
});

test("rule G60: where Envoy does nothing for CORS, on a redirect, the two are incompatible", () => {
  const redirect = { type: "RequestRedirect", requestRedirect: { hostname: "b.example.com" } };
  const state = translated(rule("/", [], { filters: [cors, redirect] }));
  equal(state.routeConditions("shop")[0], "Accepted=False IncompatibleFilters");
});

test("rule G54: CORS of a rule's only backend is the rule's; of one of several, or of both, it is refused", () => {
  const withCors = { ...a, filters: [cors] };
  const [only] = translated(rule("/", [withCors])).routes();
  ok(only?.typedPerFilterConfig["envoy.filters.http.cors"]);
  const several = translated(rule("/", [withCors, { name: "b", port: 80 }]));
  equal(several.routeConditions("shop")[0], "Accepted=False UnsupportedValue");
  const both = translated(rule("/", [withCors], { filters: [cors] }));
  equal(both.routeConditions("shop")[0], "Accepted=False IncompatibleFilters");
});
