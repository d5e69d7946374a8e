import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "@routeledger/std";
import { type CaseResult, conformanceReport, type Outcome } from "./conformance-report.ts";

function result(name: string, features: string[], outcome: Outcome, provisional = false): CaseResult {
  return { of: { name, features, provisional }, outcome };
}

function profilesOf(results: readonly CaseResult[], served: readonly string[]): JsonObject[] {
  const report = conformanceReport({
    ...{ date: "2026-11-21T10:00:00Z", version: "0.1.0", mode: "delta", results },
    knownFeatures: results.flatMap(({ of }) => of.features),
    servedFeatures: new Set(served),
  });
  return report.profiles as JsonObject[];
}

test("a case is core when all its features are, and of each profile that knows them", () => {
  const [grpc, http] = profilesOf(
    [
      result("GatewayOnly", ["Gateway"], "passed"),
      result("Http", ["Gateway", "HTTPRoute"], "passed"),
      result("Cors", ["Gateway", "HTTPRoute", "HTTPRouteCORS"], "passed"),
      result("Grpc", ["Gateway", "GRPCRoute"], "passed"),
      result("Tcp", ["Gateway", "TCPRoute"], "skipped"),
      result("New", ["Gateway", "HTTPRoute"], "passed", true),
    ],
    ["Gateway", "GRPCRoute", "HTTPRoute", "HTTPRouteCORS", "GatewayPort8080"],
  );
  const statistics = (Passed: number) => ({ Failed: 0, Passed, Skipped: 0 });
  deepEqual(http, {
    name: "GATEWAY-HTTP",
    core: { result: "success", statistics: statistics(2) },
    extended: {
      ...{ result: "success", statistics: statistics(1) },
      supportedFeatures: ["GatewayPort8080", "HTTPRouteCORS"],
      unsupportedFeatures: [],
    },
    summary: "Core tests succeeded. Extended tests succeeded.",
  });
  deepEqual((grpc as JsonObject).core, { result: "success", statistics: statistics(2) });
});

test("what failed is named, and what is not served is an unsupported feature", () => {
  const [, http] = profilesOf(
    [
      result("B", ["Gateway", "HTTPRoute"], "failed"),
      result("A", ["Gateway"], "failed"),
      result("Retry", ["HTTPRoute", "HTTPRouteRetry"], "skipped"),
    ],
    ["Gateway", "HTTPRoute"],
  );
  deepEqual((http as JsonObject).core, {
    ...{ result: "failure", statistics: { Failed: 2, Passed: 0, Skipped: 0 } },
    failedTests: ["A", "B"],
  });
  deepEqual((http as JsonObject).extended, {
    ...{ result: "partial", statistics: { Failed: 0, Passed: 0, Skipped: 1 }, skippedTests: ["Retry"] },
    ...{ supportedFeatures: [], unsupportedFeatures: ["HTTPRouteRetry"] },
  });
});
