import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { JsonObject } from "@routeledger/std";
import { controllerName } from "@routeledger/translation";
import { parseAllDocuments } from "yaml";

/** The class that the suite's Gateways name in this run. */
export const gatewayClass = "routeledger";

/** Objects of one manifest of the suite, with this run's class and controller. Throws where it is no YAML. */
export async function readManifest(folder: string, path: string): Promise<JsonObject[]> {
  const text = (await readFile(join(folder, path), "utf8"))
    .replaceAll("{GATEWAY_CLASS_NAME}", gatewayClass)
    .replaceAll("{GATEWAY_CONTROLLER_NAME}", controllerName);
  return parseAllDocuments(text).flatMap((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw new Error(`${path}: ${error.message}`);
    const object = document.toJS() as JsonObject | null;
    return object === null ? [] : [object];
  });
}

/**
 * The addresses that whoever runs the suite says: its manifests hold places for one that a Gateway can have, and for
 * one that it cannot.
 */
export function withAddresses(object: JsonObject, usable: string): JsonObject {
  const { addresses } = (object.spec ?? {}) as { addresses?: JsonObject[] };
  if (object.kind !== "Gateway" || addresses === undefined) return object;
  const places: Readonly<Record<string, JsonObject>> = {
    PLACEHOLDER_USABLE_ADDRS: { type: "IPAddress", value: usable },
    PLACEHOLDER_UNUSABLE_ADDRS: { type: "Hostname", value: "unusable.example.com" },
  };
  const filled = addresses.map((address) => places[String(address.value)] ?? address);
  return { ...object, spec: { ...(object.spec as JsonObject), addresses: filled } };
}
