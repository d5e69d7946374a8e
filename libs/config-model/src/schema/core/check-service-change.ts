import type { JsonObject, JsonValue } from "@routeledger/std";
import { isObject } from "../apply-defaults.ts";
import { displayValue, type FieldErrors, type FieldPath } from "../field-error.ts";

const SPEC: FieldPath = { parent: undefined, segment: "spec" };

interface Sides {
  readonly before: JsonObject;
  readonly after: JsonObject;
  readonly errors: FieldErrors;
}

/**
 * ValidateServiceUpdate of k8s.io/kubernetes pkg/apis/core/validation, for what a Service says itself: what a cluster
 * would have allocated is absent here, and what an update leaves out a server takes from the former Service.
 */
export function checkServiceChange(object: JsonObject, existing: JsonObject, errors: FieldErrors): void {
  const sides = { before: specOf(existing), after: specOf(object), errors };
  const { before, after } = sides;
  if (before.type === "LoadBalancer" && after.type === "LoadBalancer") {
    checkSame(
      ["loadBalancerClass"],
      before.loadBalancerClass ?? null,
      after.loadBalancerClass ?? null,
      errors,
    );
    const isLocal = before.externalTrafficPolicy === "Local" && after.externalTrafficPolicy === "Local";
    if (isLocal) checkKept("healthCheckNodePort", 0, sides);
  }
  if (before.type === "ExternalName" || after.type === "ExternalName") return;
  checkKept("clusterIP", "", sides);
  // Without an address of its own a Service may change its families.
  if (before.clusterIP === "None" || after.clusterIP === "None") return;
  checkSame(["ipFamilies", 0], firstOf(before.ipFamilies), firstOf(after.ipFamilies), errors);
}

/** A field that may be left out: `empty` says no more than absence. */
function checkKept(name: string, empty: JsonValue, { before, after, errors }: Sides): void {
  if (before[name] === empty || after[name] === empty) return;
  checkSame([name], before[name], after[name], errors);
}

function checkSame(
  segments: readonly (string | number)[],
  before: JsonValue | undefined,
  after: JsonValue | undefined,
  errors: FieldErrors,
): void {
  if (before === undefined || after === undefined || before === after) return;
  const path = segments.reduce<FieldPath>((parent, segment) => ({ parent, segment }), SPEC);
  const expected =
    before === null ? "no value, as before: it cannot change" : `${displayValue(before)} as before`;
  errors.add(path, { code: "Invalid", expected, actual: displayValue(after) });
}

function firstOf(list: JsonValue | undefined): JsonValue | undefined {
  return Array.isArray(list) ? list[0] : undefined;
}

function specOf({ spec }: JsonObject): JsonObject {
  return isObject(spec) ? spec : {};
}
