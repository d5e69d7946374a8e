/**
 * Writes the golden files of the translation and deletes stale ones: `node scripts/update-goldens.ts`.
 *
 * Refuses when the outputs of an unchanged input differ and `translatorVersion` was not raised, since bytes of one
 * version must stay the same wherever they are made. Before the first release `--unreleased` allows it.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { translatorVersion } from "@routeledger/translation";
import {
  caseOutputs,
  committedOutputs,
  digestOfInput,
  digestOfOutputs,
  type GoldenRecord,
  goldenCases,
  goldenFolder,
  recordFile,
} from "../test/golden/translation-case.ts";

function readRecord(): GoldenRecord {
  try {
    return JSON.parse(readFileSync(recordFile, "utf8")) as GoldenRecord;
  } catch {
    return { translatorVersion, cases: {} };
  }
}

const before = readRecord();
const made = goldenCases().map((name) => ({ name, outputs: caseOutputs(name), input: digestOfInput(name) }));
const broken = made.filter(({ name, outputs, input }) => {
  const known = before.cases[name];
  return known !== undefined && known.input === input && known.output !== digestOfOutputs(outputs);
});
const sameVersion = before.translatorVersion === translatorVersion;
if (broken.length > 0 && sameVersion && !process.argv.includes("--unreleased")) {
  const names = broken.map(({ name }) => name).join(", ");
  process.stderr.write(`outputs differ for unchanged inputs: ${names}; raise translatorVersion\n`);
  process.exit(1);
}
for (const { name, outputs } of made) {
  for (const [file, text] of outputs) writeFileSync(join(goldenFolder, name, file), text);
  for (const file of committedOutputs(name).keys()) {
    if (!outputs.has(file)) rmSync(join(goldenFolder, name, file));
  }
}
const cases = Object.fromEntries(
  made.map(({ name, outputs, input }) => [name, { input, output: digestOfOutputs(outputs) }]),
);
writeFileSync(recordFile, `${JSON.stringify({ translatorVersion, cases }, null, 2)}\n`);
process.stdout.write(`${made.length} cases written\n`);
