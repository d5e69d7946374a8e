import {
  type ConfigState,
  completeObject,
  displayRef,
  type FieldError,
  getObject,
  type ObjectChange,
  type ObjectRef,
  objectKey,
  refOf,
  validateChange,
  validateObject,
} from "@routeledger/config-model";
import {
  compareRevisions,
  formatRevision,
  type JsonObject,
  type Keyring,
  type Revision,
} from "@routeledger/std";
import type { AddressRange } from "./address-range.ts";
import type { InputProblem, ObjectResult } from "./change-results.ts";
import { checkSecret, noSealingKey } from "./check-secret.ts";
import { GatewayAddresses } from "./gateway-addresses.ts";
import { isWorkload, kindInfo } from "./kind-names.ts";
import type { InputObject } from "./read-documents.ts";

/** The largest object, as canonical JSON in UTF-8, bytes: 1.5 MiB. */
export const objectBytesMax = 1.5 * 1024 * 1024;

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

/**
 * An object of the input that was checked on its own: what does not depend on the state. `defaulted` is absent when
 * it is refused or ignored.
 */
export interface CheckedObject {
  readonly input: InputObject;
  readonly ref: ObjectRef;
  readonly defaulted?: JsonObject;
  readonly outcome?: "refused" | "ignored";
  readonly problems: readonly InputProblem[];
}

/** Objects that are validated before others get their turn. */
const stretchObjects = 100;

export interface CheckContext {
  /** For objects of namespaced kinds that name none. */
  readonly namespace: string;
  /** Seals Secrets; without it they are refused. */
  readonly keyring: Keyring | undefined;
}

/** Validates each object as the API server with the CRDs does, and finds those that stand in the input twice. */
export async function checkObjects(
  objects: readonly InputObject[],
  context: CheckContext,
): Promise<CheckedObject[]> {
  const checked: CheckedObject[] = [];
  for (const object of objects) {
    checked.push(checkObject(object, context));
    if (checked.length % stretchObjects === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return refuseRepeated(checked);
}

/** An object that stands in the input more than once is refused at each place: nobody knows which one is meant. */
export function refuseRepeated(checked: readonly CheckedObject[]): CheckedObject[] {
  const places = Map.groupBy(
    checked.filter(({ outcome, ref }) => outcome !== "ignored" && ref.name !== ""),
    ({ ref }) => objectKey(ref),
  );
  return checked.map((object) => {
    const same = places.get(objectKey(object.ref)) ?? [];
    if (object.outcome === "ignored" || same.length < 2) return object;
    const others = same
      .filter((other) => other !== object)
      .map(({ input: { file, document } }) => `${file} document ${document}`);
    const where = others.slice(0, 3).join(", ");
    const problem = {
      field: `${object.input.prefix}metadata.name`,
      expected: "each object once",
      message: `${displayRef(object.ref)} stands in the input more than once: also in ${where}`,
    };
    const { defaulted: _defaulted, ...rest } = object;
    return { ...rest, outcome: "refused", problems: [...object.problems, problem] };
  });
}

/** Validates one object on its own. A Secret leaves in sealed form (P11). */
export function checkObject(input: InputObject, { namespace, keyring }: CheckContext): CheckedObject {
  const { object: written, prefix } = input;
  const ref = refOf(written);
  if (isWorkload(ref.kind) && kindInfo(ref) === undefined) {
    const message = `${ref.kind} ${ref.name} is ignored: Routeledger runs no workloads`;
    return { input, ref, outcome: "ignored", problems: [{ message }] };
  }
  const isSecret = ref.group === "" && ref.kind === "Secret";
  if (isSecret && keyring === undefined) return { input, ref, outcome: "refused", problems: [noSealingKey] };
  const object = withNamespace(written, namespace);
  const tooLarge = sizeProblem(object);
  if (tooLarge !== undefined) return { input, ref: refOf(object), outcome: "refused", problems: [tooLarge] };
  const { object: defaulted, errors } =
    isSecret && keyring !== undefined ? checkSecret(object, keyring) : validateObject(object);
  if (errors.length === 0) return { input, ref: refOf(defaulted), defaulted, problems: [] };
  const problems = errors.map((error): InputProblem => fieldProblem(error, prefix, input));
  return { input, ref: refOf(object), outcome: "refused", problems };
}

/** Objects of namespaced kinds that name no namespace get the default one. */
function withNamespace(object: JsonObject, namespace: string): JsonObject {
  const metadata = object.metadata;
  const isPlain = typeof metadata === "object" && metadata !== null && !Array.isArray(metadata);
  if (!isPlain || kindInfo(refOf(object))?.scope !== "Namespaced") return object;
  if (metadata.namespace !== undefined && metadata.namespace !== null && metadata.namespace !== "")
    return object;
  return { ...object, metadata: { ...metadata, namespace } };
}

function sizeProblem(object: JsonObject): InputProblem | undefined {
  return jsonProblem(JSON.stringify(object));
}

function jsonProblem(json: string): InputProblem | undefined {
  const bytes = Buffer.byteLength(json);
  if (bytes <= objectBytesMax) return undefined;
  const message = `the object is ${bytes} bytes as JSON, expected at most ${objectBytesMax} (1.5 MiB)`;
  return { message, hint: "split it into several objects" };
}

function fieldProblem(
  { path, expected, message }: FieldError,
  prefix: string,
  input: InputObject,
): InputProblem {
  const line = input.lineOf(path);
  return { field: `${prefix}${path}`, expected, message, ...(line !== undefined && { line }) };
}

/** Decides what an apply of checked objects changes in a state. Pure; called again when the state moved on. */
export function planApply(checked: readonly CheckedObject[], context: ApplyContext): Plan {
  const changes: ObjectChange[] = [];
  const addresses = gatewayAddresses(checked, context);
  const results = checked.map((object): ObjectResult => {
    const { input, ref, defaulted, outcome, problems } = object;
    const place = { ref, file: input.file, document: input.document };
    if (outcome !== undefined || defaulted === undefined) {
      return {
        ...place,
        outcome: outcome ?? "refused",
        errors: problems.map((problem) => ({ ...at(input), ...problem })),
      };
    }
    const existing = getObject(context.state, ref);
    const conflict = context.ifRevision && conflictProblem(existing?.revision, context.ifRevision, ref);
    if (conflict !== undefined)
      return { ...place, outcome: "refused", errors: [{ ...at(input), ...conflict }] };
    const wrong = existing === undefined ? [] : validateChange(defaulted, existing.object);
    if (wrong.length > 0) return { ...place, outcome: "refused", errors: changeProblems(wrong, input) };
    const { timeMs } = context;
    const addressed = addresses?.complete(defaulted, ref) ?? { outcome: "completed", object: defaulted };
    if (addressed.outcome === "refused")
      return { ...place, outcome: "refused", errors: [{ ...at(input), ...addressed.problem }] };
    const uid = existing === undefined ? context.newUid() : "";
    const change = completeObject(addressed.object, {
      existing,
      source: context.source(input.file),
      uid,
      timeMs,
    });
    if (change === "unchanged") return { ...place, outcome: "unchanged" };
    const tooLarge = change.type === "applied" ? jsonProblem(change.json) : undefined;
    if (tooLarge !== undefined)
      return { ...place, outcome: "refused", errors: [{ ...at(input), ...tooLarge }] };
    changes.push(change);
    return { ...place, outcome: existing === undefined ? "created" : "configured" };
  });
  return { changes, results };
}

function changeProblems(errors: readonly FieldError[], input: InputObject): InputProblem[] {
  return errors.map((error) => ({ ...at(input), ...fieldProblem(error, input.prefix, input) }));
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

function at({ file, document }: InputObject): { file: string; document: number } {
  return { file, document };
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
