import assert from "node:assert/strict";
import { join } from "node:path";

/** A folder of the fixtures; `ROUTELEDGER_FIXTURES` says where they are. */
export function fixturesFolder(...names: readonly string[]): string {
  const folder = process.env.ROUTELEDGER_FIXTURES;
  assert.ok(folder !== undefined && folder !== "", "ROUTELEDGER_FIXTURES names the folder of the fixtures");
  return join(folder, ...names);
}
