import type { JsonObject, JsonValue } from "@routeledger/std";
import { parseApiVersion } from "../object-ref.ts";
import { applyDefaults, isObject } from "./apply-defaults.ts";
import { type CatalogEntry, catalogEntry, declaredEntry, knownKinds } from "./catalog.ts";
import { checkRules } from "./cel/check-rules.ts";
import { checkValue } from "./check-value.ts";
import { closestName } from "./closest-name.ts";
import { enumWords } from "./describe-schema.ts";
import { displayValue, type FieldError, type FieldErrorCode, FieldErrors } from "./field-error.ts";
import { checkMetadata } from "./object-metadata.ts";
import { checkSoundJson } from "./sound-json.ts";

/** With one of these, an API server does not evaluate an object's CEL rules: they may rely on what is missing. */
const BLOCKING: readonly FieldErrorCode[] = ["NotSupported", "Required", "TooLong", "TooMany", "TypeInvalid"];

/**
 * Validates an object as an API server with the CRDs does at its door (P7): defaults first, then unknown
 * fields, types, bounds, list keys, then the CEL rules, and for kinds without a CRD what the server has in code.
 * `status` is not looked at. Pure, and idempotent: the returned object validates to itself.
 *
 * @param context `existing` is the object that this one replaces: rules about a change are checked, and CEL rules
 * do not refuse what is as it was
 * @returns a new object with its defaults, also when there are errors; the errors sorted by path, at most 64
 */
export function validateObject(
  object: JsonObject,
  context: { readonly existing?: JsonObject | undefined } = {},
): { object: JsonObject; errors: FieldError[] } {
  const errors = new FieldErrors();
  checkSoundJson(object, undefined, errors);
  if (errors.count > 0) return { object, errors: errors.sorted() };
  const entry = entryOf(object, errors);
  if (entry === undefined) return { object, errors: errors.sorted() };
  const defaulted = applyDefaults(object, entry.schema) as JsonObject;
  checkValue(defaulted, entry.schema, undefined, { errors, structural: true });
  if (isObject(defaulted.metadata)) checkMetadata(defaulted.metadata, entry.naming, errors);
  // What is wrong in its shape is said first: rules and code rely on types.
  if (!BLOCKING.some((code) => errors.has(code))) {
    checkRules(defaulted, entry.schema, { errors, existing: context.existing });
  }
  if (entry.coded === undefined || errors.has("TypeInvalid"))
    return { object: defaulted, errors: errors.sorted() };
  const completed = entry.coded.complete?.(defaulted) ?? defaulted;
  entry.coded.check?.(completed, errors);
  if (context.existing !== undefined) entry.coded.checkChange?.(completed, context.existing, errors);
  return { object: completed, errors: errors.sorted() };
}

/**
 * Validates an object of a kind that an Extension declares: sound JSON, and metadata as of every object; all else is
 * free. That its kind is declared is for the caller to know. Pure, idempotent; returns as `validateObject`.
 */
export function validateDeclared(object: JsonObject): { object: JsonObject; errors: FieldError[] } {
  const errors = new FieldErrors();
  checkSoundJson(object, undefined, errors);
  if (errors.count > 0) return { object, errors: errors.sorted() };
  const { schema, naming } = declaredEntry;
  const defaulted = applyDefaults(object, schema) as JsonObject;
  checkValue(defaulted, schema, undefined, { errors, structural: true });
  if (isObject(defaulted.metadata)) checkMetadata(defaulted.metadata, naming, errors);
  return { object: defaulted, errors: errors.sorted() };
}

/**
 * What is wrong about a change alone, for an object that `validateObject` accepted: where `existing` becomes known
 * only later. Errors as those of `validateObject`.
 */
export function validateChange(object: JsonObject, existing: JsonObject): FieldError[] {
  const errors = new FieldErrors();
  const entry = entryOf(object, errors);
  if (entry === undefined) return errors.sorted();
  checkRules(object, entry.schema, { errors, existing, transitionsOnly: true });
  entry.coded?.checkChange?.(object, existing, errors);
  return errors.sorted();
}

/** The kind's entry; adds the errors of apiVersion and kind when there is none. */
function entryOf(object: JsonObject, errors: FieldErrors): CatalogEntry | undefined {
  const apiVersion = textOf(object.apiVersion, "apiVersion", "gateway.networking.k8s.io/v1", errors);
  const kind = textOf(object.kind, "kind", "HTTPRoute", errors);
  if (apiVersion === undefined || kind === undefined) return undefined;
  const { group, version } = parseApiVersion(apiVersion);
  const entry = catalogEntry({ group, version, kind });
  if (entry === undefined) addUnknownKind({ group, apiVersion, kind }, errors);
  return entry;
}

function textOf(
  value: JsonValue | undefined,
  name: string,
  example: string,
  errors: FieldErrors,
): string | undefined {
  if (typeof value === "string" && value !== "") return value;
  const missing = value === undefined || value === null || value === "";
  errors.add(
    { parent: undefined, segment: name },
    {
      code: missing ? "Required" : "TypeInvalid",
      expected: `a string, like ${example}`,
      actual: missing ? undefined : displayValue(value),
    },
  );
  return undefined;
}

function addUnknownKind(
  { group, apiVersion, kind }: { group: string; apiVersion: string; kind: string },
  errors: FieldErrors,
): void {
  const sameKind = knownKinds().filter((info) => info.kind === kind);
  const served = sameKind.find((info) => info.group === group) ?? sameKind[0];
  if (served !== undefined) {
    const apiVersions = served.versions.map((version) =>
      served.group === "" ? version : `${served.group}/${version}`,
    );
    errors.add(
      { parent: undefined, segment: "apiVersion" },
      {
        code: "NotSupported",
        expected: `${enumWords(apiVersions)} for kind ${kind}`,
        actual: displayValue(apiVersion),
      },
    );
    return;
  }
  const names = knownKinds().map((info) => info.kind);
  const meant = closestName(kind, names);
  errors.add(
    { parent: undefined, segment: "kind" },
    {
      code: "NotSupported",
      expected: enumWords(names),
      actual: displayValue(kind),
      mend: meant === undefined ? undefined : `did you mean "${meant}"?`,
    },
  );
}
