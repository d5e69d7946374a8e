import { encodeTermStarted } from "@routeledger/config-model";
import type { CheckpointCommit } from "@routeledger/event-log";
import { Failure, formatRevision, type Revision } from "@routeledger/std";

/** The commit that starts a term in a log. */
export function termStarted(term: number, name: string): CheckpointCommit {
  const payload = encodeTermStarted(term, name);
  return { kind: "TermStarted", schemaVersion: 1, summary: `translator ${name} leads`, payload };
}

/** @throws Failure `translator.deposed` when `by`, a term that a log holds, is higher */
export function refuseHigherTerm(term: number, by: number): void {
  if (by <= term) return;
  throw new Failure(`publish in term ${term}: another translator started term ${by}`, {
    code: "translator.deposed",
    retryable: false,
    hint: "two translators without signals work on the same logs: stop one",
    fields: { term, by },
  });
}

/** Another translator was first to start a term. */
export function yieldedFailure(by: number): Failure {
  return new Failure(`start a term: another translator started term ${by}`, {
    code: "translator.yielded",
    retryable: true,
    fields: { by },
  });
}

/** The translator before this one still published between our reading XDS and our term in it: read it again. */
export function overtakenFailure(term: number, at: Revision): Failure {
  return new Failure(`start term ${term}: the translator before went on to revision ${formatRevision(at)}`, {
    code: "translator.overtaken",
    retryable: true,
    fields: { term },
  });
}
