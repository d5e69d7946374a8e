import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "@routeledger/std";
import { Problem } from "../problem.ts";
import { envoyRedirect, parseRedirect } from "./redirect.ts";

function redirect(
  filter: JsonObject,
  place: { port?: number; scheme?: "http" | "https"; domain?: string } = {},
) {
  const parsed = parseRedirect("requestRedirect", filter);
  ok(!(parsed instanceof Problem), JSON.stringify(parsed));
  return envoyRedirect(parsed, { port: 80, scheme: "http", domain: "a.example.com", ...place });
}

test("rule G45: the status is always said, 302 when the filter has none", () => {
  equal(redirect({}).responseCode, "FOUND");
  const codes = [301, 302, 303, 307, 308].map((statusCode) => redirect({ statusCode }).responseCode);
  deepEqual(codes, ["MOVED_PERMANENTLY", "FOUND", "SEE_OTHER", "TEMPORARY_REDIRECT", "PERMANENT_REDIRECT"]);
});

test("rule G46: the port is the given one, else the given scheme's, else the listener's", () => {
  const port = (filter: JsonObject, listener: number) => redirect(filter, { port: listener }).portRedirect;
  equal(port({}, 80), undefined);
  equal(port({}, 8080), 8080);
  equal(port({ scheme: "https" }, 8080), undefined);
  equal(port({ scheme: "http" }, 8080), undefined);
  equal(port({ port: 8443 }, 80), 8443);
  equal(port({ port: 443, scheme: "https" }, 80), undefined);
  equal(port({ port: 443, scheme: "http" }, 80), 443);
  equal(port({ port: 443 }, 80), 443);
  equal(port({ port: 80, scheme: "https" }, 80), 80);
  equal(port({ hostname: "b.example.com" }, 8080), 8080);
  equal(redirect({}, { port: 443, scheme: "https" }).portRedirect, undefined);
});

test("rule G47: an exact domain is said as the host, so that the port of the Host header does not stay", () => {
  equal(redirect({}).hostRedirect, "a.example.com");
  equal(redirect({ hostname: "B.example.com" }).hostRedirect, "b.example.com");
  for (const domain of ["*", "*.example.com"]) {
    deepEqual(redirect({ scheme: "https" }, { domain }), {
      responseCode: "FOUND",
      schemeRedirect: "https",
      portRedirect: 443,
    });
  }
});

test("rule G48: an empty full path is written as /", () => {
  const full = (replaceFullPath: string) =>
    redirect({ path: { type: "ReplaceFullPath", replaceFullPath } }).pathRedirect;
  equal(full(""), "/");
  equal(full("/new"), "/new");
});
