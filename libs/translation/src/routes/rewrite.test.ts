import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "@routeledger/std";
import { Problem } from "../problem.ts";
import { gateway, gatewayClass, http, httpRoute, rule, service } from "../sample-objects.ts";
import { Translated } from "../translated-state.ts";
import { envoyRewrite, parseRewrite } from "./rewrite.ts";

function rewrite(filter: JsonObject) {
  const parsed = parseRewrite("urlRewrite", filter);
  ok(!(parsed instanceof Problem), JSON.stringify(parsed));
  return envoyRewrite(parsed);
}

test("rule G49: the host is rewritten literally, in lower case", () => {
  deepEqual(rewrite({ hostname: "One.example.org" }), { hostRewriteLiteral: "one.example.org" });
});

test("rule G50: a whole path is replaced by a pattern of every path, and an empty one by /", () => {
  const full = (replaceFullPath: string) =>
    rewrite({ path: { type: "ReplaceFullPath", replaceFullPath } }).regexRewrite;
  deepEqual(full("/one"), { pattern: { regex: "^/.*$" }, substitution: "/one" });
  equal(full("")?.substitution, "/");
  equal(
    parseRewrite("urlRewrite", { path: { type: "ReplaceFullPath", replaceFullPath: "/\\1" } }) instanceof
      Problem,
    true,
  );
});

function route(...rules: JsonObject[]): Translated {
  const objects = [gateway([http("http", 8080)]), service("a"), httpRoute("shop", { rules })];
  return Translated.of(gatewayClass, ...objects);
}

const a = [{ name: "a", port: 80 }];

test("rule G53: a route has one rewrite of its path, and none beside a redirect", () => {
  const path = (of: JsonObject): JsonObject => ({
    filters: [{ type: "URLRewrite", urlRewrite: { path: of } }],
  });
  const routes = route(
    rule("/full", a, path({ type: "ReplaceFullPath", replaceFullPath: "/x" })),
    rule("/prefix", a, path({ type: "ReplacePrefixMatch", replacePrefixMatch: "/x" })),
    rule("/strip", a, path({ type: "ReplacePrefixMatch", replacePrefixMatch: "/" })),
  ).routes();
  equal(routes.length, 4);
  for (const { route: action } of routes) {
    equal([action?.prefixRewrite !== "", action?.regexRewrite !== undefined].filter(Boolean).length, 1);
  }
});

test("rule G85: a rule's name is for people: it names its routes and orders nothing", () => {
  const named = (first: string, second: string): string[] =>
    route(rule("/", a, { name: first }), rule("/", a, { name: second }))
      .routes()
      .map(({ name }) => name);
  deepEqual(named("z", "a"), ["default/shop/z/0", "default/shop/a/0"]);
});
