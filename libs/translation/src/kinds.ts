import type { ConfigObject } from "@routeledger/config-model";
import { objectOf, textOf } from "./untrusted.ts";

/** What `GatewayClass.spec.controllerName` and every `controllerName` in a status says. */
export const controllerName = "routeledger.dev/gateway";

export const gatewayGroup = "gateway.networking.k8s.io";
export const envoyGatewayGroup = "gateway.envoyproxy.io";
export const discoveryGroup = "discovery.k8s.io";

/** The route kinds of Gateway API; GRPCRoute and HTTPRoute are served. */
export const routeKinds = ["GRPCRoute", "HTTPRoute", "TCPRoute", "TLSRoute", "UDPRoute"] as const;

/** `metadata.generation`; 0 when the object has none. */
export function generationOf({ object }: ConfigObject): number {
  const { generation } = objectOf(object.metadata);
  return typeof generation === "number" ? generation : 0;
}

/** `metadata.creationTimestamp` as written, which is comparable as text; empty when the object has none. */
export function createdAt({ object }: ConfigObject): string {
  return textOf(objectOf(object.metadata).creationTimestamp) ?? "";
}

export function specOf({ object }: ConfigObject): ReturnType<typeof objectOf> {
  return objectOf(object.spec);
}
