import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "@routeledger/std";
import { Problem } from "../problem.ts";
import { envoyPath, type HttpMatch, parseMatch } from "./match.ts";
import { compareRanks } from "./match-rank.ts";

function parsed(match: JsonObject): HttpMatch {
  const result = parseMatch("rules[0].matches[0]", match);
  ok(!(result instanceof Problem), JSON.stringify(result));
  return result;
}

function refusal(match: JsonObject): string {
  const result = parseMatch("rules[0].matches[0]", match);
  ok(result instanceof Problem, JSON.stringify(result));
  return `${result.reason}: ${result.message}`;
}

function path(type: string, value: string): JsonObject {
  return { path: { type, value } };
}

test("rule G25, G26, G38: exact is a path, a prefix goes by elements without its final slash, and / is a plain prefix", () => {
  deepEqual(envoyPath(parsed(path("Exact", "/a/")).path), { path: "/a/" });
  deepEqual(envoyPath(parsed(path("PathPrefix", "/a/")).path), { pathSeparatedPrefix: "/a" });
  deepEqual(envoyPath(parsed(path("PathPrefix", "/")).path), { prefix: "/" });
  deepEqual(envoyPath(parsed({}).path), { prefix: "/" });
});

test("rule G27: a path that is not normal is refused with its field and value", () => {
  for (const value of ["a", "//", "/a//b", "/a/../b", "/a/.", "/a%2Fb", "/a?b", "/a#b", "/a b", "/%zz"]) {
    equal(
      refusal(path("Exact", value)).startsWith("UnsupportedValue: rules[0].matches[0].path.value:"),
      true,
      value,
    );
  }
  deepEqual(envoyPath(parsed(path("Exact", "/a/..b/%20;p=1@:~")).path), { path: "/a/..b/%20;p=1@:~" });
});

test("rule G28: a regular expression that RE2 refuses is refused, also one that native ones accept", () => {
  deepEqual(envoyPath(parsed(path("RegularExpression", "/v[0-9]+")).path), {
    safeRegex: { regex: "/v[0-9]+" },
  });
  for (const value of ["/a(", "(?=a)", "(a)\\1", ""]) {
    equal(refusal(path("RegularExpression", value)).startsWith("UnsupportedValue"), true, value);
  }
});

test("rule G29: a pattern longer than the cap is refused", () => {
  parsed(path("RegularExpression", "a".repeat(512)));
  ok(refusal(path("RegularExpression", "a".repeat(513))).includes("longer than 512"));
});

test("rule G31: header names are compared in lower case, and the first of a name counts", () => {
  const { conditions, rank } = parsed({
    headers: [
      { name: "X-One", value: "1" },
      { name: "x-one", value: "2" },
      { name: "X-Two", type: "RegularExpression", value: "a|b" },
    ],
  });
  deepEqual(conditions.headers, [
    { name: "x-one", stringMatch: { exact: "1" } },
    { name: "x-two", stringMatch: { safeRegex: { regex: "a|b" } } },
  ]);
  equal(rank.headers, 2);
});

test("rule G32: query parameters keep their case, and the first of a name counts", () => {
  const { conditions } = parsed({
    queryParams: [
      { name: "Q", value: "1" },
      { name: "q", value: "2" },
      { name: "Q", value: "3" },
    ],
  });
  deepEqual(
    conditions.queryParameters?.map(({ name, stringMatch }) => [name, stringMatch?.exact]),
    [
      ["Q", "1"],
      ["q", "2"],
    ],
  );
});

test("rule G33: a method ranks before the number of headers, and is no header", () => {
  const method = parsed({ method: "GET" });
  const twoHeaders = parsed({
    headers: [
      { name: "a", value: "1" },
      { name: "b", value: "1" },
    ],
  });
  equal(method.rank.headers, 0);
  deepEqual(method.conditions.headers, [{ name: ":method", stringMatch: { exact: "GET" } }]);
  ok(compareRanks(method.rank, twoHeaders.rank) < 0);
});

test("rule G30, G34: exact, then regular expressions, then the longest prefix, whatever its final slash", () => {
  const exact = parsed(path("Exact", "/a")).rank;
  const regex = parsed(path("RegularExpression", "/.*")).rank;
  const long = parsed(path("PathPrefix", "/long")).rank;
  const slashed = parsed(path("PathPrefix", "/long/")).rank;
  const short = parsed(path("PathPrefix", "/")).rank;
  deepEqual([short, long, regex, exact].sort(compareRanks), [exact, regex, long, short]);
  equal(compareRanks(long, slashed), 0);
});

test("rule G39: values outside the known enums are refused, not taken for another", () => {
  for (const match of [
    path("Suffix", "/a"),
    { method: "BREW" },
    { headers: [{ name: "a", type: "Present", value: "" }] },
    { queryParams: [{ name: "a", type: "Glob", value: "" }] },
    { headers: [{ name: "", value: "" }] },
  ]) {
    equal(refusal(match).startsWith("UnsupportedValue"), true);
  }
});
