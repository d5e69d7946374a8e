import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "@routeledger/std";
import { Problem } from "../problem.ts";
import { type Filters, parseFilters } from "./filters.ts";

function served(...filters: JsonObject[]): Filters {
  const result = parseFilters("filters", filters);
  ok(!(result instanceof Problem), JSON.stringify(result));
  return result;
}

function reason(...filters: JsonObject[]): string {
  const result = parseFilters("filters", filters);
  ok(result instanceof Problem, JSON.stringify(result));
  return result.reason;
}

function headers(requestHeaderModifier: JsonObject): JsonObject {
  return { type: "RequestHeaderModifier", requestHeaderModifier };
}

test("rule G41: set overwrites, add appends, and neither by omission", () => {
  const { requestHeaders } = served(
    headers({ set: [{ name: "A", value: "1" }], add: [{ name: "B", value: "2" }], remove: ["C"] }),
  );
  deepEqual(requestHeaders, {
    add: [
      { header: { key: "a", value: "1" }, appendAction: "OVERWRITE_IF_EXISTS_OR_ADD" },
      { header: { key: "b", value: "2" }, appendAction: "APPEND_IF_EXISTS_OR_ADD" },
    ],
    remove: ["c"],
  });
});

test("rule G41: a name in two lists is refused, in any case of its letters", () => {
  equal(reason(headers({ set: [{ name: "A", value: "1" }], remove: ["a"] })), "UnsupportedValue");
  equal(
    reason(headers({ set: [{ name: "A", value: "1" }], add: [{ name: "a", value: "2" }] })),
    "UnsupportedValue",
  );
});

test("rule G42: a percent sign in a value is literal", () => {
  const { requestHeaders } = served(headers({ set: [{ name: "a", value: "100% %REQ(x)%" }] }));
  equal(requestHeaders.add[0]?.header?.value, "100%% %%REQ(x)%%");
});

test("rule G43: Host and pseudo-headers cannot be changed, nor values hold line breaks", () => {
  for (const name of ["Host", "HOST", ":path", ":authority", "", "a b"]) {
    equal(reason(headers({ set: [{ name, value: "x" }] })), "UnsupportedValue", name);
    equal(reason(headers({ remove: [name] })), "UnsupportedValue", name);
  }
  for (const value of ["a\r\nb: c", "\0", "ä", " a", "a "]) {
    equal(reason(headers({ set: [{ name: "a", value }] })), "UnsupportedValue", value);
  }
});

test("rule G61: a filter that is not served is never skipped", () => {
  for (const type of ["ExternalAuth", "constructor", ""]) {
    equal(reason({ type }), "UnsupportedValue", type);
  }
});

test("rule G61: of too many filters none is skipped: all are refused", () => {
  const mirror = { type: "RequestMirror", requestMirror: { backendRef: { name: "a", port: 80 } } };
  equal(served(...Array<JsonObject>(16).fill(mirror)).mirrors.length, 16);
  equal(reason(...Array<JsonObject>(17).fill(mirror)), "UnsupportedValue");
});

test("rule G53: a redirect and a rewrite, or two filters of one type, are incompatible", () => {
  const redirect = { type: "RequestRedirect", requestRedirect: {} };
  const rewrite = { type: "URLRewrite", urlRewrite: { hostname: "a.example.com" } };
  equal(reason(redirect, rewrite), "IncompatibleFilters");
  equal(reason(rewrite, rewrite), "IncompatibleFilters");
});

test("rule G27, G39: redirects and rewrites with values that are not served are refused", () => {
  for (const requestRedirect of [
    { scheme: "ftp" },
    { hostname: "*.example.com" },
    { port: 0 },
    { statusCode: 304 },
    { path: { type: "ReplaceSuffix" } },
    { path: { type: "ReplaceFullPath", replaceFullPath: "/a#b" } },
  ]) {
    equal(
      reason({ type: "RequestRedirect", requestRedirect }),
      "UnsupportedValue",
      JSON.stringify(requestRedirect),
    );
  }
  for (const replacePrefixMatch of ["/a?b", "a", "/a b", "/../b"]) {
    const urlRewrite = { path: { type: "ReplacePrefixMatch", replacePrefixMatch } };
    equal(reason({ type: "URLRewrite", urlRewrite }), "UnsupportedValue", replacePrefixMatch);
  }
});
