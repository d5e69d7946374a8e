/**
 * For each CEL rule of the CRDs the smallest object that it refuses, and one beside it that it lets pass. Read by
 * every-rule.test.ts alone.
 */
import type { JsonObject, JsonValue } from "@routeledger/std";
import { apiRuleCases } from "./rule-cases-api.ts";
import { routeRuleCases } from "./rule-cases-routes.ts";

export interface RuleCase {
  readonly kind: string;
  /** The path of the error: where the rule stands. */
  readonly at: string;
  /** The beginning of its message. */
  readonly message: string;
  /** A `spec`; with `at` below `status`, a `status`. */
  readonly refused: JsonObject;
  readonly accepted: JsonObject;
  /** What refuses the same object, as `Code path`, where the rule cannot be broken alone. */
  readonly beside?: readonly string[];
  /** The `spec` before, for a rule about a change. */
  readonly existing?: JsonObject;
}

export const ruleCases: readonly RuleCase[] = [...apiRuleCases(), ...routeRuleCases()];

/** Rules that no object breaks, since something else refuses it first: what they are evaluated on instead. */
export const shadowedRules: readonly {
  readonly rule: string;
  readonly why: string;
  readonly refused: JsonValue;
  readonly accepted: JsonValue;
}[] = [
  {
    rule: "self.type in ['Exact','PathPrefix'] || self.type == 'RegularExpression'",
    why: "the enum has no other value, and rules are not evaluated beside a value that is not in an enum",
    refused: { type: "Prefix", value: "/a" },
    accepted: { type: "RegularExpression", value: "/a" },
  },
];
