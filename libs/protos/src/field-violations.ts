import { assert, compareStrings } from "@routeledger/std";
import { type AnyInput, type MessageName, typeNameOf } from "./codec.ts";
import { decodeMessage } from "./decode.ts";
import type { MessageTypes } from "./generated/type-map.d.ts";
import { Malformed } from "./malformed.ts";
import { type Rule, valueRules } from "./rule-checks.ts";
import { scalars } from "./scalars.ts";
import { enumOf, type FieldSchema, type MessageSchema, messageOf } from "./schema.ts";

/** A field that Envoy would refuse. */
export interface Violation {
  /** As in `fromJson`'s errors: `virtualHosts[0].routes[2].match`, the message in an Any as `typedConfig(<name>)`. */
  readonly path: string;
  /** As `validate.rules` has it, `string.min_len`; or `oneof.required`, `any.decode`, `disallowed_by_default`. */
  readonly rule: string;
  readonly message: string;
}

/** What is found after so many is left out. */
export const violationsMax = 100;

type Message = Readonly<Record<string, unknown>>;
type Report = (path: string, rule: string, message: string) => void;
type FieldCheck = (value: unknown, path: string, report: Report) => void;

interface MessageChecks {
  readonly schema: MessageSchema;
  readonly fields: readonly { readonly name: string; readonly check: FieldCheck }[];
}

const checksByMessage = new Map<string, MessageChecks>();

/**
 * What of a message, and of the messages in it, violates the rules that Envoy's API declares
 * (protoc-gen-validate), in the order of fields and of map keys; empty when Envoy's field validation accepts it. Looks into each
 * `Any` whose type the descriptor has, and passes over the others. At most `violationsMax` are given.
 */
export function fieldViolations<Name extends MessageName>(
  typeName: Name,
  message: MessageTypes[Name],
): Violation[] {
  const violations: Violation[] = [];
  checkMessage(typeName, message as Message, "", (path, rule, text) => {
    if (violations.length < violationsMax) violations.push({ path, rule, message: text });
  });
  return violations;
}

function checkMessage(name: string, message: Message, path: string, report: Report): void {
  if (name === "google.protobuf.Any") {
    checkAny(message as AnyInput, path, report);
    return;
  }
  const { schema, fields } = checksOf(name);
  if (schema.unchecked) return;
  for (const field of fields)
    field.check(message[field.name], path === "" ? field.name : `${path}.${field.name}`, report);
  for (const oneof of schema.oneofs) {
    if (oneof.required && !oneof.fields.some((field) => isSet(message[field.name]))) {
      const names = oneof.fields.map((field) => field.name).join(", ");
      report(
        path === "" ? oneof.name : `${path}.${oneof.name}`,
        "oneof.required",
        `one of ${names} must be set`,
      );
    }
  }
}

function checkAny(any: AnyInput, path: string, report: Report): void {
  const typeName = typeNameOf(any.typeUrl ?? "");
  if (typeName === undefined) return;
  const inner = `${path}(${typeName})`;
  try {
    const message = decodeMessage(typeName, any.value ?? new Uint8Array(0));
    checkMessage(typeName, message as Message, inner, report);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    report(inner, "any.decode", error.message);
  }
}

function checksOf(name: string): MessageChecks {
  const known = checksByMessage.get(name);
  if (known) return known;
  const schema = messageOf(name);
  const fields = schema.fields.flatMap((field) => {
    const check = fieldCheck(field);
    return check ? [{ name: field.name, check }] : [];
  });
  const checks = { schema, fields };
  checksByMessage.set(name, checks);
  return checks;
}

/** Undefined when nothing about the field can be wrong. */
function fieldCheck(field: FieldSchema): FieldCheck | undefined {
  const rules = (field.rules ?? {}) as Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  const check = cardinalityCheck(field, rules);
  if (!field.disallowed) return check;
  return (value, path, report) => {
    if (isSet(value))
      report(path, "disallowed_by_default", "Envoy refuses this field unless its runtime allows it");
    check?.(value, path, report);
  };
}

type FieldRules = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

function cardinalityCheck(field: FieldSchema, rules: FieldRules): FieldCheck | undefined {
  if (field.cardinality === "repeated") return listCheck(field, rules.repeated ?? {});
  if (field.cardinality === "map") return mapCheck(field, rules.map ?? {});
  return singularCheck(field, rules);
}

function singularCheck(field: FieldSchema, rules: FieldRules): FieldCheck | undefined {
  const check = valueCheck(field, rules);
  // Of a member of a oneof `required` says nothing: it is looked at only when that member is the one that is set.
  const requiring = field.oneof
    ? undefined
    : Object.keys(rules).find((kind) => rules[kind]?.required === true);
  if (requiring !== undefined) {
    return (value, path, report) => {
      if (isSet(value)) check?.(value, path, report);
      else report(path, `${requiring}.required`, "must be set");
    };
  }
  if (check === undefined) return undefined;
  // Without presence unset is the default, and the rules hold for that.
  const unset = field.presence ? undefined : defaultOf(field);
  return (value, path, report) => {
    const checked = isSet(value) ? value : unset;
    if (checked !== undefined) check(checked, path, report);
  };
}

function defaultOf(field: FieldSchema): unknown {
  if (field.value.kind !== "scalar") return 0;
  return field.value.scalar === "bytes" ? new Uint8Array(0) : scalars[field.value.scalar].default;
}

/** Of one value that is there: its own rules, then those of what is in it. */
function valueCheck(field: FieldSchema, rules: FieldRules): FieldCheck | undefined {
  const own = Object.entries(rules).flatMap(([kind, ofKind]): readonly Rule[] =>
    valueRules(kind, ofKind, field),
  );
  const read = valueReader(field);
  const name = field.value.kind === "message" ? field.value.name : "";
  const descends = name === "google.protobuf.Any" || (name !== "" && !name.startsWith("google.protobuf."));
  const enters = descends && rules.message?.skip !== true;
  if (own.length === 0 && !enters) return undefined;
  return (value, path, report) => {
    for (const rule of own) {
      const wrong = rule.check(read(value));
      if (wrong !== undefined) report(path, rule.name, wrong);
    }
    if (enters) checkMessage(name, value as Message, path, report);
  };
}

/** Rules of scalars on a wrapper hold for the value in it; enums may be given by name. */
function valueReader(field: FieldSchema): (value: unknown) => unknown {
  const type = field.value;
  if (type.kind === "enum") {
    const { valuesByName } = enumOf(type.name);
    return (value) => (typeof value === "string" ? valuesByName.get(value) : value);
  }
  if (type.kind !== "message" || !/^google\.protobuf\.\w+Value$/.test(type.name)) return (value) => value;
  const [wrapped] = messageOf(type.name).fields;
  assert(wrapped !== undefined, `expected a wrapper, found ${type.name}`);
  const unset = defaultOf(wrapped);
  return (value) => (value as Message).value ?? unset;
}

function listCheck(field: FieldSchema, rules: Readonly<Record<string, unknown>>): FieldCheck | undefined {
  const { min_items, max_items, unique, items, ignore_empty, ...others } = rules;
  assert(
    Object.keys(others).length === 0,
    `expected known rules of lists, found ${Object.keys(others)} of ${field.name}`,
  );
  assert(
    unique !== true || field.value.kind !== "message",
    `expected scalars in the unique list ${field.name}`,
  );
  const min = (min_items as number | undefined) ?? 0;
  const max = (max_items as number | undefined) ?? Number.POSITIVE_INFINITY;
  const element = valueCheck(field, (items ?? {}) as FieldRules);
  if (element === undefined && field.rules === undefined) return undefined;
  return (value, path, report) => {
    const list = (value ?? []) as readonly unknown[];
    if (list.length === 0 && ignore_empty === true) return;
    if (list.length < min)
      report(path, "repeated.min_items", `must have at least ${min} items, has ${list.length}`);
    if (list.length > max)
      report(path, "repeated.max_items", `must have at most ${max} items, has ${list.length}`);
    if (unique === true && new Set(list).size < list.length) {
      report(path, "repeated.unique", "must not hold an item twice");
    }
    for (const [index, item] of list.entries()) element?.(item, `${path}[${index}]`, report);
  };
}

function mapCheck(field: FieldSchema, rules: Readonly<Record<string, unknown>>): FieldCheck | undefined {
  const { min_pairs, max_pairs, keys, values, ignore_empty, no_sparse, ...others } = rules;
  assert(
    Object.keys(others).length === 0,
    `expected known rules of maps, found ${Object.keys(others)} of ${field.name}`,
  );
  const min = (min_pairs as number | undefined) ?? 0;
  const max = (max_pairs as number | undefined) ?? Number.POSITIVE_INFINITY;
  const keyRules = Object.entries((keys ?? {}) as FieldRules).flatMap(([kind, ofKind]) =>
    valueRules(kind, ofKind, field),
  );
  const entry = valueCheck(field, (values ?? {}) as FieldRules);
  if (entry === undefined && field.rules === undefined) return undefined;
  return (value, path, report) => {
    const pairs = Object.entries((value ?? {}) as Message).sort(([a], [b]) => compareStrings(a, b));
    if (pairs.length === 0 && ignore_empty === true) return;
    if (pairs.length < min)
      report(path, "map.min_pairs", `must have at least ${min} entries, has ${pairs.length}`);
    if (pairs.length > max)
      report(path, "map.max_pairs", `must have at most ${max} entries, has ${pairs.length}`);
    for (const [key, item] of pairs) {
      const place = `${path}[${JSON.stringify(key)}]`;
      for (const rule of keyRules) {
        const wrong = rule.check(key);
        if (wrong !== undefined) report(place, `map.keys.${rule.name}`, wrong);
      }
      entry?.(item, place, report);
    }
  };
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null;
}
