import type { ObjectRef } from "@routeledger/config-model";
import type { JsonObject } from "@routeledger/std";

/** One thing that is wrong with the input, and where. */
export interface InputProblem {
  readonly file?: string;
  /** 1 for the first document of the file that is not empty. */
  readonly document?: number;
  /** 1 for the first line of the file. */
  readonly line?: number;
  /** Such as `spec.rules[0].matches[0].path.type`. */
  readonly field?: string;
  readonly expected?: string;
  readonly message: string;
  readonly hint?: string;
}

export type Outcome = "created" | "configured" | "unchanged" | "deleted" | "notFound" | "refused" | "ignored";

/** What became of one object of the input. */
export interface ObjectResult {
  /** Absent where the input does not say which object it is. */
  readonly ref?: ObjectRef;
  readonly file?: string;
  readonly document?: number;
  readonly outcome: Outcome;
  /** Of what is refused, and why something is ignored. */
  readonly errors?: readonly InputProblem[];
  /** Of a dry run; null where there is none. */
  readonly diff?: { readonly old: JsonObject | null; readonly new: JsonObject | null };
}

/** An xDS resource that a change would make another. */
export interface XdsChange {
  readonly nodeGroup: string;
  /** What people call the type: `CDS`. */
  readonly type: string;
  readonly name: string;
  readonly change: "added" | "changed" | "removed";
  readonly oldVersion?: string;
  readonly newVersion?: string;
  readonly old?: JsonObject | null;
  readonly new?: JsonObject | null;
}

/** The answer to apply and delete. */
export interface ChangeAnswer {
  /** `1.412`; null when nothing was appended. */
  readonly revision: string | null;
  /** RFC 3339, of the event; null when nothing was appended. */
  readonly time: string | null;
  readonly results: readonly ObjectResult[];
  /** Of a change that was to be prepared: the revision of its switch; null when nothing needed preparing. */
  readonly switch?: string | null;
  /** Of a dry run. */
  readonly xds?: readonly XdsChange[];
}

/** All refused is an error, though the answer says of each object why; a part refused is not. */
export function statusOf({ results }: ChangeAnswer): 200 | 422 {
  return results.length > 0 && results.every(({ outcome }) => outcome === "refused") ? 422 : 200;
}
