import type { ConformanceCase, ExpectedCall, Step } from "./case.ts";
import { call } from "./grpc-exchange.ts";
import { exchange } from "./http-exchange.ts";
import type { SystemUnderTest } from "./player.ts";

/** As the official suite: so many requests, and a share may be off by this much. */
const requests = 500;
const tolerance = 0.05;
const concurrency = 10;

/** Sends requests to the address of the case's request step and counts the pods by their Deployment. */
export async function weightMismatches(
  system: SystemUnderTest,
  step: Step,
  of: ConformanceCase,
): Promise<string[]> {
  const ask = await askerOf(system, of);
  const seen = new Map<string, number>();
  const worker = async (): Promise<void> => {
    for (let count = 0; count < requests / concurrency; count++) {
      const pod = await ask();
      const who = pod.replace(/-[^-]+-[^-]+$/, "");
      seen.set(who, (seen.get(who) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  const expected = step.args.expectedWeights ?? {};
  const strangers = [...seen.keys()].filter((who) => !(who in expected)).map((who) => `answers of ${who}`);
  return Object.entries(expected)
    .flatMap(([who, weight]) => {
      const share = (seen.get(who) ?? 0) / requests;
      const allowed = weight === 0 ? 0 : tolerance;
      return Math.abs(share - weight) <= allowed ? [] : [`${who}: expected ${weight}, got ${share}`];
    })
    .concat(strangers);
}

/** Sends one request and says which pod answered, or what else did. */
async function askerOf(system: SystemUnderTest, of: ConformanceCase): Promise<() => Promise<string>> {
  const request = of.steps.find(({ fn }) => /^(http|grpc)\.MakeRequest/.test(fn));
  const { expected, gwAddr } = request?.args ?? {};
  if (expected === undefined || gwAddr === undefined) throw new Error(`a request in the steps of ${of.name}`);
  const target = await system.target(gwAddr, 80);
  if (request?.fn.startsWith("grpc.")) {
    const wanted = expected as unknown as ExpectedCall;
    return async () => {
      const { code, response } = await call(target, "Echo", wanted);
      return response?.assertions?.context?.pod ?? `code ${code}`;
    };
  }
  return async () => {
    const { echo, status } = await exchange(target, expected);
    return echo?.pod ?? `status ${status}`;
  };
}
