import { codec } from "@routeledger/protos";
import type { DeltaRequest, SotwRequest } from "@routeledger/xds-stream";

export const emptySotw: SotwRequest = codec("envoy.service.discovery.v3.DiscoveryRequest").decode(
  new Uint8Array(),
);
export const emptyDelta: DeltaRequest = codec("envoy.service.discovery.v3.DeltaDiscoveryRequest").decode(
  new Uint8Array(),
);

/** google.rpc.Status as Envoy fills it in: code 13. */
export function errorDetail(message: string): NonNullable<SotwRequest["errorDetail"]> {
  return { code: 13, message, details: [] };
}

/** The node of a proxy of the group `default/gateway`. */
export function proxyNode(id: string): NonNullable<SotwRequest["node"]> {
  const node = codec("envoy.config.core.v3.Node");
  return node.decode(node.encode({ id, cluster: "default/gateway", userAgentName: "envoy" }));
}
