import { codec } from "@routeledger/protos";
import { sha256Hex } from "@routeledger/std";
import { translateAll } from "@routeledger/translation";
import { stateOf } from "@routeledger/translation/testing";
import type { Part } from "@routeledger/xds-model";
import { flipObjects, policy } from "./flip-objects.ts";

const gateway = "web";

export interface FlipPartsChoices {
  /** Of Envoy's listener. */
  readonly port: number;
  readonly backendPort: number;
  readonly hasPolicy: boolean;
  /** `initial_fetch_timeout` of endpoints, whole seconds; translated it is 15. */
  readonly fetchTimeoutSeconds: number;
}

/** What story 1's objects are translated to, with another patience of Envoy. */
export function flipParts({ port, backendPort, hasPolicy, fetchTimeoutSeconds }: FlipPartsChoices): Part[] {
  const state = stateOf([
    {
      apiVersion: "gateway.networking.k8s.io/v1",
      kind: "GatewayClass",
      metadata: { name: "routeledger" },
      spec: { controllerName: "routeledger.dev/gateway" },
    },
    {
      apiVersion: "gateway.networking.k8s.io/v1",
      kind: "Gateway",
      metadata: { name: gateway, namespace: "default" },
      spec: { gatewayClassName: "routeledger", listeners: [{ name: "http", protocol: "HTTP", port }] },
    },
    ...flipObjects([gateway], backendPort),
    ...(hasPolicy ? [policy] : []),
  ]);
  const parts = [...(translateAll(state).groups.get(`default/${gateway}`)?.values() ?? [])];
  return parts.map((part) => (part.type === "cluster" ? waiting(part, fetchTimeoutSeconds) : part));
}

function waiting(part: Part, seconds: number): Part {
  const { edsClusterConfig, ...cluster } = codec("envoy.config.cluster.v3.Cluster").decode(part.bytes);
  if (edsClusterConfig?.edsConfig === undefined)
    throw new Error(`${part.resource} that takes endpoints by EDS`);
  const edsConfig = { ...edsClusterConfig.edsConfig, initialFetchTimeout: { seconds } };
  const bytes = codec("envoy.config.cluster.v3.Cluster").encode({
    ...cluster,
    edsClusterConfig: { ...edsClusterConfig, edsConfig },
  });
  return { ...part, bytes, digest: sha256Hex(bytes) };
}
