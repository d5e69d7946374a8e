import type { ConformanceCase } from "./case.ts";
import { casePlayers } from "./case-players.ts";
import { mutations } from "./mutations.ts";
import { players } from "./players.ts";

/** Cases that the suite asks of whoever serves a feature, though their steps look at statuses that all must give. */
const statusOnly: Readonly<Record<string, string>> = {
  HTTPRouteDisallowedKind: "TLSRoute",
  ListenerSetAllowedRoutesSupportedKinds: "TLSRoute",
};

/** Features that a later suite names than the Gateway API that is served: what they are part of. */
const laterNames: Readonly<Record<string, string>> = { GRPCRouteRequestHeaderModifier: "GRPCRoute" };

/** @param served as the GatewayClass's status names them */
export function inSuiteNames(served: readonly string[]): ReadonlySet<string> {
  const later = Object.entries(laterNames).filter(([, name]) => served.includes(name));
  return new Set([...served, ...later.map(([name]) => name)]);
}

/**
 * Why a case cannot run: what it needs that is not served or not played. Nothing when it must run.
 * @param servedFeatures as `inSuiteNames` has them
 */
export function obstacles(of: ConformanceCase, servedFeatures: ReadonlySet<string>): string[] {
  const { name, features, steps, incomplete } = of;
  const found = [
    ...features
      .filter((feature) => !servedFeatures.has(feature) && statusOnly[name] !== feature)
      .map((feature) => `feature ${feature}`),
    ...steps.map(({ fn }) => fn).filter((fn) => !(fn in players) && !(fn in (casePlayers[name] ?? {}))),
  ];
  if (incomplete && !(name in mutations) && !(name in casePlayers))
    found.push("what its Go code changes between the steps");
  return [...new Set(found)];
}
