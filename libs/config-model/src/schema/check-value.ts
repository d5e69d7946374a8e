import type { JsonObject, JsonValue } from "@routeledger/std";
import { isObject, memberSchema } from "./apply-defaults.ts";
import { checkBranches } from "./check-branches.ts";
import { checkList } from "./check-list.ts";
import { checkNumber, checkString } from "./check-scalar.ts";
import { closestName } from "./closest-name.ts";
import { describeSchema, enumWords, typeWords } from "./describe-schema.ts";
import { displayValue, type FieldErrors, type FieldPath } from "./field-error.ts";
import { STRING_FORMATS } from "./formats.ts";
import type { Schema } from "./schema.ts";

/** Known names are listed in an error when there are no more of them. */
const KNOWN_NAMES_LISTED_MAX = 12;

/** Where a check stands, and what it adds its errors to. */
export interface CheckContext {
  readonly errors: FieldErrors;
  /** False inside anyOf, oneOf, allOf and not: their schemas constrain values, they do not list all fields. */
  readonly structural: boolean;
}

/**
 * Adds an error for each place in which the value, defaults applied, breaks its schema. Below a value of a
 * wrong type nothing more is reported. CEL rules are for `checkRules`.
 */
export function checkValue(value: JsonValue, schema: Schema, path: FieldPath, context: CheckContext): void {
  if (!hasType(value, schema)) {
    context.errors.add(path, {
      code: "TypeInvalid",
      expected: schema.type === undefined ? describeSchema(schema) : typeWords(schema.type),
      actual: schema.sensitive === true ? undefined : displayValue(value),
    });
    return;
  }
  if (schema.enum !== undefined) checkEnum(value, schema.enum, path, context.errors);
  else if (typeof value === "string") checkString(value, schema, path, context.errors);
  else if (typeof value === "number") checkNumber(value, schema, path, context.errors);
  else if (Array.isArray(value)) checkList(value, schema, path, context);
  else if (isObject(value)) checkObject(value, schema, path, context);
  checkBranches(value, schema, path, context.errors);
}

function hasType(value: JsonValue, schema: Schema): boolean {
  if (value === null && schema.nullable === true) return true;
  if (schema["x-kubernetes-int-or-string"] === true) {
    return typeof value === "string" || Number.isInteger(value);
  }
  switch (schema.type) {
    case undefined:
      return true;
    case "object":
      return isObject(value);
    case "array":
      return Array.isArray(value);
    case "integer":
      return Number.isInteger(value);
    default:
      return typeof value === schema.type;
  }
}

function checkEnum(
  value: JsonValue,
  values: readonly JsonValue[],
  path: FieldPath,
  errors: FieldErrors,
): void {
  if (values.includes(value)) return;
  const known = values.filter((candidate) => typeof candidate === "string");
  const meant = typeof value === "string" ? closestName(value, known) : undefined;
  errors.add(path, {
    code: "NotSupported",
    expected: enumWords(values),
    actual: displayValue(value),
    mend: meant === undefined ? undefined : `did you mean "${meant}"?`,
  });
}

function checkObject(object: JsonObject, schema: Schema, path: FieldPath, context: CheckContext): void {
  const { errors } = context;
  for (const name of schema.required ?? []) {
    if (Object.hasOwn(object, name)) continue;
    const wanted = schema.properties?.[name];
    const expected = wanted === undefined ? "a value" : describeSchema(wanted);
    errors.add({ parent: path, segment: name }, { code: "Required", expected });
  }
  const names = Object.keys(object);
  checkSize(names.length, schema, path, errors);
  const nameFormat =
    schema.propertyNames === undefined ? undefined : STRING_FORMATS[schema.propertyNames.format];
  for (const name of names) {
    const at: FieldPath = { parent: path, segment: name };
    if (nameFormat !== undefined && !nameFormat.accepts(name)) {
      errors.add(at, {
        code: "Invalid",
        expected: `as its name ${nameFormat.expected}`,
        actual: displayValue(name),
      });
    }
    const member = memberSchema(schema, name);
    if (member !== undefined) checkValue(object[name] as JsonValue, member, at, context);
    else if (context.structural && !acceptsAnyName(schema)) addUnknownField(name, schema, at, errors);
  }
}

function checkSize(size: number, schema: Schema, path: FieldPath, errors: FieldErrors): void {
  const { minProperties, maxProperties } = schema;
  if (minProperties !== undefined && size < minProperties) {
    errors.add(path, {
      code: "Invalid",
      expected: `at least ${minProperties} members`,
      actual: String(size),
    });
  }
  if (maxProperties !== undefined && size > maxProperties) {
    errors.add(path, { code: "TooMany", expected: `at most ${maxProperties} members`, actual: String(size) });
  }
}

function acceptsAnyName(schema: Schema): boolean {
  return schema["x-kubernetes-preserve-unknown-fields"] === true || schema.additionalProperties === true;
}

function addUnknownField(name: string, schema: Schema, path: FieldPath, errors: FieldErrors): void {
  const known = Object.keys(schema.properties ?? {}).sort();
  const meant = closestName(name, known);
  const listed = known.length <= KNOWN_NAMES_LISTED_MAX ? `known are ${known.join(", ")}` : undefined;
  errors.add(path, {
    code: "UnknownField",
    expected: known.length === 0 ? "no field" : `one of ${known.join(", ")}`,
    actual: displayValue(name),
    mend: meant === undefined ? listed : `did you mean "${meant}"?`,
  });
}
