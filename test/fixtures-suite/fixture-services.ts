import type { JsonObject } from "@routeledger/std";

/** A port of a Service; TCP unless it says otherwise. */
export interface ServicePort {
  readonly name?: string;
  readonly port: number;
  readonly protocol?: string;
}

export function makeService(namespace: string, name: string, ports: readonly ServicePort[]): JsonObject {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { namespace, name },
    spec: { ports: ports.map((port) => ({ protocol: "TCP", ...port })) },
  };
}

/** The ports that a Service has, none where it says none. */
export function portsOf({ spec }: JsonObject): readonly ServicePort[] {
  return ((spec as JsonObject).ports ?? []) as unknown as readonly ServicePort[];
}

/** One ready endpoint of a Service, on the ports that the Service has. */
export function endpointSliceOf(service: JsonObject, address: string): JsonObject {
  const { namespace = "", name = "" } = service.metadata as JsonObject;
  const ports = portsOf(service).map((one) => {
    return { name: one.name ?? "", port: one.port, protocol: one.protocol ?? "TCP" };
  });
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { namespace, name: `${name}-endpoints`, labels: { "kubernetes.io/service-name": name } },
    addressType: "IPv4",
    ports,
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
  };
}
