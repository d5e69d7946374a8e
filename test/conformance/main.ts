/**
 * `make conformance`: plays the official suite's cases in both protocols at once, prints a table of them and writes a
 * ConformanceReport for each protocol into `conformance-reports`: `node main.ts [CASE...]`; of some cases alone it writes
 * none. Fails when a case fails, when one cannot run that is not listed in `not-run.ts`, when a proxy rejected anything, and when the log does not
 * replay to the same bytes.
 */
import { fork } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { type CaseResult, conformanceReport } from "./conformance-report.ts";
import { notRun } from "./not-run.ts";
import type { Told } from "./play-protocol.ts";

const protocols = ["delta", "sotw"] as const;
type Protocol = (typeof protocols)[number];
type ToldCase = Extract<Told, { type: "case" }>;

/** What a protocol's process told, whole only when it finished. */
interface Played {
  readonly cases: ToldCase[];
  finished: Extract<Told, { type: "finished" }> | undefined;
  exitCode: number;
}

const folder = "conformance-reports";
const wanted = process.argv.slice(2);
const both = Object.fromEntries(
  await Promise.all(protocols.map(async (protocol) => [protocol, await play(protocol)] as const)),
) as Record<Protocol, Played>;
const failures = printTable(both);
await mkdir(folder, { recursive: true });
for (const protocol of wanted.length === 0 ? protocols : []) {
  const { finished } = both[protocol];
  if (finished !== undefined) await writeReport(protocol, both[protocol].cases, finished.servedFeatures);
}
process.stdout.write(failures === 0 ? "all is right\n" : `${failures} failures\n`);
process.exitCode = failures === 0 ? 0 : 1;

/** What it writes by itself is shown. */
function play(protocol: Protocol): Promise<Played> {
  const played: Played = { cases: [], finished: undefined, exitCode: 0 };
  const child = fork(join(import.meta.dirname, "play-protocol.ts"), [protocol, ...wanted], {
    execArgv: ["--no-warnings"],
  });
  child.on("message", (told: Told) => {
    if (told.type === "finished") played.finished = told;
    else played.cases.push(told);
  });
  return new Promise((resolve) => {
    child.once("exit", (code) => resolve({ ...played, exitCode: code ?? 1 }));
  });
}

/** Returns how much is wrong. */
function printTable(played: Record<Protocol, Played>): number {
  const names = played.delta.cases.map(({ name }) => name);
  const width = Math.max(0, ...names.map((name) => name.length));
  const reasons = new Map(
    Object.entries(notRun).flatMap(([reason, list]) => list.map((name) => [name, reason] as const)),
  );
  const lines = names.map((name) => {
    const cells = protocols.map((protocol) => cell(played[protocol].cases.find((one) => one.name === name)));
    return `${name.padEnd(width)}  ${cells.join("  ")}  ${reasons.get(name) ?? ""}`.trimEnd();
  });
  const head = `${"case".padEnd(width)}  ${protocols.map((protocol) => protocol.padEnd(15)).join("  ")}`;
  process.stdout.write(`${[head.trimEnd(), ...lines].join("\n")}\n\n`);
  let failures = 0;
  for (const protocol of protocols) failures += printProblems(protocol, played[protocol]);
  return failures;
}

function cell(told: ToldCase | undefined): string {
  if (told === undefined) return "missing".padEnd(15);
  const { outcome, seconds } = told;
  return (outcome === "skipped" ? "not declared" : `${outcome} ${seconds.toFixed(1)} s`).padEnd(15);
}

function printProblems(protocol: Protocol, { cases, finished, exitCode }: Played): number {
  const failed = cases.filter(({ outcome }) => outcome === "failed");
  const count = (outcome: string): number => cases.filter((one) => one.outcome === outcome).length;
  const problems = [
    ...failed.map(({ name, why }) => `${name}: ${why}`),
    ...(finished?.problems ?? []),
    ...(exitCode === 0 && finished !== undefined ? [] : [`the run ended early, exit code ${exitCode}`]),
  ];
  const counts = `${count("passed")} passed, ${count("failed")} failed, ${count("skipped")} of features that are not declared`;
  process.stdout.write(`${protocol}: ${counts}\n`);
  for (const problem of problems) process.stdout.write(`${protocol}: ${problem}\n`);
  return problems.length;
}

async function writeReport(
  protocol: Protocol,
  cases: readonly ToldCase[],
  servedFeatures: readonly string[],
): Promise<void> {
  const { version } = JSON.parse(await readFile(join(import.meta.dirname, "../../package.json"), "utf8")) as {
    version: string;
  };
  const report = conformanceReport({
    ...{ date: new Date().toISOString(), version, mode: protocol },
    servedFeatures: new Set(servedFeatures),
    knownFeatures: cases.flatMap(({ features }) => features),
    // What is not declared is no skip: the suite does not ask for it.
    results: cases.flatMap(({ outcome, ...of }): CaseResult[] =>
      outcome === "skipped" ? [] : [{ of, outcome }],
    ),
  });
  const path = join(folder, `experimental-${version}-${protocol}-report.yaml`);
  await writeFile(path, stringify(report, { sortMapEntries: true }));
  process.stdout.write(`${path}\n`);
}
