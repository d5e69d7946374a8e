import type { JsonObject, JsonValue } from "@routeledger/std";

// Objects for tests, as the log holds them after defaulting.

const created = "2026-01-01T00:00:00Z";

interface Place {
  readonly namespace?: string;
  readonly creationTimestamp?: string;
  readonly labels?: JsonObject;
}

function metadata(
  name: string,
  { namespace = "default", creationTimestamp = created, labels }: Place,
): JsonObject {
  return { name, namespace, creationTimestamp, ...(labels === undefined ? {} : { labels }) };
}

export const gatewayClass: JsonObject = {
  apiVersion: "gateway.networking.k8s.io/v1",
  kind: "GatewayClass",
  metadata: { name: "routeledger", creationTimestamp: created },
  spec: { controllerName: "routeledger.dev/gateway" },
};

export function gateway(listeners: JsonObject[], spec: JsonObject = {}, place: Place = {}): JsonObject {
  return {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "Gateway",
    metadata: metadata("web", place),
    spec: { gatewayClassName: "routeledger", listeners, ...spec },
  };
}

export function http(name: string, port: number, more: JsonObject = {}): JsonObject {
  return { name, port, protocol: "HTTP", ...more };
}

/** A listener of protocol HTTPS; `tls` in `more` takes the certificate's place. */
export function https(name: string, port: number, certificate: string, more: JsonObject = {}): JsonObject {
  return { name, port, protocol: "HTTPS", tls: { certificateRefs: [{ name: certificate }] }, ...more };
}

export function listenerSet(name: string, listeners: JsonObject[], place: Place = {}): JsonObject {
  return {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "ListenerSet",
    metadata: metadata(name, place),
    spec: { parentRef: { name: "web", namespace: "default" }, listeners },
  };
}

export function configMap(name: string, data: JsonObject, place: Place = {}): JsonObject {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: metadata(name, place), data };
}

export function httpRoute(name: string, spec: JsonObject, place: Place = {}): JsonObject {
  return {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "HTTPRoute",
    metadata: metadata(name, place),
    spec: { parentRefs: [{ name: "web" }], ...spec },
  };
}

export function grpcRoute(name: string, spec: JsonObject, place: Place = {}): JsonObject {
  return { ...httpRoute(name, spec, place), kind: "GRPCRoute" };
}

/** A rule for a service, a method, or both. */
export function grpcRule(method: JsonObject, backendRefs: JsonValue[], more: JsonObject = {}): JsonObject {
  return { matches: [{ method: { type: "Exact", ...method } }], backendRefs, ...more };
}

/** A rule for a path prefix. */
export function rule(prefix: string, backendRefs: JsonValue[], more: JsonObject = {}): JsonObject {
  return { matches: [{ path: { type: "PathPrefix", value: prefix } }], backendRefs, ...more };
}

export function service(name: string, spec: JsonObject = {}, place: Place = {}): JsonObject {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: metadata(name, place),
    spec: { ports: [{ name: "http", port: 80, protocol: "TCP" }], ...spec },
  };
}

export function endpointSlice(
  name: string,
  of: string,
  fields: JsonObject = {},
  place: Place = {},
): JsonObject {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: metadata(name, { ...place, labels: { "kubernetes.io/service-name": of } }),
    addressType: "IPv4",
    ports: [{ name: "http", port: 3000, protocol: "TCP" }],
    endpoints: [{ addresses: ["127.0.0.2"] }],
    ...fields,
  };
}

export function backend(name: string, spec: JsonObject, place: Place = {}): JsonObject {
  return {
    apiVersion: "gateway.envoyproxy.io/v1alpha1",
    kind: "Backend",
    metadata: metadata(name, place),
    spec,
  };
}

/** A policy for Services, checked by the ConfigMap `ca` unless `validation` says otherwise. */
export function tlsPolicy(
  name: string,
  targets: (string | JsonObject)[],
  validation: JsonObject = {},
  { options, ...place }: Place & { readonly options?: JsonObject } = {},
): JsonObject {
  const targetRefs = targets.map(
    (target): JsonObject => ({
      group: "",
      kind: "Service",
      ...(typeof target === "string" ? { name: target } : target),
    }),
  );
  const checked = {
    hostname: `${name}.example.com`,
    caCertificateRefs: [{ group: "", kind: "ConfigMap", name: "ca" }],
    ...validation,
  };
  return {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "BackendTLSPolicy",
    metadata: metadata(name, place),
    spec: { targetRefs, validation: checked, ...(options === undefined ? {} : { options }) },
  };
}

export function referenceGrant(name: string, spec: JsonObject, place: Place = {}): JsonObject {
  return {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "ReferenceGrant",
    metadata: metadata(name, place),
    spec,
  };
}

export function namespace(name: string, labels: JsonObject): JsonObject {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name, labels, creationTimestamp: created } };
}
