/** A time span of CEL, in nanoseconds; a class, so that it is told from an object of JSON. */
export class CelDuration {
  readonly nanoseconds: bigint;

  constructor(nanoseconds: bigint) {
    this.nanoseconds = nanoseconds;
  }
}

/** CEL's optional: what `oldSelf` is for a rule with `optionalOldSelf`. */
export class CelOptional {
  readonly value: CelValue | undefined;

  constructor(value: CelValue | undefined) {
    this.value = value;
  }
}

/**
 * A value of a rule: JSON, a duration or an optional. Numbers are CEL's int, safe integers; there are no doubles.
 */
export type CelValue =
  | null
  | boolean
  | number
  | string
  | readonly CelValue[]
  | CelMap
  | CelDuration
  | CelOptional;

/** An object or a map of the schema; CEL's two names for it make no difference here. */
export interface CelMap {
  readonly [key: string]: CelValue;
}

/** A rule could not be evaluated: a field is missing, types do not fit. An API server refuses the object then. */
export class CelError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "CelError";
  }
}

/** An object's rules needed more steps than there are. */
export class CelBudgetError extends Error {
  constructor() {
    super("the budget of steps is over");
    this.name = "CelBudgetError";
  }
}

export function noOverload(what: string): CelError {
  return new CelError(`no such overload: ${what}`);
}

export function isCelList(value: CelValue): value is readonly CelValue[] {
  return Array.isArray(value);
}

export function isCelMap(value: CelValue): value is CelMap {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof CelDuration) &&
    !(value instanceof CelOptional)
  );
}

/** CEL's `==`: deep, and false for values of different types. Lists compare in order, whatever their list type. */
export function celEqual(left: CelValue, right: CelValue): boolean {
  if (left === right) return true;
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return false;
  if (left instanceof CelDuration || right instanceof CelDuration) {
    return (
      left instanceof CelDuration && right instanceof CelDuration && left.nanoseconds === right.nanoseconds
    );
  }
  if (left instanceof CelOptional || right instanceof CelOptional) {
    if (!(left instanceof CelOptional && right instanceof CelOptional)) return false;
    if (left.value === undefined || right.value === undefined) return left.value === right.value;
    return celEqual(left.value, right.value);
  }
  if (isCelList(left)) {
    return (
      isCelList(right) &&
      left.length === right.length &&
      left.every((item, index) => celEqual(item, right[index]!))
    );
  }
  if (isCelList(right)) return false;
  return mapsEqual(left as CelMap, right as CelMap);
}

function mapsEqual(left: CelMap, right: CelMap): boolean {
  const keys = Object.keys(left);
  return (
    keys.length === Object.keys(right).length &&
    keys.every((key) => Object.hasOwn(right, key) && celEqual(left[key]!, right[key]!))
  );
}
