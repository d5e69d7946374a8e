import { randomUUID } from "node:crypto";
import { systemClock } from "@routeledger/std";
import type { Step } from "./case.ts";
import { exchange } from "./http-exchange.ts";
import { type SystemUnderTest, wanted } from "./player.ts";

/** What the suite's Go code calls `testMirroredRequestsDistribution`; the step says the share in percent. */
export const mirroredShare = "mirror.TestMirroredShare";

/** As the official suite: so many requests, and so many standard deviations that their number may be off. */
const requests = 500;
const deviations = 3;
const concurrency = 10;
/** How long a mirrored request may be under way when the answer to its original is there, milliseconds. */
const settleMs = 300;

/** Sends requests and counts which of them the mirror's backend saw. */
export async function mirroredShareMismatches(system: SystemUnderTest, { args }: Step): Promise<string[]> {
  const expected = wanted(args.expected, "an expected response");
  const path = `${expected.Request.Path}?id=${randomUUID()}`;
  const target = await system.target(wanted(args.gwAddr, "an address"), 80);
  const worker = async (): Promise<void> => {
    for (let count = 0; count < requests / concurrency; count++)
      await exchange(target, { Request: { ...expected.Request, Path: path } });
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  await new Promise<void>((resolve) => systemClock.after(settleMs, resolve));
  const share = wanted(args.percent, "a share") / 100;
  const margin = deviations * Math.sqrt(requests * share * (1 - share));
  return wanted(args.mirrorPods, "pods").flatMap(({ Namespace, Name }) => {
    const count = system.echoLog.echoed(`${Namespace}/${Name}`, path);
    const isNear = Math.abs(count - requests * share) <= margin;
    return isNear
      ? []
      : [`${Name} saw ${count} of ${requests} requests, expected ${requests * share} +- ${margin}`];
  });
}
