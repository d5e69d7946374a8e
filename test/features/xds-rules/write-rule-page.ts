/** Writes docs/spec/xds-rules.md from rule-list.ts and the names of all tests. */
import { writeFile } from "node:fs/promises";
import { findCoverage, pageOf, rulePage } from "./rule-coverage.ts";

await writeFile(rulePage, pageOf(await findCoverage()));
