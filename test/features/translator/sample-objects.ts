import type { JsonObject } from "@routeledger/std";

const gatewayApi = "gateway.networking.k8s.io/v1";
const metadata = { namespace: "default", generation: 1, creationTimestamp: "2026-01-01T00:00:00Z" };

export const gatewayClass: JsonObject = {
  apiVersion: gatewayApi,
  kind: "GatewayClass",
  metadata: { name: "routeledger", generation: 1, creationTimestamp: "2026-01-01T00:00:00Z" },
  spec: { controllerName: "routeledger.dev/gateway" },
};

export const gateway: JsonObject = {
  apiVersion: gatewayApi,
  kind: "Gateway",
  metadata: { ...metadata, name: "web" },
  spec: { gatewayClassName: "routeledger", listeners: [{ name: "http", port: 8080, protocol: "HTTP" }] },
};

export function service(name: string): JsonObject {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { ...metadata, name },
    spec: { ports: [{ port: 80, targetPort: 3000, protocol: "TCP" }] },
  };
}

export function endpointSlice(name: string, ...addresses: readonly string[]): JsonObject {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { ...metadata, name: `${name}-1`, labels: { "kubernetes.io/service-name": name } },
    addressType: "IPv4",
    endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
    ports: [{ name: "", port: 3000, protocol: "TCP" }],
  };
}

export function route(name: string, host: string, backend: string): JsonObject {
  return {
    apiVersion: gatewayApi,
    kind: "HTTPRoute",
    metadata: { ...metadata, name },
    spec: {
      parentRefs: [{ group: "gateway.networking.k8s.io", kind: "Gateway", name: "web" }],
      hostnames: [host],
      rules: [
        {
          matches: [{ path: { type: "PathPrefix", value: "/" } }],
          backendRefs: [{ group: "", kind: "Service", name: backend, port: 80, weight: 1 }],
        },
      ],
    },
  };
}
