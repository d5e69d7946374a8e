import type { JsonObject } from "@routeledger/std";
import type { ConformanceCase } from "./case.ts";

export type Outcome = "passed" | "failed" | "skipped";

export interface CaseResult {
  readonly of: Pick<ConformanceCase, "name" | "features" | "provisional">;
  readonly outcome: Outcome;
}

export interface ReportInput {
  /** RFC 3339. */
  readonly date: string;
  /** Of Routeledger. */
  readonly version: string;
  /** What proxies spoke. */
  readonly mode: "delta" | "sotw";
  /** All that the suite's cases speak of. */
  readonly knownFeatures: readonly string[];
  readonly servedFeatures: ReadonlySet<string>;
  readonly results: readonly CaseResult[];
}

/** What the results are summed up by, as the suite does. */
interface Profile {
  readonly name: string;
  readonly core: readonly string[];
  /** Features that begin so are extended ones, unless they are core. */
  readonly extended: readonly string[];
}

const gatewayFeatures = ["Gateway", "ListenerSet", "BackendTLSPolicy"];

const profiles: readonly Profile[] = [
  {
    name: "GATEWAY-GRPC",
    core: ["Gateway", "GRPCRoute", "ReferenceGrant"],
    extended: [...gatewayFeatures, "GRPCRoute"],
  },
  {
    name: "GATEWAY-HTTP",
    core: ["Gateway", "HTTPRoute", "ReferenceGrant"],
    extended: [...gatewayFeatures, "HTTPRoute"],
  },
];

/** The CRDs that the door's schemas are made from. */
const gatewayApiVersion = "v1.6.3";

/** The official ConformanceReport (gateway.networking.k8s.io/v1, conformance/apis/v1). */
export function conformanceReport(input: ReportInput): JsonObject {
  const { date, version, mode, results } = input;
  return {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "ConformanceReport",
    date,
    gatewayAPIChannel: "experimental",
    gatewayAPIVersion: gatewayApiVersion,
    implementation: {
      organization: "routeledger",
      project: "routeledger",
      url: "https://routeledger.dev",
      version,
      contact: ["https://routeledger.dev"],
    },
    mode,
    profiles: profiles.map((profile) => profileReport(profile, input)),
    succeededProvisionalTests: results
      .filter(({ of, outcome }) => of.provisional && outcome === "passed")
      .map(({ of }) => of.name)
      .sort(),
  };
}

function profileReport(
  profile: Profile,
  { results, knownFeatures, servedFeatures }: ReportInput,
): JsonObject {
  const own = results.filter(({ of }) => !of.provisional && of.features.every((name) => isOf(profile, name)));
  const isCore = ({ of }: CaseResult): boolean => of.features.every((name) => profile.core.includes(name));
  const core = statusOf(own.filter(isCore));
  const extended = statusOf(own.filter((result) => !isCore(result)));
  const known = new Set([...knownFeatures, ...servedFeatures]);
  const extendedFeatures = [...known]
    .filter((name) => isOf(profile, name) && !profile.core.includes(name))
    .sort();
  return {
    name: profile.name,
    core,
    extended: {
      ...extended,
      supportedFeatures: extendedFeatures.filter((name) => servedFeatures.has(name)),
      unsupportedFeatures: extendedFeatures.filter((name) => !servedFeatures.has(name)),
    },
    summary: `Core tests ${summaryOf(core)}. Extended tests ${summaryOf(extended)}.`,
  };
}

function isOf({ core, extended }: Profile, feature: string): boolean {
  return core.includes(feature) || extended.some((prefix) => feature.startsWith(prefix));
}

interface Status extends JsonObject {
  readonly result: "success" | "partial" | "failure";
  readonly statistics: { readonly Failed: number; readonly Passed: number; readonly Skipped: number };
}

function statusOf(results: readonly CaseResult[]): Status {
  const named = (outcome: Outcome): string[] =>
    results
      .filter((result) => result.outcome === outcome)
      .map(({ of }) => of.name)
      .sort();
  const failed = named("failed");
  const skipped = named("skipped");
  return {
    result: failed.length > 0 ? "failure" : skipped.length > 0 ? "partial" : "success",
    statistics: { Failed: failed.length, Passed: named("passed").length, Skipped: skipped.length },
    ...(failed.length > 0 && { failedTests: failed }),
    ...(skipped.length > 0 && { skippedTests: skipped }),
  };
}

function summaryOf({ result, statistics: { Failed, Skipped } }: Status): string {
  if (result === "failure") return `failed with ${Failed} test failures`;
  return result === "partial" ? `partially succeeded with ${Skipped} test skips` : "succeeded";
}
