import type { CelExpression } from "./cel-syntax.ts";
import { CelError, type CelValue, isCelList, isCelMap, noOverload } from "./cel-value.ts";
import { bool, type CelClosure, type CelFrame, type CelScope, compile } from "./compile-cel.ts";

type Call = CelExpression & { readonly type: "call" };

/** Sees each item with a variable bound to it. */
interface Loop {
  readonly of: CelClosure;
  readonly slot: number;
  readonly body: CelClosure;
}

/** `has(e.f)`, `e.all(x, p)` and the like; undefined when the call is none of them. */
export function compileMacro(call: Call, scope: CelScope): CelClosure | undefined {
  if (call.of === undefined) {
    return call.name === "has" && call.args.length === 1 ? compileHas(call.args[0]!, scope) : undefined;
  }
  const variable = call.args[0];
  if (call.args.length !== 2 || variable?.type !== "identifier") return undefined;
  const make = Object.hasOwn(LOOPS, call.name) ? LOOPS[call.name] : undefined;
  return make?.({
    of: compile(call.of, scope),
    slot: scope.length,
    body: compile(call.args[1]!, [...scope, variable.name]),
  });
}

/** True when the field is there; what holds it must be. */
function compileHas(argument: CelExpression, scope: CelScope): CelClosure {
  if (argument.type !== "select") throw new CelError("has() needs a field: has(self.name)");
  const of = compile(argument.of, scope);
  const { field } = argument;
  return (frame) => {
    const holder = of(frame);
    if (!isCelMap(holder)) throw noOverload(`has(${field}) of no object`);
    return Object.hasOwn(holder, field);
  };
}

const LOOPS: Readonly<Record<string, (loop: Loop) => CelClosure>> = {
  all: (loop) => quantifier(loop, false),
  exists: (loop) => quantifier(loop, true),
  exists_one: (loop) => (frame) => {
    let found = 0;
    for (const item of itemsOf(loop, frame)) if (bool(bodyOf(loop, item, frame))) found++;
    return found === 1;
  },
  filter: (loop) => (frame) => itemsOf(loop, frame).filter((item) => bool(bodyOf(loop, item, frame))),
  map: (loop) => (frame) => itemsOf(loop, frame).map((item) => bodyOf(loop, item, frame)),
};

/** As `&&` and `||`: one item that decides makes the errors of the others vanish. */
function quantifier(loop: Loop, deciding: boolean): CelClosure {
  return (frame) => {
    let failure: CelError | undefined;
    for (const item of itemsOf(loop, frame)) {
      try {
        if (bool(bodyOf(loop, item, frame)) === deciding) return deciding;
      } catch (error) {
        if (!(error instanceof CelError)) throw error;
        failure ??= error;
      }
    }
    if (failure !== undefined) throw failure;
    return !deciding;
  };
}

/** The items of a list, the keys of a map. */
function itemsOf({ of }: Loop, frame: CelFrame): readonly CelValue[] {
  const range = of(frame);
  if (isCelList(range)) return range;
  if (isCelMap(range)) return Object.keys(range);
  throw noOverload("a list or a map was expected");
}

/** A turn of a loop is a step of the budget. */
function bodyOf({ slot, body }: Loop, item: CelValue, frame: CelFrame): CelValue {
  frame.spend(1);
  frame.slots[slot] = item;
  return body(frame);
}
