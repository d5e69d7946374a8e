import { rfc3339 } from "@routeledger/config-model";
import { canonicalJson, type JsonObject, type JsonValue } from "@routeledger/std";

/**
 * Adds `lastTransitionTime` to every condition of a status: that of the same condition in the previous status where
 * its `status` is the same, else the event's time (G108).
 */
export function withTransitionTimes(
  status: JsonObject,
  previous: JsonObject | undefined,
  timeMs: number,
): JsonObject {
  return Object.fromEntries(
    Object.entries(status).map(([field, value]): [string, JsonValue] => {
      const old = previous?.[field];
      if (field === "conditions" && Array.isArray(value)) return [field, conditions(value, old, timeMs)];
      if (Array.isArray(value))
        return [field, value.map((item) => descend(item, counterpart(item, old), timeMs))];
      return [field, descend(value, old, timeMs)];
    }),
  );
}

function descend(value: JsonValue, old: JsonValue | undefined, timeMs: number): JsonValue {
  return isObject(value) ? withTransitionTimes(value, isObject(old) ? old : undefined, timeMs) : value;
}

function conditions(list: readonly JsonValue[], old: JsonValue | undefined, timeMs: number): JsonValue[] {
  const before = new Map(
    (Array.isArray(old) ? old : []).filter(isObject).map((condition) => [condition.type, condition]),
  );
  return list.filter(isObject).map((condition) => {
    const same = before.get(condition.type ?? null);
    const kept = same?.status === condition.status ? same?.lastTransitionTime : undefined;
    return { ...condition, lastTransitionTime: kept ?? rfc3339(timeMs) };
  });
}

/** The entry of a list that speaks of the same thing: a listener by name, a parent or ancestor by its reference. */
function counterpart(item: JsonValue, old: JsonValue | undefined): JsonValue | undefined {
  return Array.isArray(old) ? old.find((candidate) => identity(candidate) === identity(item)) : undefined;
}

function identity(item: JsonValue): string {
  if (!isObject(item)) return canonicalJson(item);
  const { name, parentRef, ancestorRef, controllerName } = item;
  return canonicalJson({
    name: name ?? null,
    parentRef: parentRef ?? null,
    ancestorRef: ancestorRef ?? null,
    controllerName: controllerName ?? null,
  });
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
