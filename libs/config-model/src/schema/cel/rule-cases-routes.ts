import type { JsonObject } from "@routeledger/std";
import type { RuleCase } from "./rule-cases.ts";

/** Of GRPCRoute, HTTPRoute and TLSRoute, and what all routes have. */
export function routeRuleCases(): RuleCase[] {
  return [...routeCases(), ...filterCases(), ...httpRuleCases(), ...pathCases(), ...hostnameCases()];
}

interface Sides {
  readonly refused: JsonObject;
  readonly accepted: JsonObject;
}

const SERVICE = { name: "s", port: 80 };

function route(kind: string, at: string, message: string, { refused, accepted }: Sides): RuleCase {
  return { kind, at, message, refused, accepted };
}

function rule(kind: string, at: string, message: string, { refused, accepted }: Sides): RuleCase {
  const spec = (fields: JsonObject) => ({ rules: [fields] });
  return route(kind, `spec.rules[0]${at}`, message, { refused: spec(refused), accepted: spec(accepted) });
}

function routeCases(): RuleCase[] {
  const parents = (message: string, refused: JsonObject[], accepted: JsonObject[]) => {
    const spec = (list: JsonObject[]) => ({ parentRefs: list.map((ref) => ({ name: "g", ...ref })) });
    return route("HTTPRoute", "spec.parentRefs", message, {
      refused: spec(refused),
      accepted: spec(accepted),
    });
  };
  const matches = (...counts: number[]) => ({
    rules: counts.map((length) => ({ matches: Array.from({ length }, () => ({})) })),
  });
  const total = "While 16 rules and 64 matches per rule are allowed";
  const method = (message: string, refused: JsonObject, accepted: JsonObject) => {
    const sides = {
      refused: { matches: [{ method: refused }] },
      accepted: { matches: [{ method: accepted }] },
    };
    return rule("GRPCRoute", ".matches[0].method", message, sides);
  };
  const session = (message: string, refused: JsonObject, accepted: JsonObject) =>
    rule("HTTPRoute", ".sessionPersistence", message, {
      refused: { sessionPersistence: refused },
      accepted: { sessionPersistence: accepted },
    });
  const permanent = { cookieConfig: { lifetimeType: "Permanent" } };
  return [
    parents("sectionName or port must be specified", [{}, { sectionName: "a" }], [{}, { name: "h" }]),
    parents("sectionName or port must be unique", [{ port: 80 }, { port: 80 }], [{ port: 80 }, { port: 81 }]),
    route("GRPCRoute", "spec.rules", total, { refused: matches(64, 64, 1), accepted: matches(64, 64) }),
    route("HTTPRoute", "spec.rules", total, { refused: matches(64, 1, 64), accepted: matches(64, 1, 63) }),
    route("GRPCRoute", "spec.rules", "Rule name must be unique", {
      refused: { rules: [{ name: "a" }, { name: "a" }] },
      accepted: { rules: [{ name: "a" }, {}, {}] },
    }),
    rule("HTTPRoute", ".backendRefs[0]", "Must have port for Service reference", {
      refused: { backendRefs: [{ name: "s" }] },
      accepted: { backendRefs: [{ name: "s", group: "a.example", kind: "Thing" }] },
    }),
    method("One or both of 'service' or 'method'", {}, { method: "M" }),
    method("service must only contain valid characters", { service: "a/b" }, { service: "A.b" }),
    method(
      "method must only contain valid characters",
      { method: "1a" },
      { method: "1a", type: "RegularExpression" },
    ),
    session("AbsoluteTimeout must be specified", permanent, { ...permanent, absoluteTimeout: "1h" }),
    session(
      "cookieConfig can only be set with type Cookie",
      { type: "Header", cookieConfig: {} },
      { cookieConfig: {} },
    ),
  ];
}

const FILTERS: Readonly<Record<string, JsonObject>> = {
  requestHeaderModifier: { remove: ["a"] },
  responseHeaderModifier: { remove: ["a"] },
  requestMirror: { backendRef: SERVICE },
  extensionRef: { group: "a.example", kind: "Thing", name: "t" },
  requestRedirect: { hostname: "a.example" },
  urlRewrite: { hostname: "a.example" },
  cors: { allowOrigins: ["*"] },
  externalAuth: { protocol: "HTTP", backendRef: SERVICE, http: {} },
};

function typeOf(field: string): string {
  const types: Readonly<Record<string, string>> = { urlRewrite: "URLRewrite", cors: "CORS" };
  return types[field] ?? field[0]!.toUpperCase() + field.slice(1);
}

function filter(field: string, fields: JsonObject = {}): JsonObject {
  return { type: typeOf(field), [field]: { ...FILTERS[field], ...fields } };
}

function filterCases(): RuleCase[] {
  const cases: RuleCase[] = [];
  const filters = (at: string, message: string, refused: JsonObject[], accepted: JsonObject[]) =>
    rule("HTTPRoute", `.filters${at}`, message, {
      refused: { filters: refused },
      accepted: { filters: accepted },
    });
  for (const field of Object.keys(FILTERS)) {
    const type = typeOf(field);
    const other = filter(field === "requestMirror" ? "extensionRef" : "requestMirror");
    cases.push(
      filters("[0]", `filter.${field} must be nil if the`, [{ ...filter(field), ...other }], [filter(field)]),
      filters("[0]", `filter.${field} must be specified for ${type}`, [{ type }], [filter(field)]),
    );
    if (["requestMirror", "extensionRef", "externalAuth"].includes(field)) continue;
    cases.push(
      filters(
        "",
        `${type} filter cannot be repeated`,
        [filter(field), filter(field)],
        [filter(field), other],
      ),
    );
  }
  const mirror = (fields: JsonObject) => [filter("requestMirror", fields)];
  const cors = (fields: JsonObject) => [filter("cors", fields)];
  return [
    ...cases,
    filters(
      "",
      "May specify either httpRouteFilterRequestRedirect",
      [filter("requestRedirect"), filter("urlRewrite")],
      [filter("requestRedirect")],
    ),
    filters(
      "[0].requestMirror",
      "Only one of percent or fraction",
      mirror({ percent: 1, fraction: { numerator: 1 } }),
      mirror({ percent: 1 }),
    ),
    filters(
      "[0].requestMirror.fraction",
      "numerator must be less than or equal",
      mirror({ fraction: { numerator: 101 } }),
      mirror({ fraction: { numerator: 100 } }),
    ),
    filters(
      "[0].cors.allowHeaders",
      "AllowHeaders cannot contain '*'",
      cors({ allowHeaders: ["a", "*"] }),
      cors({ allowHeaders: ["*"] }),
    ),
    ...authCases(filters),
    ...modifierCases(filters),
  ];
}

type Filters = (at: string, message: string, refused: JsonObject[], accepted: JsonObject[]) => RuleCase;

function authCases(filters: Filters): RuleCase[] {
  const auth = (message: string, refused: JsonObject, accepted: JsonObject) => {
    const list = (fields: JsonObject) => [
      { type: "ExternalAuth", externalAuth: { backendRef: SERVICE, ...fields } },
    ];
    return filters("[0].externalAuth", message, list(refused), list(accepted));
  };
  const grpc = { protocol: "GRPC", grpc: {} };
  const http = { protocol: "HTTP", http: {} };
  return [
    auth("grpc must be specified when protocol", { protocol: "GRPC" }, grpc),
    auth("protocol must be 'GRPC' when grpc is set", { ...http, grpc: {} }, http),
    auth("http must be specified when protocol", { protocol: "HTTP" }, http),
    auth("protocol must be 'HTTP' when http is set", { ...grpc, http: {} }, grpc),
  ];
}

function modifierCases(filters: Filters): RuleCase[] {
  const path = (message: string, refused: JsonObject, accepted: JsonObject) => {
    const list = (value: JsonObject) => [filter("urlRewrite", { path: value })];
    return filters("[0].urlRewrite.path", message, list(refused), list(accepted));
  };
  const full = { type: "ReplaceFullPath", replaceFullPath: "/a" };
  const prefix = { type: "ReplacePrefixMatch", replacePrefixMatch: "/a" };
  return [
    path("replaceFullPath must be specified", { type: "ReplaceFullPath" }, full),
    path("type must be 'ReplaceFullPath'", { ...prefix, replaceFullPath: "/a" }, full),
    path("replacePrefixMatch must be specified", { type: "ReplacePrefixMatch" }, prefix),
    path("type must be 'ReplacePrefixMatch'", { ...full, replacePrefixMatch: "/a" }, prefix),
  ];
}

function httpRuleCases(): RuleCase[] {
  const path = { type: "ReplacePrefixMatch", replacePrefixMatch: "/b" };
  const exact = [{ path: { type: "Exact", value: "/a" } }];
  const prefix = [{ path: { type: "PathPrefix", value: "/a" } }];
  const matched = (message: string, fields: JsonObject) =>
    rule("HTTPRoute", "", message, {
      refused: { matches: exact, ...fields },
      accepted: { matches: prefix, ...fields },
    });
  const inRule = (field: string) => ({ filters: [filter(field, { path })] });
  const inBackend = (field: string) => ({ backendRefs: [{ ...SERVICE, ...inRule(field) }] });
  const timeouts = (request: string) => ({ timeouts: { request, backendRequest: "1m" } });
  return [
    rule("HTTPRoute", "", "RequestRedirect filter must not be used together", {
      refused: { filters: [filter("requestRedirect")], backendRefs: [SERVICE] },
      accepted: { filters: [filter("urlRewrite")], backendRefs: [SERVICE] },
    }),
    matched("When using RequestRedirect filter", inRule("requestRedirect")),
    matched("When using URLRewrite filter", inRule("urlRewrite")),
    matched("Within backendRefs, when using RequestRedirect", inBackend("requestRedirect")),
    matched("Within backendRefs, When using URLRewrite", inBackend("urlRewrite")),
    rule("HTTPRoute", ".timeouts", "backendRequest timeout cannot be longer", {
      refused: timeouts("59s999ms"),
      accepted: timeouts("0h60s"),
    }),
  ];
}

function pathCases(): RuleCase[] {
  const path = (message: string, refused: string, accepted: string): RuleCase => {
    const fields = (value: string) => ({ matches: [{ path: { type: "Exact", value } }] });
    return rule("HTTPRoute", ".matches[0].path", message, {
      refused: fields(refused),
      accepted: fields(accepted),
    });
  };
  return [
    path("value must be an absolute path", "a", "/a"),
    path("must not contain '//'", "/a//b", "/a/b"),
    path("must not contain '/./'", "/a/./b", "/a/.b/c"),
    path("must not contain '/../'", "/a/../b", "/a/..b/c"),
    path("must not contain '%2f'", "/a%2fb", "/a%2eb"),
    path("must not contain '%2F'", "/a%2Fb", "/a%2Eb"),
    { ...path("must not contain '#'", "/a#b", "/a%23b"), beside: ["Invalid spec.rules[0].matches[0].path"] },
    path("must not end with '/..'", "/a/..", "/a.."),
    path("must not end with '/.'", "/a/.", "/a."),
    path("must only contain valid characters", "/a b", "/a%20b;c=d"),
  ];
}

function hostnameCases(): RuleCase[] {
  const hostnames = (message: string, refused: string, accepted: string): RuleCase => {
    const spec = (hostname: string) => ({
      hostnames: [hostname],
      rules: [{ backendRefs: [SERVICE] }],
    });
    return route("TLSRoute", "spec.hostnames", message, { refused: spec(refused), accepted: spec(accepted) });
  };
  const beside = ["Invalid spec.hostnames[0]"];
  return [
    hostnames("Hostnames cannot contain an IP", "10.0.0.1", "10.0.0.a"),
    { ...hostnames("Hostnames must be valid based on RFC-1123", "a_b.example", "a-b.example"), beside },
    { ...hostnames("Wildcards on hostnames must be the first label", "a.*.example", "*.example"), beside },
  ];
}
