/**
 * Runs one tier of the checks within its time budget: `node scripts/test-tier.ts unit`.
 *
 * A tier without a test file fails: an empty tier would pass for ever. A tier that is still running when its budget
 * is over is ended and fails. The budget is printed first, so that the last lines are those of node's test runner.
 */
import { globSync } from "node:fs";
import { join } from "node:path";
import { runWithinBudget } from "./run-within-budget.ts";

interface Tier {
  readonly budgetSeconds: number;
  /** Arguments for node. */
  readonly command: () => readonly string[];
}

const root = join(import.meta.dirname, "..");

const tiers: Readonly<Record<string, Tier>> = {
  types: { budgetSeconds: 60, command: () => ["node_modules/typescript/bin/tsc", "-p", "."] },
  lint: { budgetSeconds: 20, command: () => ["node_modules/@biomejs/biome/bin/biome", "check", "."] },
  tidy: { budgetSeconds: 10, command: () => ["scripts/tidy.ts"] },
  unit: testTier(180, 2, ["libs/*/src/**/*.test.ts", "services/*/src/**/*.test.ts", "scripts/**/*.test.ts"]),
  features: testTier(540, 2, ["test/features/**/*.test.ts", "test/golden/**/*.test.ts"]),
  golden: testTier(120, 2, ["test/golden/**/*.test.ts"]),
  envoy: testTier(480, 1, ["test/envoy/*.test.ts"]),
  incidents: testTier(240, 2, ["test/envoy/incidents/*.test.ts"]),
  simulation: testTier(120, 2, ["test/simulation/**/*.test.ts"]),
  faults: testTier(600, 1, ["test/faults/**/*.test.ts"]),
  fixtures: testTier(420, 2, ["test/fixtures-suite/**/*.test.ts", "test/conformance/**/*.test.ts"]),
  compose: testTier(1_200, 1, ["test/compose/**/*.test.ts"]),
  "kube-apiserver": testTier(1_200, 1, ["test/kube-apiserver/**/*.test.ts"]),
  soak: testTier(7_200, 1, [
    "test/simulation/**/*.test.ts",
    "test/faults/**/*.test.ts",
    "test/envoy/random-routing.test.ts",
    "test/envoy/incidents/policy-flips.test.ts",
    "test/envoy/incidents/prepared-switches.test.ts",
    "libs/translation/src/extensions/extended-random.test.ts",
  ]),
};

/** Tests in files of their own process, `concurrency` at a time: two cores are the smallest machine that counts. */
function testTier(budgetSeconds: number, concurrency: number, patterns: readonly string[]): Tier {
  const command = (): readonly string[] => {
    const files = patterns.flatMap((pattern) => globSync(pattern, { cwd: root })).sort();
    if (files.length === 0) throw new Error(`no test file matches ${patterns.join(", ")}`);
    return ["--test", "--test-reporter=spec", `--test-concurrency=${concurrency}`, ...files];
  };
  return { budgetSeconds, command };
}

/** Exit code of the tier's command; 124 when its budget ran out. */
async function run(name: string, { budgetSeconds, command }: Tier): Promise<number> {
  const args = ["--no-warnings", ...command()];
  process.stdout.write(`== ${name}: at most ${budgetSeconds} s\n`);
  const outcome = await runWithinBudget({
    command: process.execPath,
    args,
    cwd: root,
    budgetMs: budgetSeconds * 1000,
  });
  if (outcome.kind === "exited") return outcome.code;
  process.stdout.write(`== ${name}: ended, its budget of ${budgetSeconds} s is over\n`);
  return 124;
}

const name = process.argv[2] ?? "";
const tier = tiers[name];
if (tier === undefined || process.argv.length > 3) {
  process.stderr.write(`usage: node scripts/test-tier.ts ${Object.keys(tiers).join("|")}\n`);
  process.exitCode = 2;
} else {
  process.exitCode = await run(name, tier).catch((cause: unknown) => {
    process.stderr.write(`== ${name}: ${cause instanceof Error ? cause.message : String(cause)}\n`);
    return 1;
  });
}
