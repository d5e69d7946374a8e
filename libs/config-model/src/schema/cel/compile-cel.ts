import { CEL_FUNCTIONS, CEL_METHODS } from "./cel-functions.ts";
import { compileMacro } from "./cel-macros.ts";
import { binaryOperation } from "./cel-operators.ts";
import { type BinaryOperator, type CelExpression, parseCel } from "./cel-syntax.ts";
import {
  CelBudgetError,
  CelError,
  type CelMap,
  type CelValue,
  isCelList,
  isCelMap,
  noOverload,
} from "./cel-value.ts";

/** The variables of one evaluation, by slot, and the steps that are left for it and all that follow. */
export class CelFrame {
  readonly slots: CelValue[] = [];
  #steps: number;

  constructor(steps: number) {
    this.#steps = steps;
  }

  /** Throws CelBudgetError when there are not so many left. */
  spend(steps: number): void {
    this.#steps -= steps;
    if (this.#steps < 0) throw new CelBudgetError();
  }
}

export type CelClosure = (frame: CelFrame) => CelValue;

/** The names that an expression may use; each has a slot of the frame, its place in the list. */
export type CelScope = readonly string[];

/** A rule, ready to be evaluated. */
export interface CelProgram {
  readonly usesOldSelf: boolean;
  /**
   * The rule's value, from slots 0 `self` and 1 `oldSelf` of the frame. Throws CelError where CEL has an error for a
   * value, and CelBudgetError.
   */
  evaluate(frame: CelFrame): CelValue;
}

const RULE_SCOPE: CelScope = ["self", "oldSelf"];

/**
 * Compiles a rule to closures. Names, functions and the numbers of their arguments are checked here, types when it
 * is evaluated. Throws CelSyntaxError for what is no CEL, and CelError for names and functions that are not known.
 */
export function compileCel(source: string): CelProgram {
  const expression = parseCel(source);
  return { usesOldSelf: usesName(expression, "oldSelf"), evaluate: compile(expression, RULE_SCOPE) };
}

/** Compiles an expression in a scope. For macros, which add their variable to it. */
export function compile(expression: CelExpression, scope: CelScope): CelClosure {
  switch (expression.type) {
    case "literal": {
      const { value } = expression;
      return () => value;
    }
    case "identifier":
      return compileName(expression.name, scope);
    case "select":
      return compileSelect(compile(expression.of, scope), expression.field);
    case "index":
      return compileIndex(compile(expression.of, scope), compile(expression.index, scope));
    case "call":
      return compileMacro(expression, scope) ?? compileCall(expression, scope);
    case "list": {
      const items = expression.items.map((item) => compile(item, scope));
      return (frame) => items.map((item) => item(frame));
    }
    case "map":
      return compileMap(expression.entries, scope);
    case "not":
      return compileNot(compile(expression.of, scope));
    case "negate":
      return compileBinary("-", () => 0, compile(expression.of, scope));
    case "and":
    case "or":
      return compileLogic(
        expression.type === "or",
        compile(expression.left, scope),
        compile(expression.right, scope),
      );
    case "binary":
      return compileBinary(
        expression.operator,
        compile(expression.left, scope),
        compile(expression.right, scope),
      );
    case "conditional": {
      const [condition, yes, no] = [expression.condition, expression.yes, expression.no].map((part) =>
        compile(part, scope),
      ) as [CelClosure, CelClosure, CelClosure];
      return (frame) => (bool(condition(frame)) ? yes(frame) : no(frame));
    }
  }
}

/** The value, when it is true or false; throws CelError otherwise. */
export function bool(value: CelValue): boolean {
  if (value !== true && value !== false) throw noOverload("true or false was expected");
  return value;
}

function compileName(name: string, scope: CelScope): CelClosure {
  const slot = scope.lastIndexOf(name);
  if (slot < 0) throw new CelError(`undeclared reference to ${name}`);
  return (frame) => frame.slots[slot]!;
}

function compileSelect(of: CelClosure, field: string): CelClosure {
  return (frame) => member(of(frame), field);
}

function member(value: CelValue, field: string): CelValue {
  if (!isCelMap(value)) throw noOverload(`field ${field} of no object`);
  if (!Object.hasOwn(value, field)) throw new CelError(`no such key: ${field}`);
  return value[field]!;
}

function compileIndex(of: CelClosure, index: CelClosure): CelClosure {
  return (frame) => {
    const value = of(frame);
    const at = index(frame);
    if (isCelMap(value)) {
      if (typeof at !== "string") throw noOverload("a key that is no string");
      return member(value, at);
    }
    if (!isCelList(value) || typeof at !== "number") throw noOverload("[]");
    const item = value[at];
    if (item === undefined) throw new CelError(`index out of bounds: ${at}`);
    return item;
  };
}

function compileMap(
  entries: readonly (readonly [CelExpression, CelExpression])[],
  scope: CelScope,
): CelClosure {
  const members = entries.map(([key, value]) => [compile(key, scope), compile(value, scope)] as const);
  return (frame): CelMap =>
    Object.fromEntries(
      members.map(([key, value]) => {
        const name = key(frame);
        if (typeof name !== "string") throw noOverload("a map's key that is no string");
        return [name, value(frame)];
      }),
    );
}

function compileNot(of: CelClosure): CelClosure {
  return (frame) => !bool(of(frame));
}

function compileBinary(operator: BinaryOperator, left: CelClosure, right: CelClosure): CelClosure {
  const operation = binaryOperation(operator);
  return (frame) => operation(left(frame), right(frame));
}

/** `&&` and `||` are commutative in CEL: a side that decides makes the other's error vanish. */
function compileLogic(deciding: boolean, left: CelClosure, right: CelClosure): CelClosure {
  return (frame) => {
    let failure: CelError | undefined;
    try {
      if (bool(left(frame)) === deciding) return deciding;
    } catch (error) {
      if (!(error instanceof CelError)) throw error;
      failure = error;
    }
    const decided = bool(right(frame)) === deciding;
    if (!decided && failure !== undefined) throw failure;
    return decided ? deciding : !deciding;
  };
}

function compileCall(
  { name, of, args }: CelExpression & { readonly type: "call" },
  scope: CelScope,
): CelClosure {
  const all = of === undefined ? args : [of, ...args];
  const signature = `${name}/${all.length}`;
  const table = of === undefined ? CEL_FUNCTIONS : CEL_METHODS;
  const call = Object.hasOwn(table, signature) ? table[signature] : undefined;
  if (call === undefined) throw new CelError(`undeclared reference to ${name} of ${all.length} arguments`);
  if (name === "matches" && args[0]?.type !== "literal") {
    throw new CelError("matches needs its pattern in the rule: others would be compiled without end");
  }
  const closures = all.map((argument) => compile(argument, scope));
  return (frame) =>
    call(
      closures.map((closure) => closure(frame)),
      frame,
    );
}

function usesName(expression: CelExpression, name: string): boolean {
  if (expression.type === "identifier") return expression.name === name;
  return partsOf(expression).some((part) => usesName(part, name));
}

function partsOf(expression: CelExpression): readonly CelExpression[] {
  switch (expression.type) {
    case "literal":
    case "identifier":
      return [];
    case "select":
    case "not":
    case "negate":
      return [expression.of];
    case "index":
      return [expression.of, expression.index];
    case "call":
      return expression.of === undefined ? expression.args : [expression.of, ...expression.args];
    case "list":
      return expression.items;
    case "map":
      return expression.entries.flat();
    case "and":
    case "or":
    case "binary":
      return [expression.left, expression.right];
    case "conditional":
      return [expression.condition, expression.yes, expression.no];
  }
}
