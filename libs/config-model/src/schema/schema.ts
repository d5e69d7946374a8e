import type { JsonValue } from "@routeledger/std";

/**
 * A Kubernetes structural schema: OpenAPI v3 as CustomResourceDefinitions may use it. Generated from CRDs, or
 * written by hand for the kinds that have none. An API server's meaning holds: what is not listed is an
 * unknown field, null is absent unless `nullable`, patterns are RE2 and not anchored, lengths count code points.
 */
export interface Schema {
  readonly type?: "object" | "array" | "string" | "integer" | "number" | "boolean";
  readonly nullable?: boolean;
  readonly default?: JsonValue;
  readonly enum?: readonly JsonValue[];
  readonly format?: string;

  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly minProperties?: number;
  readonly maxProperties?: number;

  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;

  /** In code points. */
  readonly minLength?: number;
  /** In code points. */
  readonly maxLength?: number;
  readonly pattern?: string;

  readonly minimum?: number;
  readonly maximum?: number;

  readonly allOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly not?: Schema;

  readonly "x-kubernetes-list-type"?: "atomic" | "set" | "map";
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-map-type"?: "atomic" | "granular";
  readonly "x-kubernetes-int-or-string"?: boolean;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  readonly "x-kubernetes-validations"?: readonly CelRule[];

  /** Ours, in schemas written by hand: what each name of a map must be. */
  readonly propertyNames?: { readonly format: string };
  /** Ours, in schemas written by hand: "" is absent, as in a Go struct that an API server decodes into. */
  readonly emptyIsAbsent?: boolean;
  /** Ours, in schemas written by hand: the value is secret, so an error does not show it (P11). */
  readonly sensitive?: boolean;
}

/** A rule in the Common Expression Language, as the CRD has it; `checkRules` evaluates it. */
export interface CelRule {
  readonly rule: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly reason?: string;
  readonly fieldPath?: string;
  readonly optionalOldSelf?: boolean;
}
