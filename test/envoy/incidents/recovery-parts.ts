import { sealedTlsSecret } from "@routeledger/config-model/testing";
import { codec, type MessageTypes, packAny, unpackAnyAs } from "@routeledger/protos";
import { sha256Hex } from "@routeledger/std";
import { translateAll } from "@routeledger/translation";
import { stateOf } from "@routeledger/translation/testing";
import type { Part } from "@routeledger/xds-model";
import { adsSource, certificateSecret } from "../edge/envoy-parts.ts";
import { certificateA } from "../edge/test-certificates.ts";
import { certificateName, type Host, hostListeners, hostRoute, hosts } from "./recovery-objects.ts";

const gateway = "web";
const managerType = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
type ConnectionManager = MessageTypes[typeof managerType];

export interface RecoveryPartsChoices {
  /** Of Envoy's listener. */
  readonly port: number;
  readonly backendPort: number;
  /** The routes' `edit`, by host. */
  readonly edits: Readonly<Record<Host, number>>;
  /** Each connection manager holds a table that answers 500 instead of the reference to its own; all tables stay. */
  readonly isFailedClosed: boolean;
  /** `initial_fetch_timeout` of route tables, whole seconds; translated it is 15. */
  readonly fetchTimeoutSeconds: number;
}

/** What story 2's objects are translated to, with another patience of Envoy, and with what others make of a failure. */
export function recoveryParts(choices: RecoveryPartsChoices): Part[] {
  const { port, backendPort, edits } = choices;
  const { certificate, privateKey } = certificateA;
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
      spec: { gatewayClassName: "routeledger", listeners: hostListeners(port) },
    },
    {
      apiVersion: "gateway.envoyproxy.io/v1alpha1",
      kind: "Backend",
      metadata: { name: "blue", namespace: "default" },
      spec: { endpoints: [{ ip: { address: "127.0.0.1", port: backendPort } }] },
    },
    sealedTlsSecret({ name: certificateName, certificate, key: privateKey }),
    ...hosts.map((host) => hostRoute(host, { gateways: [gateway], edit: edits[host] })),
  ]);
  const parts = [...(translateAll(state).groups.get(`default/${gateway}`)?.values() ?? [])];
  return parts.map((part) => {
    if (part.type === "listener") return changedListener(part, choices);
    return part.type === "secret" ? certificateSecret(part.resource, certificateA) : part;
  });
}

function changedListener(part: Part, { isFailedClosed, fetchTimeoutSeconds }: RecoveryPartsChoices): Part {
  const { decode, encode } = codec("envoy.config.listener.v3.Listener");
  const listener = decode(part.bytes);
  const filterChains = listener.filterChains.map((chain) => ({
    ...chain,
    filters: chain.filters.map((filter) => {
      if (!filter.typedConfig) throw new Error(`a filter of ${part.resource} that says what it is`);
      const { rds, ...manager } = unpackAnyAs(managerType, filter.typedConfig);
      if (rds === undefined) throw new Error(`${part.resource} that takes routes by RDS`);
      const routes: ConnectionManager = isFailedClosed
        ? { routeConfig: errorTable }
        : { rds: { ...rds, configSource: adsSource(fetchTimeoutSeconds * 1_000) } };
      return { ...filter, typedConfig: packAny(managerType, { ...manager, ...routes }) };
    }),
  }));
  const bytes = encode({ ...listener, filterChains });
  return { ...part, bytes, digest: sha256Hex(bytes) };
}

const errorTable: ConnectionManager["routeConfig"] = {
  name: "error_route_configuration",
  virtualHosts: [
    {
      name: "error_vhost",
      domains: ["*"],
      routes: [{ match: { prefix: "/" }, directResponse: { status: 500 } }],
    },
  ],
};
