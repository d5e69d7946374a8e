import { Failure } from "@routeledger/std";

/** One line of `doctor`. */
export interface Finding {
  readonly what: string;
  /** What cannot be seen from here is unknown, never good. */
  readonly good: boolean | "unknown";
  readonly detail: string;
  readonly hint?: string | undefined;
}

/** What did not work, with the error's own hint or the given one. */
export function failedFinding(what: string, error: unknown, hint?: string): Finding {
  const detail = error instanceof Error ? error.message : String(error);
  return { what, good: false, detail, hint: error instanceof Failure ? (error.hint ?? hint) : hint };
}
