import {
  type ConfigState,
  completeObject,
  type DeclaredKind,
  declaredIn,
  displayRef,
  extensionsOf,
  getObject,
  type ObjectChange,
  type ObjectRef,
  objectKey,
  validateChange,
} from "@routeledger/config-model";
import {
  compareRevisions,
  formatRevision,
  type JsonObject,
  type Revision,
  sortedEntries,
} from "@routeledger/std";
import type { AddressRange } from "./address-range.ts";
import type { InputProblem, ObjectResult } from "./change-results.ts";
import { type CheckedObject, fieldProblem, jsonProblem } from "./check-object.ts";
import { GatewayAddresses } from "./gateway-addresses.ts";
import { whileUndeclared } from "./undeclared-kind.ts";

export interface ApplyContext {
  readonly state: ConfigState;
  /** For objects of namespaced kinds that name none. */
  readonly namespace: string;
  /** What will own an object of that file. */
  source(file: string): string;
  /** Time of the event, milliseconds since 1970. */
  readonly timeMs: number;
  newUid(): string;
  /** Objects that were written after it are refused. */
  readonly ifRevision?: Revision;
  /** Gateways of ours that name no address get one of these. */
  readonly gatewayAddresses?: AddressRange | undefined;
  /** What the same event deletes. */
  readonly leaving?: readonly ObjectRef[];
}

export interface Plan {
  /** At most one an object. */
  readonly changes: readonly ObjectChange[];
  /** In the order of the input. */
  readonly results: readonly ObjectResult[];
}

/** What an apply changes, and what it could not let in yet. */
export interface ApplyPlan extends Plan {
  /** Of the input: refused or ignored as no Extension of the state or of the input declares their kind. */
  readonly undeclared: readonly CheckedObject[];
}

/**
 * Decides what an apply of checked objects changes in a state. Pure; called again when the state moved on. Of kinds that
 * Extensions declare it decides last, so that an Extension counts wherever it stands in the input.
 */
export function planApply(checked: readonly CheckedObject[], context: ApplyContext): ApplyPlan {
  const addresses = gatewayAddresses(checked, context);
  const known = checked.map((object) =>
    object.undeclared === undefined ? decide(object, context, addresses) : undefined,
  );
  const kinds = known.includes(undefined) ? kindsAfter(context, changesOf(known)) : [];
  const undeclared: CheckedObject[] = [];
  const decisions = checked.map((object, index): Decision => {
    const decision = known[index];
    if (decision !== undefined) return decision;
    const instead = whileUndeclared(object, kinds);
    if (instead === undefined) return decide(object, context, addresses);
    undeclared.push(object);
    return turnedAway(object, instead.outcome, instead.problems);
  });
  return { changes: changesOf(decisions), results: decisions.map(({ result }) => result), undeclared };
}

/** What becomes of one object. */
interface Decision {
  readonly result: ObjectResult;
  readonly change?: ObjectChange;
}

function decide(
  object: CheckedObject,
  context: ApplyContext,
  addresses: GatewayAddresses | undefined,
): Decision {
  const { input, ref, defaulted, outcome, problems } = object;
  if (outcome !== undefined || defaulted === undefined)
    return turnedAway(object, outcome ?? "refused", problems);
  const refused = (errors: readonly InputProblem[]) => turnedAway(object, "refused", errors);
  const existing = getObject(context.state, ref);
  const conflict = context.ifRevision && conflictProblem(existing?.revision, context.ifRevision, ref);
  if (conflict !== undefined) return refused([conflict]);
  const isKnown = object.undeclared === undefined;
  const wrong = existing === undefined || !isKnown ? [] : validateChange(defaulted, existing.object);
  if (wrong.length > 0) return refused(wrong.map((error) => fieldProblem(error, input)));
  const addressed = addresses?.complete(defaulted, ref) ?? { outcome: "completed", object: defaulted };
  if (addressed.outcome === "refused") return refused([addressed.problem]);
  const { timeMs } = context;
  const uid = existing === undefined ? context.newUid() : "";
  const source = context.source(input.file);
  const change = completeObject(addressed.object, { existing, source, uid, timeMs });
  if (change === "unchanged") return { result: { ...placeOf(object), outcome: "unchanged" } };
  const tooLarge = change.type === "applied" ? jsonProblem(change.json) : undefined;
  if (tooLarge !== undefined) return refused([tooLarge]);
  const result = { ...placeOf(object), outcome: existing === undefined ? "created" : "configured" } as const;
  return { result, change };
}

function turnedAway(
  object: CheckedObject,
  outcome: "refused" | "ignored",
  problems: readonly InputProblem[],
): Decision {
  const { file, document } = object.input;
  const errors = problems.map((problem) => ({ file, document, ...problem }));
  return { result: { ...placeOf(object), outcome, errors } };
}

function placeOf({ input: { file, document }, ref }: CheckedObject) {
  return { ref, file, document };
}

function changesOf(decisions: readonly (Decision | undefined)[]): ObjectChange[] {
  return decisions.flatMap((decision) => decision?.change ?? []);
}

/** What the Extensions declare when the event stands. */
function kindsAfter(
  { state, leaving = [] }: ApplyContext,
  changes: readonly ObjectChange[],
): readonly DeclaredKind[] {
  const extensions = new Map(extensionsOf(state).map(({ name, object }) => [name, object]));
  for (const ref of leaving) if (isExtension(ref)) extensions.delete(ref.name);
  for (const change of changes) {
    if (change.type === "applied" && isExtension(change))
      extensions.set(change.name, JSON.parse(change.json) as JsonObject);
  }
  return sortedEntries(extensions).flatMap(([, object]) => declaredIn(object));
}

function isExtension({ group, kind }: ObjectRef): boolean {
  return group === "routeledger.dev" && kind === "Extension";
}

function gatewayAddresses(
  checked: readonly CheckedObject[],
  { gatewayAddresses: range, state, leaving = [] }: ApplyContext,
): GatewayAddresses | undefined {
  if (range === undefined) return undefined;
  const input = checked.flatMap(({ defaulted, outcome }) =>
    defaulted === undefined || outcome !== undefined ? [] : [defaulted],
  );
  const hasGateway = input.some(({ kind }) => kind === "Gateway");
  return hasGateway ? new GatewayAddresses({ range, state, input, leaving }) : undefined;
}

/** Undefined when the object was not written after the revision. */
export function conflictProblem(
  written: Revision | undefined,
  ifRevision: Revision,
  ref: ObjectRef,
): InputProblem | undefined {
  if (written === undefined || compareRevisions(written, ifRevision) <= 0) return undefined;
  return {
    message: `${displayRef(ref)} was written at revision ${formatRevision(written)}, after ${formatRevision(ifRevision)}`,
    hint: "get it again, and apply what you mean on top of it",
  };
}

/** The object before and after, for a dry run. */
export function withDiffs(plan: Plan, state: ConfigState): ObjectResult[] {
  const changed = new Map(plan.changes.map((change) => [objectKey(change), change]));
  return plan.results.map((result) => {
    const change = result.ref && changed.get(objectKey(result.ref));
    if (change === undefined) return result;
    const old = getObject(state, change)?.object ?? null;
    const fresh = change.type === "applied" ? (JSON.parse(change.json) as JsonObject) : null;
    return { ...result, diff: { old, new: fresh } };
  });
}
