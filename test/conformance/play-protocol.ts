/**
 * Plays every case, or those that are named, with one protocol and tells the parent process:
 * `node play-protocol.ts delta [CASE...]`, started by `main.ts` of this folder.
 */
import { assert, systemClock } from "@routeledger/std";
import type { Outcome } from "./conformance-report.ts";
import { notRun } from "./not-run.ts";
import { fixturesSource, OfficialSuite } from "./official-suite.ts";

/** What the parent is told, in the order of the suite; `finished` is last. */
export type Told =
  | {
      readonly type: "case";
      readonly name: string;
      readonly features: readonly string[];
      readonly provisional: boolean;
      readonly outcome: Outcome;
      /** Why it failed, or cannot run. */
      readonly why: string;
      readonly seconds: number;
    }
  | {
      readonly type: "finished";
      readonly servedFeatures: readonly string[];
      /** What is wrong besides the cases. */
      readonly problems: readonly string[];
    };

const [, , protocol, ...wanted] = process.argv;
assert(protocol === "delta" || protocol === "sotw", `delta or sotw, got ${protocol}`);
const tell = (told: Told): void => void process.send?.(told);
const source = await fixturesSource();
const suite = await OfficialSuite.start(source, protocol);
const listed = new Set(Object.values(notRun).flat());
for (const of of suite.cases.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
  const { name, features, provisional } = of;
  const reasons = suite.reasonsAgainst(of);
  const beganMs = systemClock.monotonicMs();
  const failure = reasons.length > 0 ? undefined : await suite.play(of).catch(String);
  const seconds = (systemClock.monotonicMs() - beganMs) / 1000;
  const isMissing = reasons.length > 0 && !listed.has(name);
  const outcome = failure !== undefined || isMissing ? "failed" : reasons.length > 0 ? "skipped" : "passed";
  const why = failure ?? reasons.join(", ");
  tell({ type: "case", name, features, provisional, outcome, why, seconds });
}
const { differences } = await suite.system.checkReplay();
const rejections = await suite.system.rejections();
tell({
  type: "finished",
  servedFeatures: [...suite.servedFeatures],
  problems: [
    ...rejections.map((rejection) => `a proxy rejected what it was sent: ${rejection}`),
    ...differences.map((difference) => `replay differs: ${JSON.stringify(difference)}`),
  ],
});
await suite.stop();
