import type { JsonObject, JsonValue } from "@routeledger/std";
import { isObject } from "../apply-defaults.ts";
import { displayValue, type FieldErrors, type FieldPath } from "../field-error.ts";
import { parseIpv4, parseIpv6 } from "../ip-address.ts";
import { goDurationMs } from "./go-duration.ts";
import { kindLists } from "./kind-lists.ts";
import { quantityBytes } from "./size-quantity.ts";
import { isTakenGroup, mayBeDeclared } from "./taken-kinds.ts";

/** A question and its answer pass through the log: a commit holds that much, bytes. */
const MESSAGE_BYTES_MAX = 64 * 1024 * 1024;
const SPEC: FieldPath = { parent: undefined, segment: "spec" };

/** Adds what the schema of an Extension cannot say. */
export function checkExtension(object: JsonObject, errors: FieldErrors): void {
  const spec = isObject(object.spec) ? object.spec : {};
  checkTaken(spec, errors);
  checkVersions(spec, errors);
  const service = isObject(spec.service) ? spec.service : undefined;
  if (service !== undefined) checkService(service, errors);
  checkFailureMode(spec, errors);
  const size = spec.maxMessageSize;
  const bytes = typeof size === "string" || typeof size === "number" ? quantityBytes(size) : undefined;
  if (size !== undefined && (bytes === undefined || bytes > MESSAGE_BYTES_MAX)) {
    const expected = "a size of at least 1 byte and at most 64Mi, such as 4M or 4Mi";
    errors.add(at(SPEC, "maxMessageSize"), { code: "Invalid", expected, actual: displayValue(size) });
  }
  checkDuration(spec.deadline, at(SPEC, "deadline"), { least: "10ms", most: "30s", errors });
}

/** What is known already has a meaning, which no extension may take over. */
function checkTaken(spec: JsonObject, errors: FieldErrors): void {
  for (const list of kindLists) {
    for (const [index, item] of itemsOf(spec[list]).entries()) {
      if (!isObject(item) || typeof item.group !== "string") continue;
      const path = at(at(SPEC, list), index);
      if (isTakenGroup(item.group)) {
        const expected =
          "a group of the extension's own: Routeledger knows all kinds of this one that it serves";
        const actual = item.group === "" ? '"", the core group' : displayValue(item.group);
        errors.add(at(path, "group"), { code: "Forbidden", expected, actual });
      } else if (!mayBeDeclared({ group: item.group, kind: String(item.kind) })) {
        const expected = "a kind that Routeledger does not know already";
        errors.add(at(path, "kind"), { code: "Forbidden", expected, actual: `${item.group} ${item.kind}` });
      }
    }
  }
}

/** A kind may be used in several ways, but its objects have one version. */
function checkVersions(spec: JsonObject, errors: FieldErrors): void {
  const first = new Map<string, { version: JsonValue | undefined; where: string }>();
  for (const list of kindLists) {
    for (const [index, item] of itemsOf(spec[list]).entries()) {
      if (!isObject(item)) continue;
      const key = `${item.group}/${item.kind}`;
      const known = first.get(key);
      if (known === undefined) first.set(key, { version: item.version, where: `spec.${list}[${index}]` });
      else if (known.version !== item.version && !known.where.startsWith(`spec.${list}[`)) {
        errors.add(at(at(at(SPEC, list), index), "version"), {
          code: "Invalid",
          expected: `${displayValue(known.version)} as in ${known.where}: a kind has one version`,
          actual: displayValue(item.version),
        });
      }
    }
  }
}

function checkService(service: JsonObject, errors: FieldErrors): void {
  const path = at(SPEC, "service");
  const given = ["fqdn", "ip", "unix"].filter((name) => service[name] !== undefined);
  if (given.length !== 1) {
    const expected = "exactly one of fqdn, ip and unix";
    const actual = given.length === 0 ? "none" : given.join(", ");
    errors.add(path, { code: given.length === 0 ? "Required" : "Invalid", expected, actual });
  }
  const address = isObject(service.ip) ? service.ip.address : undefined;
  if (typeof address === "string" && (parseIpv4(address) ?? parseIpv6(address)) === undefined) {
    errors.add(at(at(path, "ip"), "address"), {
      code: "Invalid",
      expected: "an IPv4 or IPv6 address",
      actual: displayValue(address),
    });
  }
  const retry = isObject(service.retry) ? service.retry : {};
  for (const name of ["initialBackoff", "maxBackoff"])
    checkDuration(retry[name], at(at(path, "retry"), name), { least: "1ms", most: "60s", errors });
}

function checkFailureMode({ failOpen, failureMode }: JsonObject, errors: FieldErrors): void {
  if (failOpen === undefined || failureMode === undefined) return;
  if (failOpen === (failureMode === "failOpen")) return;
  const expected = failOpen
    ? '"failOpen", or nothing, as failOpen is true'
    : '"keepLast" or "failClosed", or nothing, as failOpen is false';
  errors.add(at(SPEC, "failureMode"), { code: "Invalid", expected, actual: displayValue(failureMode) });
}

function checkDuration(
  value: JsonValue | undefined,
  path: FieldPath,
  { least, most, errors }: { readonly least: string; readonly most: string; readonly errors: FieldErrors },
): void {
  if (typeof value !== "string") return;
  const ms = goDurationMs(value);
  if (ms !== undefined && ms >= goDurationMs(least)! && ms <= goDurationMs(most)!) return;
  const expected = `a duration from ${least} to ${most}, such as 100ms or 1.5s`;
  errors.add(path, { code: "Invalid", expected, actual: displayValue(value) });
}

function itemsOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : [];
}

function at(parent: FieldPath, segment: string | number): FieldPath {
  return { parent, segment };
}
