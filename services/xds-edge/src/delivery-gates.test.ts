import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { typeNumbers } from "@routeledger/xds-model";
import type { Gate } from "@routeledger/xds-stream";
import { bytesAtMost } from "./delivery-facts.ts";
import { gatesFact, StreamGates } from "./delivery-gates.ts";

function gate(name: string, waits = 1): Gate {
  const waitsFor = Array.from({ length: waits }, (_, index) => ({
    type: "cluster" as const,
    name: `c${index}`,
  }));
  return { reason: "addition", type: "route", name, waitsFor, deadlineMs: 2_000 };
}

test("rule D4: a gate that stays keeps its time, one that closes again begins anew", () => {
  const gates = new StreamGates();
  gates.update([gate("a"), gate("b")], 1_000);
  gates.update([gate("a", 2)], 2_000);
  gates.update([gate("a"), gate("b")], 3_000);
  deepEqual(
    gates.all.map(({ name, sinceMs }) => [name, sinceMs]),
    [
      ["a", 1_000],
      ["b", 3_000],
    ],
  );
});

test("rule D4: a record says the first hundred gates, ten names of each, and how many there are", () => {
  const gates = new StreamGates();
  const many = Array.from({ length: 150 }, (_, index) => gate(`r${index}`, 15));
  gates.update(many, 1_000);
  const { gates: record } = gatesFact(gates.all);
  equal(record.total, 150);
  equal(record.gates?.length, 100);
  equal(record.gates?.[0]?.waitsFor?.length, 10);
  deepEqual(record.gates?.[0]?.waitsFor?.[0], { type: typeNumbers.cluster, name: "c0" });
  deepEqual([record.gates?.[0]?.sinceUnixMs, record.gates?.[0]?.untilUnixMs], [1_000, 3_000]);
});

test("a gate without a deadline has none in the record", () => {
  const gates = new StreamGates();
  gates.update([{ ...gate("a"), reason: "quarantine", deadlineMs: undefined }], 1_000);
  equal(gatesFact(gates.all).gates.gates?.[0]?.untilUnixMs, undefined);
});

test("a record of very long names is one that a message of the log can hold", () => {
  const gates = new StreamGates();
  gates.update(
    Array.from({ length: 100 }, (_, index) => gate("é".repeat(4_000) + index, 10)),
    1_000,
  );
  const { gates: record } = gatesFact(gates.all);
  equal(record.total, 100);
  ok(bytesAtMost({ gates: record }) < 400 * 1_024);
});
