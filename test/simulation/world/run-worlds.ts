/** Plays many random worlds, and says of the first that fails how to see it again, its history and why. */
import type { Protocol } from "@routeledger/xds-stream";
import fc from "fast-check";
import { type History, type HistoryOptions, histories } from "./happenings.ts";
import type { OpenServerStream } from "./server-stream.ts";
import { Violation } from "./violation.ts";
import { World } from "./world.ts";

export interface RunOptions extends HistoryOptions {
  readonly protocol: Protocol;
  readonly open: OpenServerStream;
  readonly seeds: number;
  /** Of a failure that is to be seen again. */
  readonly seed?: number;
  readonly path?: string;
}

/**
 * Undefined when a server is as good as `good`, as far as so many worlds can tell: in none is a promise broken that
 * `good` keeps. Else what was broken.
 */
export function caught(
  options: RunOptions,
  good: OpenServerStream,
): { readonly worlds: number; readonly why: string } | undefined {
  const { protocol, open, seeds, seed } = options;
  let why = "";
  const property = fc.property(histories(options), (history) => {
    try {
      new World({ protocol, open, history }).play();
      return true;
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      why = error.message;
    }
    try {
      new World({ protocol, open: good, history }).play();
      return false;
    } catch {
      return true;
    }
  });
  const { failed, numRuns } = fc.check(property, {
    numRuns: seeds,
    endOnFailure: true,
    ...(seed === undefined ? {} : { seed }),
  });
  return failed ? { worlds: numRuns, why } : undefined;
}

/** Undefined when every world kept all promises, else what to tell people, the seed in its first line. */
export function failureOf(options: RunOptions): string | undefined {
  const { protocol, open, seeds, seed, path } = options;
  const property = fc.property(histories(options), (history) => {
    new World({ protocol, open, history }).play();
  });
  const details = fc.check(property, {
    numRuns: seeds,
    ...(seed === undefined ? {} : { seed }),
    ...(path === undefined ? {} : { path }),
  });
  if (!details.failed) return undefined;
  const history = details.counterexample?.[0];
  const again = `SIMULATION_SEED=${details.seed} SIMULATION_PATH=${details.counterexamplePath ?? ""}`;
  const told = history === undefined ? [] : retell(history, protocol, open);
  return [`${again} (${protocol}, ${details.numRuns} worlds)`, ...told].join("\n");
}

/** Plays a history once more and tells it in words. */
function retell(history: History, protocol: Protocol, open: OpenServerStream): string[] {
  const lines: string[] = [];
  const networks = history.proxies.map((proxy, index) => `p${index}: ${JSON.stringify(proxy)}`);
  try {
    new World({ protocol, open, history, log: (line) => lines.push(line) }).play();
  } catch (error) {
    const why = error instanceof Violation ? error.message : String((error as Error).stack);
    return [why, ...networks, ...lines.slice(-linesMax), why];
  }
  return ["the failure did not come again", ...networks, ...lines];
}

const linesMax = 200;
