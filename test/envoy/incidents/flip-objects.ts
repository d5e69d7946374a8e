/** What story 1 is told with: a Service whose endpoint takes TLS only, a route to it, and the policy that says so. */
import type { JsonObject } from "@routeledger/std";
import { authority } from "../tls/backend-certificates.ts";

/** Name of the Service, the route and the policy, and the path of the route. */
export const flipped = "flipped";
/** Of Envoy: what the policy changes, and what it does not. */
export const flippedCluster = `service/default/${flipped}/443`;

function object(apiVersion: string, kind: string, name: string, fields: JsonObject): JsonObject {
  return { apiVersion, kind, metadata: { name, namespace: "default" }, ...fields };
}

/** Everything but the policy; `gateways` of the namespace `default`. */
export function flipObjects(gateways: readonly string[], backendPort: number): JsonObject[] {
  const slice = object("discovery.k8s.io/v1", "EndpointSlice", `${flipped}-1`, {
    addressType: "IPv4",
    ports: [{ name: "tls", port: backendPort }],
    endpoints: [{ addresses: ["127.0.0.1"] }],
  });
  const labels = { "kubernetes.io/service-name": flipped };
  const route = object("gateway.networking.k8s.io/v1", "HTTPRoute", flipped, {
    spec: {
      parentRefs: gateways.map((name) => ({ name })),
      rules: [
        {
          matches: [{ path: { type: "PathPrefix", value: `/${flipped}` } }],
          backendRefs: [{ name: flipped, port: 443 }],
        },
      ],
    },
  });
  return [
    object("v1", "ConfigMap", "ca", { data: { "ca.crt": authority } }),
    object("v1", "Service", flipped, { spec: { ports: [{ name: "tls", port: 443 }] } }),
    { ...slice, metadata: { ...(slice.metadata as JsonObject), labels } },
    route,
  ];
}

/** Without it the cluster speaks in clear, which the backend answers 400. */
export const policy: JsonObject = object("gateway.networking.k8s.io/v1", "BackendTLSPolicy", flipped, {
  spec: {
    targetRefs: [{ group: "", kind: "Service", name: flipped }],
    validation: {
      hostname: "abc.example.com",
      caCertificateRefs: [{ group: "", kind: "ConfigMap", name: "ca" }],
    },
  },
});
