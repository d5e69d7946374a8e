import { Failure } from "@routeledger/std";
import type Database from "better-sqlite3";

/** The oldest major version of Node under which the addon is known not to crash the process. */
export const nodeMajorMin = 24;

/**
 * Loads better-sqlite3. The addon ends the process by a signal under a Node that is too old, so the pair is
 * looked at first.
 *
 * @throws Failure `log.sqliteAddon`
 */
export async function loadSqlite(nodeVersion: string): Promise<typeof Database> {
  assertNodeFits(nodeVersion);
  try {
    const { default: open } = await import("better-sqlite3");
    return open;
  } catch (cause) {
    throw new Failure("load better-sqlite3, which the embedded log is made of", {
      code: "log.sqliteAddon",
      retryable: false,
      hint: "run npm ci again on this machine: the installed files are not complete, or are those of another platform",
      cause,
    });
  }
}

/** @param nodeVersion such as 24.21.0 */
export function assertNodeFits(nodeVersion: string): void {
  if (Number(nodeVersion.split(".")[0]) >= nodeMajorMin) return;
  throw new Failure(`open the embedded log: better-sqlite3 13 crashes under Node ${nodeVersion}`, {
    code: "log.sqliteAddon",
    retryable: false,
    hint: `run Node ${nodeMajorMin} or newer; ./routeledger finds or fetches one`,
    fields: { node: nodeVersion },
  });
}
