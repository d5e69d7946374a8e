import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { codec, Malformed } from "@routeledger/protos";
import fc from "fast-check";
import { readLoadReport } from "./load-report-reader.ts";
import { type ClusterLoad, sumOf } from "./load-sums.ts";

const seed = Number(process.env.SEED ?? 20261121);
const request = codec("envoy.service.load_stats.v3.LoadStatsRequest");

/** What the codec makes of it; undefined when it refuses. */
function decoded(bytes: Uint8Array): ClusterLoad[] | undefined {
  try {
    const { clusterStats } = request.decode(bytes);
    return clusterStats
      .filter(({ upstreamLocalityStats }) => upstreamLocalityStats.length > 0)
      .map(({ clusterName, upstreamLocalityStats }) =>
        sumOf(
          clusterName,
          upstreamLocalityStats.map((locality) => ({
            successful: locality.totalSuccessfulRequests,
            errors: locality.totalErrorRequests,
            issued: locality.totalIssuedRequests,
            inProgress: locality.totalRequestsInProgress,
          })),
        ),
      );
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

const count = fc.oneof(
  fc.constant(0),
  fc.nat(300),
  fc.maxSafeNat().map((value) => Math.floor(value / 8)),
);
const locality = fc.record({
  locality: fc.record({ region: fc.string(), zone: fc.string() }),
  ...{ totalSuccessfulRequests: count, totalErrorRequests: count, totalRequestsInProgress: count },
  ...{ totalIssuedRequests: count, priority: fc.nat(3), totalActiveConnections: count },
  loadMetricStats: fc.array(fc.record({ metricName: fc.string(), totalMetricValue: fc.double() }), {
    maxLength: 2,
  }),
});
const report = fc.record({
  node: fc.record({ id: fc.string(), cluster: fc.string() }),
  clusterStats: fc.array(
    fc.record({
      ...{ clusterName: fc.string({ unit: "grapheme" }), clusterServiceName: fc.string() },
      upstreamLocalityStats: fc.array(locality, { maxLength: 3 }),
      ...{ totalDroppedRequests: count, loadReportInterval: fc.record({ seconds: fc.nat(60) }) },
    }),
    { maxLength: 5 },
  ),
});

test("a report is read as the codec decodes it", () => {
  fc.assert(
    fc.property(report, (message) => {
      const bytes = request.encode(message);
      const loads = readLoadReport(bytes);
      equal(loads === undefined, false);
      deepEqual(loads, decoded(bytes));
    }),
    { seed, numRuns: 300 },
  );
});

test("of bytes that somebody changed or cut it makes what the codec makes of them, or nothing", () => {
  let [taken, refused] = [0, 0];
  fc.assert(
    fc.property(report, fc.nat(), fc.nat(255), fc.nat(), (message, at, byte, cut) => {
      const bytes = request.encode(message);
      if (bytes.length === 0) return;
      bytes[at % bytes.length] = byte;
      const cutBytes = cut % 3 === 0 ? bytes.subarray(0, cut % bytes.length) : bytes;
      const [loads, expected] = [readLoadReport(cutBytes), decoded(cutBytes)];
      if (loads === undefined) refused++;
      else if (expected !== undefined) {
        taken++;
        deepEqual(loads, expected);
      }
    }),
    { seed, numRuns: 2_000 },
  );
  equal(taken > 100 && refused > 100, true, `both, got ${taken} and ${refused}`);
});

test("counts beyond 2^53, lengths beyond the end, and field number 0 are no report", () => {
  const bytes = (...values: number[]) => Uint8Array.from(values);
  // A cluster with a locality whose field 2 is a varint.
  const counted = (...varint: number[]) =>
    bytes(0x12, varint.length + 3, 0x12, varint.length + 1, 0x10, ...varint);
  equal(readLoadReport(counted(0x05))?.[0]?.successful, 5);
  equal(readLoadReport(counted(...Array(7).fill(0xff), 0x0f))?.[0]?.successful, Number.MAX_SAFE_INTEGER);
  equal(readLoadReport(counted(...Array(7).fill(0xff), 0x1f)), undefined);
  equal(readLoadReport(counted(...Array(9).fill(0xff), 0x01)), undefined);
  equal(readLoadReport(bytes(0x12, 0x7f)), undefined);
  equal(readLoadReport(bytes(0x12, 0x02, 0x12, 0x05)), undefined);
  equal(readLoadReport(bytes(0x00, 0x01)), undefined);
  deepEqual(readLoadReport(bytes()), []);
});
