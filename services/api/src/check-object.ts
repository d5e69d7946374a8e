import {
  displayRef,
  type FieldError,
  mayBeDeclared,
  type ObjectRef,
  objectKey,
  refOf,
  validateDeclared,
  validateObject,
} from "@routeledger/config-model";
import type { JsonObject, Keyring } from "@routeledger/std";
import type { InputProblem } from "./change-results.ts";
import { checkSecret, noSealingKey } from "./check-secret.ts";
import { isWorkload, kindInfo } from "./kind-names.ts";
import type { InputObject } from "./read-documents.ts";

/** The largest object, as canonical JSON in UTF-8, bytes: 1.5 MiB. */
export const objectBytesMax = 1.5 * 1024 * 1024;

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
  /** Of a kind that only an Extension lets in: what becomes of it, instead of all else here, while none does. */
  readonly undeclared?: Undeclared;
}

/** What an object is to those who do not know its kind. */
export interface Undeclared {
  readonly outcome: "refused" | "ignored";
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
export function checkObject(input: InputObject, context: CheckContext): CheckedObject {
  const ref = refOf(input.object);
  const isUnknown = kindInfo(ref) === undefined;
  if (isUnknown && mayBeDeclared(ref) && typeof input.object.kind === "string")
    return checkDeclared(input, context);
  return isUnknown && isWorkload(ref.kind) ? { input, ref, ...ignored(ref) } : checkKnown(input, context);
}

function checkKnown(input: InputObject, { namespace, keyring }: CheckContext): CheckedObject {
  const ref = refOf(input.object);
  const isSecret = ref.group === "" && ref.kind === "Secret";
  if (isSecret && keyring === undefined) return { input, ref, outcome: "refused", problems: [noSealingKey] };
  const isNamespaced = kindInfo(ref)?.scope === "Namespaced";
  const object = isNamespaced ? withNamespace(input.object, namespace) : input.object;
  return checked(input, object, () =>
    isSecret && keyring !== undefined ? checkSecret(object, keyring) : validateObject(object),
  );
}

/** Whether its kind is declared is for whoever knows the state. */
function checkDeclared(input: InputObject, { namespace }: CheckContext): CheckedObject {
  const object = withNamespace(input.object, namespace);
  const ref = refOf(input.object);
  const undeclared: Undeclared = isWorkload(ref.kind)
    ? ignored(ref)
    : { outcome: "refused", problems: checked(input, object, () => validateObject(object)).problems };
  return { ...checked(input, object, () => validateDeclared(object)), undeclared };
}

function ignored({ kind, name }: ObjectRef): Undeclared {
  const message = `${kind} ${name} is ignored: Routeledger runs no workloads`;
  return { outcome: "ignored", problems: [{ message }] };
}

function checked(
  input: InputObject,
  object: JsonObject,
  validate: () => ReturnType<typeof validateObject>,
): CheckedObject {
  const tooLarge = jsonProblem(JSON.stringify(object));
  if (tooLarge !== undefined) return { input, ref: refOf(object), outcome: "refused", problems: [tooLarge] };
  const { object: defaulted, errors } = validate();
  if (errors.length === 0) return { input, ref: refOf(defaulted), defaulted, problems: [] };
  const problems = errors.map((error) => fieldProblem(error, input));
  return { input, ref: refOf(object), outcome: "refused", problems };
}

/** Objects of namespaced kinds that name no namespace get the default one. */
function withNamespace(object: JsonObject, namespace: string): JsonObject {
  const metadata = object.metadata;
  if (typeof metadata !== "object" || metadata === null || Array.isArray(metadata)) return object;
  if (metadata.namespace !== undefined && metadata.namespace !== null && metadata.namespace !== "")
    return object;
  return { ...object, metadata: { ...metadata, namespace } };
}

/** Undefined when the JSON is not too large for an object. */
export function jsonProblem(json: string): InputProblem | undefined {
  const bytes = Buffer.byteLength(json);
  if (bytes <= objectBytesMax) return undefined;
  const message = `the object is ${bytes} bytes as JSON, expected at most ${objectBytesMax} (1.5 MiB)`;
  return { message, hint: "split it into several objects" };
}

export function fieldProblem({ path, expected, message }: FieldError, input: InputObject): InputProblem {
  const line = input.lineOf(path);
  return { field: `${input.prefix}${path}`, expected, message, ...(line !== undefined && { line }) };
}
