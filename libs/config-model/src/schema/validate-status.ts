import type { JsonValue } from "@routeledger/std";
import { type GroupVersionKind, statusSchemaFor } from "./catalog.ts";
import { checkRules } from "./cel/check-rules.ts";
import { checkValue } from "./check-value.ts";
import { type FieldError, FieldErrors } from "./field-error.ts";

/**
 * Validates a status that we wrote against its CRD (how many ancestors, how long a message, which reasons'
 * characters): an API server would refuse one that breaks it. A kind without a status schema has no errors.
 */
export function validateStatus(gvk: GroupVersionKind, status: JsonValue): FieldError[] {
  const errors = new FieldErrors();
  const schema = statusSchemaFor(gvk);
  const path = { parent: undefined, segment: "status" };
  if (schema === undefined) return [];
  checkValue(status, schema, path, { errors, structural: true });
  if (errors.count === 0) checkRules(status, schema, { errors, path });
  return errors.sorted();
}
