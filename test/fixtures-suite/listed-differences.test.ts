import { deepEqual, equal, throws } from "node:assert/strict";
import { test } from "node:test";
import { ListedDifferences } from "./listed-differences.ts";

const list = new ListedDifferences({
  skipped: [{ reason: "not served", places: ["a: TCPRoute x/y"] }],
  differences: [{ reason: "rule G1", at: ["a: Gateway x/y: Accepted: True -> False"] }],
});
const listed = { what: "a: Gateway x/y: Accepted", theirs: "True", ours: "False" };
const skipped = { what: "a: TCPRoute x/y: Accepted", theirs: "True", ours: "absent" };

test("differences that are listed, and those at places that are skipped, are no problem", () => {
  deepEqual(list.check([listed, skipped]), []);
});

test("a difference that is not listed is told, and so is a listed one that became another", () => {
  deepEqual(list.check([{ ...listed, ours: "absent" }, skipped]), [
    "not listed: a: Gateway x/y: Accepted: True -> absent",
    "listed, but no difference: a: Gateway x/y: Accepted: True -> False",
  ]);
});

test("a place that is skipped where nothing differs is told, and one whose name only begins alike is none", () => {
  deepEqual(list.check([listed, { ...skipped, what: "a: TCPRoute x/yz: Accepted" }]), [
    "not listed: a: TCPRoute x/yz: Accepted: True -> absent",
    "skipped, but no difference: a: TCPRoute x/y",
  ]);
});

test("what differs everywhere is listed by its end, whole parts of it, and told where it is nowhere", () => {
  const everywhere = [{ reason: "rule G118", end: "header server: envoy -> absent" }];
  const broad = new ListedDifferences({ skipped: [], everywhere, differences: [] });
  const server = { what: "a: GET /: header server", theirs: "envoy", ours: "absent" };
  deepEqual(broad.check([server]), []);
  deepEqual(broad.check([server, { ...server, what: "a: GET /: x-header server" }]), [
    "not listed: a: GET /: x-header server: envoy -> absent",
  ]);
  deepEqual(broad.check([]), ["listed everywhere, but nowhere a difference: header server: envoy -> absent"]);
});

test("the reason of a place that is skipped is told, and a list says nothing twice", () => {
  equal(list.skips("a: TCPRoute x/y: Accepted"), "not served");
  equal(list.skips("a: TCPRoute x"), undefined);
  throws(() => new ListedDifferences({ skipped: [{ reason: "r", places: ["a", "a"] }], differences: [] }));
});
