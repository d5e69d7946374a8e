import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type ConfigState, objectKey, parseApiVersion, refOf } from "@routeledger/config-model";
import type { JsonObject } from "@routeledger/std";
import { parse } from "yaml";
import { fixtureState, ownClass } from "./fixture-objects.ts";
import { endpointSliceOf, makeService } from "./fixture-services.ts";
import { fixturesFolder } from "./fixtures-folder.ts";

/** One of Envoy Gateway's status goldens: what went in, and the statuses that it gives. */
export interface StatusCase {
  readonly name: string;
  readonly state: ConfigState;
  /** Objects with their status, by `objectKey`. */
  readonly expected: ReadonlyMap<string, JsonObject>;
}

/** Names of the goldens, sorted. */
export function statusCases(): string[] {
  return globSync("*.in.yaml", { cwd: fixturesFolder("envoy-gateway", "status") })
    .map((file) => basename(file, ".in.yaml"))
    .sort();
}

export function readStatusCase(name: string): StatusCase {
  const expected = readLists(`${name}.out.yaml`).filter(({ status }) => status !== undefined);
  const objects = [ownClass("envoy-gateway-class"), ...impliedObjects(), ...readLists(`${name}.in.yaml`)];
  return {
    name,
    state: fixtureState(lastOfEach(objects)),
    expected: new Map(expected.map((object) => [keyOf(object), object])),
  };
}

/** A file is a map from a kind's plural to its objects. */
function readLists(file: string): JsonObject[] {
  const text = readFileSync(join(fixturesFolder("envoy-gateway", "status"), file), "utf8");
  return Object.values(parse(text) as Record<string, JsonObject[]>).flat();
}

/** A case may have an object of its own in the place of one that is implied. */
function lastOfEach(objects: readonly JsonObject[]): JsonObject[] {
  return [...new Map(objects.map((object) => [keyOf(object), object])).values()];
}

/** As in our statuses, whichever version the object is of. */
function keyOf(object: JsonObject): string {
  return objectKey({ ...refOf(object), group: parseApiVersion(String(object.apiVersion)).group });
}

/** What Envoy Gateway's test adds to each case: `service-1` to `service-4` and `mirror-service`. */
function impliedObjects(): JsonObject[] {
  const http = { name: "http", port: 8080 };
  const udp = { name: "udp", port: 8162, protocol: "UDP" };
  const ports = [http, { name: "https", port: 8443 }, { name: "tcp", port: 8163 }, udp];
  const services = [1, 2, 3, 4].map((index) => makeService("default", `service-${index}`, ports));
  const all = [...services, makeService("default", "mirror-service", [http])];
  return [...all, ...all.map((service) => endpointSliceOf(service, "7.7.7.7"))];
}
