import type { ConformanceCase, Step } from "./case.ts";
import { exchange } from "./http-exchange.ts";
import type { SystemUnderTest } from "./play-step.ts";

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
  const request = of.steps.find(({ fn }) => fn.startsWith("http.MakeRequest"));
  const { expected, gwAddr } = request?.args ?? {};
  if (expected === undefined || gwAddr === undefined) throw new Error(`a request in the steps of ${of.name}`);
  const port = system.ports.ofAddress(gwAddr);
  const seen = new Map<string, number>();
  const worker = async (): Promise<void> => {
    for (let count = 0; count < requests / concurrency; count++) {
      const { echo, status } = await exchange(port, expected);
      const who = echo === undefined ? `status ${status}` : echo.pod.replace(/-[^-]+-[^-]+$/, "");
      seen.set(who, (seen.get(who) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  const wanted = step.args.expectedWeights ?? {};
  const strangers = [...seen.keys()].filter((who) => !(who in wanted)).map((who) => `answers of ${who}`);
  return Object.entries(wanted)
    .flatMap(([who, weight]) => {
      const share = (seen.get(who) ?? 0) / requests;
      const allowed = weight === 0 ? 0 : tolerance;
      return Math.abs(share - weight) <= allowed ? [] : [`${who}: expected ${weight}, got ${share}`];
    })
    .concat(strangers);
}
