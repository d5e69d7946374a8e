import type { JsonObject } from "@routeledger/std";
import { parseIpAddress } from "../ip-address.ts";
import { type Condition, condition } from "../statuses/condition.ts";
import { objectsOf, shown, textOf } from "../untrusted.ts";

/** Where a Gateway that names no address listens. */
const allAddresses = "0.0.0.0";

/** Rule G17: an address of a type that nobody knows is not accepted. */
export function addressTypeRefusal(spec: JsonObject): Condition | undefined {
  const types = objectsOf(spec.addresses)
    .map(({ type }) => textOf(type) ?? "IPAddress")
    .filter((type) => type !== "IPAddress" && type !== "Hostname");
  const message = `address types ${[...new Set(types)].sort().join(", ")}`;
  return types.length > 0 ? condition("Accepted", "False", "UnsupportedAddress", message) : undefined;
}

/** Rule G17: an IPAddress without a value is ours to choose; a Hostname is known, and not usable. Sorted. */
export function usableAddresses(spec: JsonObject): readonly string[] {
  const given = objectsOf(spec.addresses);
  if (given.length === 0) return [allAddresses];
  const usable = given.map(usableAddress).filter((address) => address !== undefined);
  // All addresses and one of them cannot be bound side by side.
  if (usable.includes(allAddresses)) return [allAddresses];
  return [...new Set(usable)].sort();
}

/** Rule G17: what the Gateway asks for and does not get, as it is written, in its order. */
export function unusableAddresses(spec: JsonObject): readonly string[] {
  return objectsOf(spec.addresses)
    .filter((address) => usableAddress(address) === undefined)
    .map(({ value }) => shown(value));
}

function usableAddress({ type, value }: JsonObject): string | undefined {
  if ((textOf(type) ?? "IPAddress") !== "IPAddress") return undefined;
  const text = textOf(value) ?? "";
  return text === "" ? allAddresses : parseIpAddress(text);
}
