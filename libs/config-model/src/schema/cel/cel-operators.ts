import type { BinaryOperator } from "./cel-syntax.ts";
import {
  CelDuration,
  CelError,
  type CelValue,
  celEqual,
  isCelList,
  isCelMap,
  noOverload,
} from "./cel-value.ts";

type Operation = (left: CelValue, right: CelValue) => CelValue;

const OPERATIONS: Readonly<Record<BinaryOperator, Operation>> = {
  "==": celEqual,
  "!=": (left, right) => !celEqual(left, right),
  "<": (left, right) => order(left, right) < 0,
  "<=": (left, right) => order(left, right) <= 0,
  ">": (left, right) => order(left, right) > 0,
  ">=": (left, right) => order(left, right) >= 0,
  in: isIn,
  "+": add,
  "-": (left, right) => integers(left, right, (a, b) => a - b),
  "*": (left, right) => integers(left, right, (a, b) => a * b),
  "/": (left, right) => integers(left, notZero(right), (a, b) => Math.trunc(a / b)),
  "%": (left, right) => integers(left, notZero(right), (a, b) => a % b),
};

/** What an operator does with two values. It throws CelError where the types do not fit, or a result has no room. */
export function binaryOperation(operator: BinaryOperator): Operation {
  return OPERATIONS[operator];
}

function order(left: CelValue, right: CelValue): number {
  if (typeof left === "number" && typeof right === "number") return left - right;
  if (typeof left === "string" && typeof right === "string") return left < right ? -1 : left > right ? 1 : 0;
  if (left instanceof CelDuration && right instanceof CelDuration) {
    return left.nanoseconds < right.nanoseconds ? -1 : left.nanoseconds > right.nanoseconds ? 1 : 0;
  }
  throw noOverload("values that have no order");
}

function isIn(item: CelValue, holder: CelValue): boolean {
  if (isCelList(holder)) return holder.some((other) => celEqual(item, other));
  if (isCelMap(holder) && typeof item === "string") return Object.hasOwn(holder, item);
  throw noOverload("in");
}

function add(left: CelValue, right: CelValue): CelValue {
  if (typeof left === "string" && typeof right === "string") return left + right;
  if (isCelList(left) && isCelList(right)) return [...left, ...right];
  return integers(left, right, (a, b) => a + b);
}

function notZero(value: CelValue): CelValue {
  if (value === 0) throw new CelError("division by zero");
  return value;
}

/** Integers beyond 2^53 are an error, as those beyond 2^63 are in CEL: a field holds none of them. */
function integers(left: CelValue, right: CelValue, operation: (a: number, b: number) => number): number {
  if (typeof left !== "number" || typeof right !== "number") throw noOverload("arithmetic");
  const result = operation(left, right);
  if (!Number.isSafeInteger(result)) throw new CelError("integer overflow");
  return result;
}
