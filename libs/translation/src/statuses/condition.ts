import { compareStrings, type JsonObject } from "@routeledger/std";

/** A condition without its lastTransitionTime, which `publish` adds. */
export interface Condition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
}

export function condition(
  type: string,
  status: Condition["status"],
  reason: string,
  message = "",
): Condition {
  return { type, status, reason, message: message.slice(0, messageLengthMax).toWellFormed() };
}

/** What the CRDs allow. */
const messageLengthMax = 32768;

/** As the status holds them: sorted by type, each with the generation of its object (G107). */
export function conditionList(conditions: readonly Condition[], observedGeneration: number): JsonObject[] {
  return [...conditions]
    .sort((a, b) => compareStrings(a.type, b.type))
    .map((one) => ({ ...one, observedGeneration }));
}
