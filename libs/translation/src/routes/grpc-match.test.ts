import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "@routeledger/std";
import { RE2JS } from "re2js";
import { Problem } from "../problem.ts";
import { parseGrpcMatch } from "./grpc-match.ts";
import { envoyPath, type HttpMatch } from "./match.ts";
import { compareRanks } from "./match-rank.ts";

function parsed(match: JsonObject): HttpMatch {
  const result = parseGrpcMatch("rules[0].matches[0]", match);
  ok(!(result instanceof Problem), JSON.stringify(result));
  return result;
}

function refusal(match: JsonObject): string {
  const result = parseGrpcMatch("rules[0].matches[0]", match);
  ok(result instanceof Problem, JSON.stringify(result));
  equal(result.reason, "UnsupportedValue");
  return result.message;
}

function envoy(method: JsonObject): unknown {
  const { path, conditions } = parsed({ method });
  return { ...envoyPath(path), ...(conditions.headers?.length ? { headers: conditions.headers } : {}) };
}

/** Whether a request for a path is meant. */
function takes(method: JsonObject, path: string): boolean {
  const { path: match } = parsed({ method: { type: "RegularExpression", ...method } });
  ok(match.type === "regex");
  return RE2JS.compile(match.value).matches(path);
}

test("rule G40: a service and a method are a path, a service alone is a prefix by elements", () => {
  deepEqual(envoy({ type: "Exact", service: "a.B", method: "Do" }), { path: "/a.B/Do" });
  deepEqual(envoy({ service: "a.B", method: "Do" }), { path: "/a.B/Do" });
  deepEqual(envoy({ service: "a.B" }), { pathSeparatedPrefix: "/a.B" });
  deepEqual(envoy({ service: "a.B", method: "" }), { pathSeparatedPrefix: "/a.B" });
});

test("rule G40: a method alone is the path's last element, whatever the service", () => {
  deepEqual(envoy({ method: "Do" }), {
    prefix: "/",
    headers: [{ name: ":path", stringMatch: { suffix: "/Do" } }],
  });
});

test("rule G38: a match without a method is every request", () => {
  deepEqual(envoyPath(parsed({}).path), { prefix: "/" });
  deepEqual(parsed({}).conditions.headers, []);
});

test("rule G40: the parts of a pattern are joined by a slash, and neither reaches into the other", () => {
  ok(takes({ service: "a|b", method: "Do|Go" }, "/a/Go"));
  ok(!takes({ service: "a|b", method: "Do|Go" }, "/a"));
  ok(!takes({ service: "a|b", method: "Do|Go" }, "/a/Gone"));
  ok(takes({ method: "Get[A-Z].*" }, "/any.Service/GetAll"));
  ok(!takes({ method: "Get[A-Z].*" }, "/GetAll"));
  ok(takes({ service: "com\\.[A-Z]+" }, "/com.ABC/Do"));
  ok(!takes({ service: "com\\.[A-Z]+" }, "/com.ABC/Do/More"));
  ok(takes({ service: "(?i)a", method: "do" }, "/A/do"));
  ok(!takes({ service: "(?i)a", method: "do" }, "/A/DO"));
});

test("rule G28: a pattern that is none by itself is refused, though it would be one when joined", () => {
  for (const [service, method] of [
    ["a(", ")b"],
    ["a)(?:b", "Do"],
    ["a", "(?=b)"],
    ["\\Qa", "\\\\E"],
    ["a", "\\Qb"],
  ] as const) {
    const message = refusal({ method: { type: "RegularExpression", service, method } });
    ok(message.startsWith("rules[0].matches[0].method"), message);
  }
});

test("rule G29: a pattern that is too long or too large is refused", () => {
  const part = "a".repeat(252);
  parsed({ method: { type: "RegularExpression", service: part, method: part.slice(8) } });
  const type = "RegularExpression";
  ok(refusal({ method: { type, service: part, method: part } }).includes("longer than 512"));
  ok(refusal({ method: { type, service: ".{300}" } }).includes("too large"));
});

test("what the door lets in no more is refused with its field and value", () => {
  const cases: readonly [JsonObject, string][] = [
    [{}, "names neither"],
    [{ service: "", method: "" }, "names neither"],
    [{ service: 7 }, "names neither"],
    [{ type: "Prefix", service: "a" }, 'method.type: "Prefix"'],
    [{ service: "a/b" }, 'method.service: "a/b"'],
    [{ service: "a..b" }, "no name of a gRPC service"],
    [{ service: "a".repeat(1025) }, "no name of a gRPC service"],
    [{ method: "Do-it" }, 'method.method: "Do-it"'],
    [{ method: "Do\n" }, "no name of a gRPC method"],
  ];
  for (const [method, says] of cases) {
    const message = refusal({ method });
    ok(message.includes(says), message);
  }
  ok(refusal({ method: "Do" }).includes("names neither"));
  ok(refusal({ headers: [{ name: "a b", value: "1" }] }).includes("is no header name"));
});

test("rule G31: of two headers of one name the first counts, and a pattern is RE2's", () => {
  const { conditions, rank } = parsed({
    headers: [
      { name: "Version", value: "1" },
      { name: "version", value: "2" },
      { name: "kind", type: "RegularExpression", value: "a|b" },
    ],
  });
  deepEqual(conditions.headers, [
    { name: "version", stringMatch: { exact: "1" } },
    { name: "kind", stringMatch: { safeRegex: { regex: "a|b" } } },
  ]);
  equal(rank.headers, 2);
});

test("rule G40: the longer service comes first, then the longer method, then more headers", () => {
  const headers = [{ name: "version", value: "one" }];
  const type = "RegularExpression";
  const inOrder: readonly JsonObject[] = [
    { method: { service: "long.Service", method: "Do" } },
    { method: { service: "long.Service" }, headers },
    { method: { service: "long.Service" } },
    { method: { service: "a.B", method: "LongMethod" } },
    { method: { service: "a.B", method: "Do" }, headers: [...headers, { name: "a", value: "b" }] },
    { method: { service: "a.B", method: "Do" }, headers },
    { method: { service: "a.B", method: "Do" } },
    { method: { type, service: "a\\..*", method: "Do" } },
    { method: { type, service: "a\\..*" } },
    { method: { method: "Do" } },
    { method: { type, method: "Do|Go" } },
    { headers },
    {},
  ];
  const ranks = inOrder.map((match) => parsed(match).rank);
  for (const [index, rank] of ranks.entries()) {
    for (const other of ranks.slice(index + 1)) {
      ok(compareRanks(rank, other) < 0 && compareRanks(other, rank) > 0, `${index}`);
    }
    equal(compareRanks(rank, rank), 0);
  }
});
