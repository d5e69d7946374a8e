import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { Problem } from "../problem.ts";
import { parseMatch } from "./match.ts";
import { type PrefixRewrite, parseReplacement, replacePrefix } from "./path-replacement.ts";

function forms(prefix: string, replacePrefixMatch: string): readonly PrefixRewrite[] {
  const match = parseMatch("match", { path: { type: "PathPrefix", value: prefix } });
  const replacement = parseReplacement("path", { type: "ReplacePrefixMatch", replacePrefixMatch });
  ok(!(match instanceof Problem) && !(replacement instanceof Problem) && replacement.type === "prefix");
  const replaced = replacePrefix("match", match.path, replacement.replacement);
  ok(!(replaced instanceof Problem));
  return replaced;
}

/** What Envoy makes of a request's path with the routes that a prefix and its replacement become. */
function rewritten(path: string, prefix: string, replacement: string): string {
  for (const form of forms(prefix, replacement)) {
    const matched = matchedLength(path, form.path);
    if (matched === undefined) continue;
    return form.rewrite === undefined ? path : form.rewrite + path.slice(matched);
  }
  return "no match";
}

function matchedLength(path: string, { type, value }: PrefixRewrite["path"]): number | undefined {
  if (type === "exact") return path === value ? value.length : undefined;
  if (type === "rawPrefix" || value === "")
    return path.startsWith(value || "/") ? (value || "/").length : undefined;
  return path === value || path.startsWith(`${value}/`) ? value.length : undefined;
}

test("rule G51: all rows of the specification's table", () => {
  const rows = [
    ["/foo/bar", "/foo", "/xyz", "/xyz/bar"],
    ["/foo/bar", "/foo", "/xyz/", "/xyz/bar"],
    ["/foo/bar", "/foo/", "/xyz", "/xyz/bar"],
    ["/foo/bar", "/foo/", "/xyz/", "/xyz/bar"],
    ["/foo", "/foo", "/xyz", "/xyz"],
    ["/foo/", "/foo", "/xyz", "/xyz/"],
    ["/foo/bar", "/foo", "", "/bar"],
    ["/foo/", "/foo", "", "/"],
    ["/foo", "/foo", "", "/"],
    ["/foo/", "/foo", "/", "/"],
    ["/foo", "/foo", "/", "/"],
  ] as const;
  for (const [path, prefix, replacement, expected] of rows) {
    equal(rewritten(path, prefix, replacement), expected, `${path} ${prefix} ${replacement}`);
  }
});

test("rule G51: with the prefix / the replacement stands before the whole path", () => {
  equal(rewritten("/", "/", "/xyz"), "/xyz/");
  equal(rewritten("/a", "/", "/xyz"), "/xyz/a");
  equal(rewritten("/a", "/", "/"), "/a");
});

test("rule G51: what only begins with the same letters is no match", () => {
  equal(rewritten("/foobar", "/foo", "/"), "no match");
  equal(rewritten("/foobar", "/foo", "/xyz"), "no match");
});

test("rule G52: a long prefix needs no regular expression", () => {
  deepEqual(
    forms(`/${"a".repeat(500)}`, "/").map(({ path }) => path.type),
    ["exact", "rawPrefix"],
  );
});

test("a prefix is replaced only where a prefix was matched", () => {
  ok(replacePrefix("match", { type: "exact", value: "/a" }, "/b") instanceof Problem);
});
