import { type ConfigState, getObject, parseApiVersion, validateStatus } from "@routeledger/config-model";
import type { JsonObject, JsonValue } from "@routeledger/std";

/** What an API server would refuse of the statuses of a state's objects; empty when it takes them all. */
export function faultsOfStatuses(state: ConfigState, statuses: ReadonlyMap<string, JsonObject>): string[] {
  return [...statuses].flatMap(([key, status]) => {
    const [group = "", kind = "", namespace = "", name = ""] = key.split("/");
    const version = getObject(state, { group, kind, namespace, name })?.version ?? "";
    const found = validateStatus({ ...parseApiVersion(`${group}/${version}`), kind }, withTimes(status));
    return found.map(({ path, message }) => `${key}: ${path}: ${message}`);
  });
}

/** Conditions need a lastTransitionTime, which `publish` adds. */
function withTimes(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(withTimes);
  if (typeof value !== "object" || value === null) return value;
  const timed = Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withTimes(member)]));
  return "observedGeneration" in value ? { ...timed, lastTransitionTime: "2026-01-01T00:00:00Z" } : timed;
}
