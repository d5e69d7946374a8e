import type { JsonObject } from "@routeledger/std";
import { clean } from "./arbitraries.ts";
import { endpointAddress, endpointPorts } from "./placed.ts";
import type { RandomState } from "./random-state.ts";

/** What every state has, but for what is missing: Services with and without endpoints, and certificates. */
export function surroundings(
  { certificate, key }: { readonly certificate: string; readonly key: string },
  { missing: absent }: Pick<RandomState, "missing">,
): JsonObject[] {
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  const metadata = (namespace: string, name: string): JsonObject => ({
    name,
    namespace,
    creationTimestamp: "2026-01-01T00:00:00Z",
  });
  const [one = 0, alternative = 0, two = 0, three = 0] = endpointPorts;
  const secrets = ["own", "other"].map((namespace) => ({
    apiVersion: "v1",
    kind: "Secret",
    type: "kubernetes.io/tls",
    metadata: metadata(namespace, "cert"),
    data: { "tls.crt": base64(certificate), "tls.key": base64(key) },
  }));
  const service = (namespace: string, name: string, ports: JsonObject[], ready?: boolean): JsonObject[] => [
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: metadata(namespace, name),
      spec: { ports: ports.map(({ name: of, port }) => clean({ name: of, port, protocol: "TCP" })) },
    },
    {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { ...metadata(namespace, `${name}-1`), labels: { "kubernetes.io/service-name": name } },
      addressType: "IPv4",
      ports: ports.map(({ name: of, endpoint }) => clean({ name: of, port: endpoint, protocol: "TCP" })),
      endpoints: [
        clean({ addresses: [endpointAddress], conditions: ready === undefined ? undefined : { ready } }),
      ],
    },
  ];
  const all: JsonObject[] = [
    {
      apiVersion: "gateway.networking.k8s.io/v1",
      kind: "GatewayClass",
      metadata: { name: "routeledger", creationTimestamp: "2026-01-01T00:00:00Z" },
      spec: { controllerName: "routeledger.dev/gateway" },
    },
    ...secrets,
    { apiVersion: "v1", kind: "ConfigMap", metadata: metadata("own", "ca"), data: { "ca.crt": certificate } },
    ...service("own", "one", [
      { name: "http", port: 80, endpoint: one },
      { name: "alt", port: 81, endpoint: alternative },
    ]),
    ...service("own", "two", [{ port: 80, endpoint: two }], true),
    ...service("own", "empty", [{ port: 80, endpoint: two }], false),
    ...["own", "other"].map((namespace) => ({
      apiVersion: "gateway.envoyproxy.io/v1alpha1",
      kind: "Backend",
      metadata: metadata(namespace, "raw"),
      spec: { endpoints: [{ ip: { address: endpointAddress, port: namespace === "own" ? two : three } }] },
    })),
    ...service("other", "three", [{ port: 80, endpoint: three }]),
    ...service("other", "one", [{ port: 80, endpoint: three }]),
  ];
  return all.filter(({ kind, metadata: at }) => {
    const { namespace, name } = at as JsonObject;
    return !absent.includes(`${kind}/${namespace}/${name}`);
  });
}
