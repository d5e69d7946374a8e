import { compareStrings, type JsonObject } from "@routeledger/std";

/** Which object: the API group (empty for core) and kind, the namespace (empty for cluster-scoped kinds), the name. */
export interface ObjectRef {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** One string an object, that sorts by group, kind, namespace, name: `gateway.networking.k8s.io/HTTPRoute/default/shop`. */
export function objectKey({ group, kind, namespace, name }: ObjectRef): string {
  return `${group}/${kind}/${namespace}/${name}`;
}

/** How people name it: `HTTPRoute default/shop`, `GatewayClass routeledger`. */
export function displayRef({ kind, namespace, name }: ObjectRef): string {
  return namespace === "" ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
}

export function compareRefs(a: ObjectRef, b: ObjectRef): number {
  return (
    compareStrings(a.group, b.group) ||
    compareStrings(a.kind, b.kind) ||
    compareStrings(a.namespace, b.namespace) ||
    compareStrings(a.name, b.name)
  );
}

/** Splits `gateway.networking.k8s.io/v1` into group and version; `v1` is the core group. */
export function parseApiVersion(apiVersion: string): { group: string; version: string } {
  const slash = apiVersion.indexOf("/");
  return slash < 0
    ? { group: "", version: apiVersion }
    : { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
}

/** The reference of an object in Kubernetes' form; what is missing is empty. */
export function refOf(object: JsonObject): ObjectRef {
  const metadata = (object.metadata ?? {}) as JsonObject;
  return {
    group: parseApiVersion(String(object.apiVersion ?? "")).group,
    kind: String(object.kind ?? ""),
    namespace: String(metadata.namespace ?? ""),
    name: String(metadata.name ?? ""),
  };
}
