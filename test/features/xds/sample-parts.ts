/** Resources as small as the rules allow, made by hand. */
import { packAny } from "@routeledger/protos";
import type { Part } from "@routeledger/xds-model";
import { partOf } from "@routeledger/xds-model/testing";

/** What `untilFence` asks for; in every snapshot. */
export const fences: readonly Part[] = Array.from({ length: 200 }, (_, index) =>
  partOf("extensionConfig", `fence-${index + 1}`),
);

const ads = { ads: {}, resourceApiVersion: "V3" } as const;

/** An EDS cluster; another `timeoutMs` gives other bytes and the same endpoints. */
export function cluster(
  name: string,
  { timeoutMs = 1_000, serviceName = "" }: { timeoutMs?: number; serviceName?: string } = {},
): Part {
  return partOf("cluster", name, {
    type: "EDS",
    connectTimeout: { seconds: Math.floor(timeoutMs / 1000), nanos: (timeoutMs % 1000) * 1_000_000 },
    edsClusterConfig: { edsConfig: ads, ...(serviceName === "" ? {} : { serviceName }) },
  });
}

/** An assignment with one endpoint a port, none without ports. */
export function endpoints(name: string, ...ports: number[]): Part {
  const lbEndpoints = ports.map((portValue) => ({
    endpoint: { address: { socketAddress: { address: "127.0.0.1", portValue } } },
  }));
  return partOf("endpoint", name, { endpoints: ports.length === 0 ? [] : [{ lbEndpoints }] });
}

/** A secret; another `content` gives other bytes. */
export function secret(name: string, content = "1"): Part {
  return partOf("secret", name, { genericSecret: { secret: { inlineString: content } } });
}

/** A route table that sends everything to a cluster, or answers 204 itself. */
export function route(name: string, target?: string): Part {
  const action = target === undefined ? { directResponse: { status: 204 } } : { route: { cluster: target } };
  return partOf("route", name, {
    virtualHosts: [{ name: "all", domains: ["*"], routes: [{ match: { prefix: "/" }, ...action }] }],
  });
}

export interface ListenerChoices {
  /** Absent: the listener holds its routes inline. */
  readonly table?: string;
  /** Of the inline routes. */
  readonly target?: string;
  readonly port?: number;
  readonly idleTimeoutMs?: number;
  /** Of the reference to the route table. */
  readonly fetchTimeoutMs?: number;
}

function fetchTimeout(ms: number | undefined) {
  return ms === undefined ? {} : { initialFetchTimeout: { seconds: Math.ceil(ms / 1000) } };
}

/** Asks for a certificate by SDS; another `fetchTimeoutS` refers by other bytes. */
function tlsSettings(secretName: string, fetchTimeoutS: number) {
  const sdsConfig = { ...ads, ...fetchTimeout(fetchTimeoutS * 1_000) };
  return { commonTlsContext: { tlsCertificateSdsSecretConfigs: [{ name: secretName, sdsConfig }] } };
}

/** A listener whose connections wait for a secret; its routes are inline. */
export function tlsListener(name: string, secretName: string, fetchTimeoutS = 15): Part {
  const context = "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext";
  const typedConfig = packAny(context, tlsSettings(secretName, fetchTimeoutS));
  return partOf("listener", name, { filterChains: [{ transportSocket: { name: "tls", typedConfig } }] });
}

/** A cluster with endpoints of its own that waits for a secret. */
export function tlsCluster(name: string, secretName: string, fetchTimeoutS = 15, timeoutMs = 1_000): Part {
  const context = "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext";
  const typedConfig = packAny(context, tlsSettings(secretName, fetchTimeoutS));
  return partOf("cluster", name, {
    connectTimeout: { seconds: Math.ceil(timeoutMs / 1_000) },
    transportSocket: { name: "tls", typedConfig },
  });
}

/** A listener that refers to a route table, or holds one inline, which answers 500 or sends all to `target`. */
export function listener(
  name: string,
  { table, target, port = 0, idleTimeoutMs, fetchTimeoutMs }: ListenerChoices = {},
): Part {
  const routes =
    table === undefined
      ? { routeConfig: inlineTable(target) }
      : { rds: { routeConfigName: table, configSource: { ...ads, ...fetchTimeout(fetchTimeoutMs) } } };
  const manager = packAny(
    "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
    {
      statPrefix: name,
      ...routes,
      httpFilters: [
        {
          name: "envoy.filters.http.router",
          typedConfig: packAny("envoy.extensions.filters.http.router.v3.Router", {}),
        },
      ],
      ...(idleTimeoutMs === undefined
        ? {}
        : { commonHttpProtocolOptions: { idleTimeout: { seconds: Math.ceil(idleTimeoutMs / 1000) } } }),
    },
  );
  return partOf("listener", name, {
    address: { socketAddress: { address: "127.0.0.1", portValue: port } },
    filterChains: [
      { filters: [{ name: "envoy.filters.network.http_connection_manager", typedConfig: manager }] },
    ],
  });
}

function inlineTable(target: string | undefined) {
  const action = target === undefined ? { directResponse: { status: 500 } } : { route: { cluster: target } };
  const routes = [{ match: { prefix: "/" }, ...action }];
  return { name: "inline", virtualHosts: [{ name: "all", domains: ["*"], routes }] };
}
