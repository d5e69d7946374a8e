/** Columns of `get` by kind: those that kubectl prints for the same kinds. */
import type { JsonObject, JsonValue } from "@routeledger/std";
import { ageOf } from "./age.ts";

export interface Column {
  readonly head: string;
  /** Only with `-o wide`. */
  readonly wide?: boolean;
  readonly cell: (object: JsonObject, nowMs: number) => string;
}

const name: Column = { head: "NAME", cell: (object) => text(object, "metadata", "name") };
const age: Column = {
  head: "AGE",
  cell: (object, nowMs) => ageOf(field(object, "metadata", "creationTimestamp"), nowMs),
};
const revision: Column = {
  head: "REVISION",
  wide: true,
  cell: (object) => text(object, "metadata", "resourceVersion"),
};

/** A route that is chosen by hostname. */
const hostRoute: readonly Column[] = [
  { head: "HOSTNAMES", cell: hostnames },
  { head: "PARENTS", wide: true, cell: (object) => list(field(object, "spec", "parentRefs"), "name") },
  { head: "ACCEPTED", wide: true, cell: (object) => parentConditions(object, "Accepted") },
  { head: "RESOLVED", wide: true, cell: (object) => parentConditions(object, "ResolvedRefs") },
];

const ofKind: Readonly<Record<string, readonly Column[]>> = {
  GatewayClass: [
    { head: "CONTROLLER", cell: (object) => text(object, "spec", "controllerName") },
    { head: "ACCEPTED", cell: (object) => condition(field(object, "status"), "Accepted") },
  ],
  Gateway: [
    { head: "CLASS", cell: (object) => text(object, "spec", "gatewayClassName") },
    { head: "ADDRESS", cell: (object) => list(field(object, "status", "addresses"), "value") },
    { head: "PROGRAMMED", cell: (object) => condition(field(object, "status"), "Programmed") },
  ],
  GRPCRoute: hostRoute,
  HTTPRoute: hostRoute,
  Service: [
    { head: "TYPE", cell: (object) => text(object, "spec", "type") || "ClusterIP" },
    { head: "CLUSTER-IP", cell: (object) => text(object, "spec", "clusterIP") },
    { head: "PORT(S)", cell: servicePorts },
  ],
  EndpointSlice: [
    { head: "ADDRESSTYPE", cell: (object) => text(object, "addressType") },
    { head: "PORTS", cell: (object) => list(field(object, "ports"), "port") },
    { head: "ENDPOINTS", cell: endpointAddresses },
  ],
  Namespace: [],
  ReferenceGrant: [],
  Backend: [
    { head: "ENDPOINTS", cell: backendEndpoints },
    { head: "ACCEPTED", cell: (object) => condition(field(object, "status"), "Accepted") },
  ],
  Extension: [
    { head: "SERVICE", cell: (object) => serverAddress(field(object, "spec", "service")) },
    { head: "HOOKS", cell: (object) => hooks(object).join(",") },
    { head: "FAILUREMODE", wide: true, cell: failureMode },
    { head: "ORDER", wide: true, cell: (object) => text(object, "spec", "order") },
    { head: "ACCEPTED", cell: (object) => condition(field(object, "status"), "Accepted") },
    { head: "ANSWERING", cell: (object) => condition(field(object, "status"), "routeledger.dev/Answering") },
  ],
};

/** Kinds that are not known show name and age. */
export function columnsOf(kind: string): Column[] {
  return [name, ...(ofKind[kind] ?? []), age, revision];
}

/** Follows names into objects; undefined as soon as one is missing. */
export function field(object: JsonValue | undefined, ...path: readonly string[]): JsonValue | undefined {
  let value: JsonValue | undefined = object;
  for (const step of path) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    value = value[step];
  }
  return value;
}

function items(value: JsonValue | undefined): JsonValue[] {
  return Array.isArray(value) ? value : [];
}

function text(object: JsonValue | undefined, ...path: readonly string[]): string {
  const value = field(object, ...path);
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

function list(value: JsonValue | undefined, member: string): string {
  return items(value)
    .map((item) => text(item, member))
    .filter((item) => item !== "")
    .join(",");
}

/** The status of a condition; `Unknown` when the object does not have it. */
export function condition(status: JsonValue | undefined, type: string): string {
  const found = items(field(status, "conditions")).find((item) => text(item, "type") === type);
  return text(found, "status") || "Unknown";
}

function parentConditions(object: JsonObject, type: string): string {
  return items(field(object, "status", "parents"))
    .map((parent) => condition(parent, type))
    .join(",");
}

function hostnames(object: JsonObject): string {
  const names = items(field(object, "spec", "hostnames")).map(String);
  return names.length === 0 ? "" : JSON.stringify(names);
}

function servicePorts(object: JsonObject): string {
  return items(field(object, "spec", "ports"))
    .map((port) => `${text(port, "port")}/${text(port, "protocol") || "TCP"}`)
    .join(",");
}

function endpointAddresses(object: JsonObject): string {
  const all = items(field(object, "endpoints")).flatMap((endpoint) =>
    items(field(endpoint, "addresses")).map(String),
  );
  return all.length <= 3 ? all.join(",") : `${all.slice(0, 3).join(",")} + ${all.length - 3} more...`;
}

function backendEndpoints(object: JsonObject): string {
  return items(field(object, "spec", "endpoints"))
    .map(serverAddress)
    .join(",");
}

/** Of an endpoint with `fqdn`, `ip` or `unix`. */
function serverAddress(endpoint: JsonValue | undefined): string {
  const path = text(endpoint, "unix", "path");
  if (path !== "") return `unix:${path}`;
  const address = text(endpoint, "ip", "address");
  const [host, port] =
    address === ""
      ? [text(endpoint, "fqdn", "hostname"), text(endpoint, "fqdn", "port")]
      : [address, text(endpoint, "ip", "port")];
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

function hooks(object: JsonObject): string[] {
  return items(field(object, "spec", "hooks", "xdsTranslator", "post")).map(String);
}

function failureMode(object: JsonObject): string {
  const otherwise = field(object, "spec", "failOpen") === true ? "failOpen" : "keepLast";
  return text(object, "spec", "failureMode") || otherwise;
}
