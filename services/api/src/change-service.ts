import { randomUUID } from "node:crypto";
import { type ConfigState, evolve, type ObjectRef } from "@routeledger/config-model";
import { formatRevision, type Revision } from "@routeledger/std";
import { apiFailure } from "./api-failure.ts";
import type { Author } from "./change-coalescer.ts";
import type { ChangeAnswer, ObjectResult } from "./change-results.ts";
import { type CheckedObject, checkObjects } from "./check-object.ts";
import { noSealingKey } from "./check-secret.ts";
import type { ConfigDoor } from "./config-door.ts";
import type { DoorMoment } from "./joint-decision.ts";
import { type ApplyContext, type Plan, planApply, withDiffs } from "./plan-apply.ts";
import { type DeleteTarget, planDelete, summaryOf } from "./plan-delete.ts";
import { planReseal } from "./plan-reseal.ts";
import { type Preparation, prepare } from "./prepare-change.ts";
import type { ReadInput } from "./read-documents.ts";
import { xdsChanges } from "./xds-changes.ts";

export interface ChangeRequest {
  readonly author: Author;
  /** One line for the log; made from the changes when empty. */
  readonly summary: string;
  readonly namespace: string;
  readonly ifRevision?: Revision;
}

export interface ApplyRequest extends ChangeRequest {
  readonly input: ReadInput;
  readonly dryRun: boolean;
  /** Present: it is brought up beside what is in use; one refused object refuses all. */
  readonly prepare?: Preparation;
  /** One refused object refuses all. */
  readonly atomic: boolean;
}

export interface DeleteRequest extends ChangeRequest {
  readonly targets: readonly DeleteTarget[];
  readonly ignoreNotFound: boolean;
  readonly allowMassDelete: boolean;
  readonly dryRun: boolean;
  /** As of an apply. */
  readonly prepare?: Preparation;
}

/** Applies what is valid as one event; what is refused is listed. */
export async function apply(door: ConfigDoor, request: ApplyRequest): Promise<ChangeAnswer> {
  const { namespace, input } = request;
  const checked = await checkObjects(input.objects, { namespace, keyring: door.keyring });
  const unreadable = input.refusals.map(
    ({ file, document, problem }): ObjectResult => ({
      ...{ file, document, outcome: "refused" },
      errors: [{ file, document, ...problem }],
    }),
  );
  const plan = (moment: DoorMoment): Plan => {
    const decided = planApply(checked, applyContext(door, request, moment));
    const results = inInputOrder([...unreadable, ...decided.results], checked);
    const isRefused = results.some(({ outcome }) => outcome === "refused");
    return isRefused && (request.atomic || request.prepare !== undefined)
      ? { changes: [], results: results.map(notApplied) }
      : { ...decided, results };
  };
  const touches = checked.flatMap(({ defaulted, ref }) => (defaulted === undefined ? [] : [ref]));
  return carryOut(door, request, { plan, touches });
}

/** Deletes as one event. */
export function remove(door: ConfigDoor, request: DeleteRequest): Promise<ChangeAnswer> {
  const { targets, ignoreNotFound, allowMassDelete, ifRevision, author } = request;
  const options = {
    ignoreNotFound,
    allowMassDelete,
    source: author.source,
    ...(ifRevision && { ifRevision }),
  };
  const plan = ({ state }: DoorMoment) => planDelete(targets, { state, ...options });
  return carryOut(door, request, { plan, touches: targets.map(({ ref }) => ref) });
}

/**
 * Seals every Secret anew with the newest key, in as many events as that takes, so that older keys can be dropped.
 * Idempotent: Secrets that are sealed with it already are no result.
 * @throws Failure `badRequest` without a key
 */
export async function reseal(door: ConfigDoor, author: Author): Promise<ChangeAnswer> {
  const { keyring } = door;
  if (keyring === undefined) throw apiFailure("badRequest", noSealingKey.message, noSealingKey.hint);
  const results: ObjectResult[] = [];
  for (let last: ChangeAnswer = { revision: null, time: null, results: [] }; ; ) {
    const decide = ({ state, timeMs }: DoorMoment) => {
      const plan = planReseal({ state, keyring, timeMs });
      return { ...plan, summary: `reseal Secrets with key ${keyring.sealingKeyId}: ${plan.changes.length}` };
    };
    const { decision, commit } = await door.change(decide, author);
    results.push(...decision.results.filter(({ outcome }) => outcome === "configured"));
    // What does not open is met again each time.
    const refused = decision.results.filter(({ outcome }) => outcome === "refused");
    if (commit === undefined) return { ...last, results: [...results, ...refused] };
    last = {
      revision: formatRevision(commit.revision),
      time: new Date(commit.timeMs).toISOString(),
      results,
    };
  }
}

async function carryOut(
  door: ConfigDoor,
  request: ChangeRequest & { readonly dryRun: boolean; readonly prepare?: Preparation },
  { plan, touches }: { plan: (moment: DoorMoment) => Plan; touches: readonly ObjectRef[] },
): Promise<ChangeAnswer> {
  if (request.dryRun) return rehearse(door, plan);
  if (request.prepare !== undefined) {
    const { author, summary } = request;
    return prepare(door, { ...request.prepare, author, summary, plan });
  }
  const decide = (moment: DoorMoment) => {
    const decided = plan(moment);
    return { ...decided, summary: request.summary || summaryOf(decided.changes, moment.state) };
  };
  // A precondition is about the log as it stands: such a change waits for nobody.
  const mayTouch = request.ifRevision === undefined ? touches : [];
  const { decision, commit } = await door.change(decide, request.author, mayTouch);
  return {
    revision: commit ? formatRevision(commit.revision) : null,
    time: commit ? new Date(commit.timeMs).toISOString() : null,
    results: decision.results,
  };
}

/** What would have been appended, and which xDS resources it would have become. */
async function rehearse(door: ConfigDoor, plan: (moment: DoorMoment) => Plan): Promise<ChangeAnswer> {
  const { state, tail } = await door.caughtUp();
  const timeMs = Math.max(state.timeMs, tail.timeMs);
  const decided = plan({ state, timeMs });
  const after = evolved(state, decided, timeMs);
  const xds = decided.changes.length === 0 ? [] : await xdsChanges(state, after);
  return { revision: null, time: null, results: withDiffs(decided, state), xds };
}

function evolved(state: ConfigState, { changes }: Plan, timeMs: number): ConfigState {
  const revision = { epoch: Math.max(1, state.revision.epoch), sequence: state.revision.sequence + 1 };
  return evolve(state, { revision, timeMs, term: 0, fact: { type: "changeSet", changes } });
}

function applyContext(
  { gatewayAddresses }: ConfigDoor,
  { namespace, ifRevision, author }: ChangeRequest,
  { state, timeMs }: DoorMoment,
): ApplyContext {
  const source = (): string => author.source;
  const parts = { state, namespace, source, timeMs, newUid: () => randomUUID(), gatewayAddresses };
  return { ...parts, ...(ifRevision && { ifRevision }) };
}

function notApplied(result: ObjectResult): ObjectResult {
  if (result.outcome !== "created" && result.outcome !== "configured") return result;
  const message = "not applied, as another object was refused and all or nothing was asked for";
  const { file, document } = result;
  return {
    ...result,
    outcome: "refused",
    errors: [{ ...(file !== undefined && { file }), ...(document !== undefined && { document }), message }],
  };
}

/** Files in the order in which they were given, documents by number; objects of one List stay together. */
function inInputOrder(results: readonly ObjectResult[], checked: readonly CheckedObject[]): ObjectResult[] {
  const files = new Map<string, number>();
  for (const { input } of checked) if (!files.has(input.file)) files.set(input.file, files.size);
  const rank = ({ file = "" }: ObjectResult): number => files.get(file) ?? files.size;
  return results.toSorted((a, b) => rank(a) - rank(b) || (a.document ?? 0) - (b.document ?? 0));
}
