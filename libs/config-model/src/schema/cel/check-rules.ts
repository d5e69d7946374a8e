import type { JsonObject, JsonValue } from "@routeledger/std";
import { isObject } from "../apply-defaults.ts";
import type { FieldErrorCode, FieldErrors, FieldPath } from "../field-error.ts";
import { displayValue } from "../field-error.ts";
import type { CelRule, Schema } from "../schema.ts";
import { CelBudgetError, CelError, CelOptional, type CelValue, celEqual } from "./cel-value.ts";
import { CelFrame, type CelProgram, compileCel } from "./compile-cel.ts";
import { type RulePlan, rulePlan } from "./rule-plan.ts";

/**
 * Steps that all rules of one object may take: turns of loops, and characters that functions look at. The rules of
 * the largest HTTPRoute take a fifth of them. An object that needs more is refused.
 */
export const RULE_STEPS_MAX = 5_000_000;

const CODES: Readonly<Record<string, FieldErrorCode>> = {
  FieldValueInvalid: "Invalid",
  FieldValueForbidden: "Forbidden",
  FieldValueRequired: "Required",
  FieldValueDuplicate: "Duplicate",
};

const MESSAGE_LENGTH_MAX = 5 * 1024;

interface RuleContext {
  readonly errors: FieldErrors;
  readonly frame: CelFrame;
  /** Only rules that compare with the former value. */
  readonly transitionsOnly: boolean;
}

/** Where a walk stands. */
interface Node {
  readonly value: JsonValue;
  readonly path: FieldPath;
  /** What stood there before, when that can be told. */
  readonly old: JsonValue | undefined;
  /** The nearest value above that can be told is as it was: what its rules say was accepted before. */
  readonly unchanged: boolean;
}

/**
 * Adds an error for each CEL rule of the schema that the value breaks, or that cannot be evaluated. The value's
 * types fit the schema, its defaults are applied. As in an API server, a value that is as it was is not refused by
 * the rules that do not look at `oldSelf`, and those that do are skipped where there is no former value.
 */
export function checkRules(
  value: JsonValue,
  schema: Schema,
  options: {
    readonly errors: FieldErrors;
    readonly path?: FieldPath;
    /** The whole former value, for an update. */
    readonly existing?: JsonValue | undefined;
    readonly transitionsOnly?: boolean;
  },
): void {
  const plan = rulePlan(schema);
  const { errors, path, existing, transitionsOnly = false } = options;
  if (plan === undefined || (transitionsOnly && !plan.transitions)) return;
  const context = { errors, frame: new CelFrame(RULE_STEPS_MAX), transitionsOnly };
  try {
    checkNode({ value, path, old: existing, unchanged: false }, plan, context);
  } catch (error) {
    if (!(error instanceof CelBudgetError)) throw error;
    const expected = `an object whose rules take at most ${RULE_STEPS_MAX} steps`;
    errors.add(path, { code: "Invalid", expected });
  }
}

function checkNode(node: Node, plan: RulePlan, context: RuleContext): void {
  const { value, path, old } = node;
  if (value === null || (context.transitionsOnly && !plan.transitions)) return;
  const unchanged = node.unchanged || (old !== undefined && celEqual(value, old));
  if (unchanged && !plan.transitions) return;
  for (const rule of plan.rules) checkRule(rule, { value, path, old, unchanged }, context);
  for (const branch of plan.allOf) checkNode(node, branch, context);
  if (Array.isArray(value)) {
    if (plan.items === undefined) return;
    for (const [index, item] of value.entries()) {
      const before = plan.formerItem(item, old);
      checkNode(
        { value: item, path: { parent: path, segment: index }, old: before, unchanged },
        plan.items,
        context,
      );
    }
  } else if (isObject(value)) {
    const { properties, values } = plan;
    const visit = (name: string, member: RulePlan): void =>
      checkNode(
        { value: value[name]!, path: { parent: path, segment: name }, old: memberOf(old, name), unchanged },
        member,
        context,
      );
    if (values !== undefined) for (const name of Object.keys(value)) visit(name, values);
    else for (const [name, member] of properties) if (Object.hasOwn(value, name)) visit(name, member);
  }
}

function memberOf(old: JsonValue | undefined, name: string): JsonValue | undefined {
  return isObject(old) && Object.hasOwn(old as JsonObject, name) ? (old as JsonObject)[name] : undefined;
}

function checkRule(rule: CelRule, node: Node, context: RuleContext): void {
  const program = programOf(rule.rule);
  const { value, old, unchanged } = node;
  if (!program.usesOldSelf && (unchanged || context.transitionsOnly)) return;
  const optional = rule.optionalOldSelf === true;
  if (program.usesOldSelf && old === undefined && !optional) return;
  const { frame } = context;
  frame.slots[0] = value;
  frame.slots[1] = optional ? new CelOptional(old) : (old ?? null);
  let holds: CelValue;
  try {
    holds = program.evaluate(frame);
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    const message = `${error.message} evaluating rule: ${nameOf(rule)}`;
    context.errors.add(node.path, { code: "Invalid", expected: nameOf(rule), message });
    return;
  }
  if (holds !== true) addRefusal(rule, node, context);
}

function addRefusal(rule: CelRule, { path, value }: Node, { errors, frame }: RuleContext): void {
  const message = evaluatedMessage(rule, frame) ?? messageOf(rule);
  const isScalar = typeof value !== "object";
  errors.add(childPath(path, rule.fieldPath), {
    code: CODES[rule.reason ?? ""] ?? "Invalid",
    expected: message,
    ...(isScalar && { actual: displayValue(value) }),
    message,
  });
}

/** What the rule's messageExpression says; undefined without one, and where it says nothing that can be shown. */
function evaluatedMessage({ messageExpression }: CelRule, frame: CelFrame): string | undefined {
  if (messageExpression === undefined) return undefined;
  try {
    const text = programOf(messageExpression).evaluate(frame);
    const message = typeof text === "string" ? text.trim() : "";
    return message === "" || message.includes("\n") || message.length > MESSAGE_LENGTH_MAX
      ? undefined
      : message;
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    return undefined;
  }
}

function messageOf(rule: CelRule): string {
  return rule.message === undefined ? `failed rule: ${nameOf(rule)}` : nameOf(rule);
}

function nameOf({ message, rule }: CelRule): string {
  return (message ?? rule).trim();
}

/** A rule's `fieldPath`, `.listeners` or `['a.b']`, below the rule's own. */
function childPath(path: FieldPath, fieldPath: string | undefined): FieldPath {
  let at = path;
  for (const [, name, quoted] of (fieldPath ?? "").matchAll(/\.([^.[\]]+)|\['((?:[^'\\]|\\.)*)'\]/g)) {
    at = { parent: at, segment: name ?? quoted!.replaceAll(/\\(.)/g, "$1") };
  }
  return at;
}

/** Compiled on first use: the rules are the CRDs', so there are only so many. */
const programs = new Map<string, CelProgram>();

function programOf(source: string): CelProgram {
  let program = programs.get(source);
  if (program === undefined) {
    program = compileCel(source);
    programs.set(source, program);
  }
  return program;
}
