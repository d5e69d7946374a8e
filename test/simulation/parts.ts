/** Resources that the model and a real Envoy both take: complete, valid, and without a socket. */
import { codec, durationOfMs } from "@routeledger/protos";
import type { Part } from "@routeledger/xds-model";
import { partOf } from "@routeledger/xds-model/testing";
import { certificateA, certificateB } from "../envoy/edge/test-certificates.ts";

/** 0: what waits for it waits for ever. */
export interface FetchOptions {
  readonly fetchTimeoutMs?: number;
}

export interface ClusterOptions extends FetchOptions {
  /** Changes the bytes and nothing else; from 1. */
  readonly salt?: number;
  /** Name of its endpoints; the cluster's own when absent. */
  readonly serviceName?: string;
  /** Name of the validation context that its TLS asks for. */
  readonly secret?: string;
  readonly isHealthChecked?: boolean;
}

/** A cluster whose endpoints come by EDS. */
export function cluster(name: string, options: ClusterOptions = {}): Part {
  const { salt = 1, serviceName = "", secret, isHealthChecked = false, fetchTimeoutMs = 0 } = options;
  return partOf("cluster", name, {
    type: "EDS",
    edsClusterConfig: { serviceName, edsConfig: configSource(fetchTimeoutMs) },
    connectTimeout: { seconds: salt },
    ...(secret === undefined ? {} : { transportSocket: upstreamTls(secret, fetchTimeoutMs) }),
    ...(isHealthChecked ? { healthChecks: [healthCheck] } : {}),
  });
}

/** Endpoints of one host that nothing listens at; port 0: of none. */
export function endpoint(name: string, port = 1): Part {
  if (port === 0) return partOf("endpoint", name, {});
  const address = { socketAddress: { address: "127.0.0.1", portValue: port } };
  return partOf("endpoint", name, { endpoints: [{ lbEndpoints: [{ endpoint: { address } }] }] });
}

/** A route table that sends everything to one cluster, which need not exist. */
export function table(name: string, clusterName: string, salt = 1): Part {
  const action = { cluster: clusterName, timeout: { seconds: salt } };
  return partOf("route", name, {
    virtualHosts: [
      { name: "all", domains: ["*"], routes: [{ name: "all", match: { prefix: "/" }, route: action }] },
    ],
    validateClusters: { value: false },
  });
}

export interface ListenerOptions extends FetchOptions {
  /** Name of its route table; without one its routes are inside. */
  readonly table?: string;
  /** Cluster of the routes inside. */
  readonly cluster?: string;
  /** Changes the filter chain and no reference; from 1. */
  readonly salt?: number;
  /** Name of the certificate that its TLS asks for. */
  readonly secret?: string;
}

/** A listener that binds no port. */
export function listener(name: string, options: ListenerOptions): Part {
  const { secret, fetchTimeoutMs = 0 } = options;
  const tls = secret === undefined ? {} : { transportSocket: downstreamTls(secret, fetchTimeoutMs) };
  return partOf("listener", name, {
    address: { socketAddress: { address: "127.0.0.1", portValue: portOf(name) } },
    bindToPort: { value: false },
    filterChains: [{ name: "only", filters: [connectionManager(name, options)], ...tls }],
  });
}

/** A validation context (for clusters) that accepts everyone; `salt` changes its bytes. */
export function validationContext(name: string, salt = 1): Part {
  return partOf("secret", name, { validationContext: { maxVerifyDepth: { value: salt } } });
}

/** A certificate with its key (for listeners); one of two. */
export function certificate(name: string, salt = 1): Part {
  const { certificate: chain, privateKey } = salt === 1 ? certificateA : certificateB;
  const tlsCertificate = {
    certificateChain: { inlineString: chain },
    privateKey: { inlineString: privateKey },
  };
  return partOf("secret", name, { tlsCertificate });
}

/** Violates a field's rule: the whole response is rejected and nothing of it applied (1.2.6). */
export function invalidEndpoint(name: string): Part {
  return endpoint(name, 70_000);
}

/** Violates a field's rule: no connect timeout may be negative. */
export function invalidCluster(name: string): Part {
  return partOf("cluster", name, {
    type: "EDS",
    edsClusterConfig: { edsConfig: configSource(0) },
    connectTimeout: { seconds: -1 },
  });
}

/** Passes field validation and cannot be built: the others of the response are applied (1.2.6). */
export function unbuildableCluster(name: string): Part {
  return partOf("cluster", name, { type: "EDS", connectTimeout: { seconds: 1 } });
}

/** Passes field validation of its own fields; what its filter's configuration says is refused when it is built. */
export function unbuildableListener(name: string): Part {
  return partOf("listener", name, {
    address: { socketAddress: { address: "127.0.0.1", portValue: portOf(name) } },
    bindToPort: { value: false },
    filterChains: [
      {
        name: "only",
        filters: [
          { name: "hcm", typedConfig: any(hcmType, { statPrefix: "", routeConfig: { name: "inside" } }) },
        ],
      },
    ],
  });
}

/** Violates a field's rule: a virtual host has a domain. */
export function invalidTable(name: string): Part {
  return partOf("route", name, { virtualHosts: [{ name: "all", domains: [] }] });
}

const hcmType = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
const routerType = "envoy.extensions.filters.http.router.v3.Router";

const healthCheck = {
  timeout: { seconds: 1 },
  interval: { seconds: 1 },
  unhealthyThreshold: { value: 1 },
  healthyThreshold: { value: 1 },
  tcpHealthCheck: {},
};

function configSource(fetchTimeoutMs: number): object {
  return { ads: {}, resourceApiVersion: "V3", initialFetchTimeout: durationOfMs(fetchTimeoutMs) };
}

function connectionManager(name: string, options: ListenerOptions): object {
  const { table: tableName, cluster: clusterName, salt = 1, fetchTimeoutMs = 0 } = options;
  const action =
    clusterName === undefined ? { directResponse: { status: 200 } } : { route: { cluster: clusterName } };
  const inside = {
    name: "inside",
    virtualHosts: [{ name: "all", domains: ["*"], routes: [{ match: { prefix: "/" }, ...action }] }],
    validateClusters: { value: false },
  };
  const routes =
    tableName === undefined
      ? { routeConfig: inside }
      : { rds: { routeConfigName: tableName, configSource: configSource(fetchTimeoutMs) } };
  const httpFilters = [{ name: "router", typedConfig: any(routerType, {}) }];
  const config = { statPrefix: `${name}-${salt}`, ...routes, httpFilters };
  return { name: "hcm", typedConfig: any(hcmType, config) };
}

function upstreamTls(secret: string, fetchTimeoutMs: number): object {
  const validationContextSdsSecretConfig = { name: secret, sdsConfig: configSource(fetchTimeoutMs) };
  const config = { commonTlsContext: { validationContextSdsSecretConfig } };
  return {
    name: "tls",
    typedConfig: any("envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext", config),
  };
}

function downstreamTls(secret: string, fetchTimeoutMs: number): object {
  const tlsCertificateSdsSecretConfigs = [{ name: secret, sdsConfig: configSource(fetchTimeoutMs) }];
  const config = { commonTlsContext: { tlsCertificateSdsSecretConfigs } };
  return {
    name: "tls",
    typedConfig: any("envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext", config),
  };
}

function any(typeName: Parameters<typeof codec>[0], config: object): object {
  return { typeUrl: `type.googleapis.com/${typeName}`, value: codec(typeName).encode(config) };
}

/** Listeners of one Envoy must differ in address although none is bound. */
function portOf(name: string): number {
  return 10_000 + [...name].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 20_000, 7);
}
