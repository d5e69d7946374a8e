/** Resources made by hand that Envoy rejects, waits for or drains. */
import { type MessageTypes, packAny } from "@routeledger/protos";
import type { Bootstrap } from "@routeledger/translation";
import type { Part } from "@routeledger/xds-model";
import { partOf } from "@routeledger/xds-model/testing";
import type { Protocol } from "../../features/xds/raw-client.ts";
import type { TestCertificate } from "./test-certificates.ts";

type ConfigSource = MessageTypes["envoy.config.core.v3.ConfigSource"];
type FilterChain = MessageTypes["envoy.config.listener.v3.FilterChain"];
type HttpFilter = MessageTypes["envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter"];
type TransportSocket = MessageTypes["envoy.config.core.v3.TransportSocket"];
type Cluster = MessageTypes["envoy.config.cluster.v3.Cluster"];

function duration(ms: number) {
  return { seconds: Math.floor(ms / 1_000), nanos: (ms % 1_000) * 1_000_000 };
}

/** ADS; Envoy's own timeout of 15 s when none is given. */
export function adsSource(fetchTimeoutMs?: number): ConfigSource {
  const timeout = fetchTimeoutMs === undefined ? {} : { initialFetchTimeout: duration(fetchTimeoutMs) };
  return { ads: {}, resourceApiVersion: "V3", ...timeout };
}

export interface EdsClusterChoices {
  /** Of connections; another one gives other bytes. */
  readonly timeoutMs?: number;
  readonly fetchTimeoutMs?: number;
  /** ADS without one. */
  readonly source?: ConfigSource;
  readonly serviceName?: string;
  readonly more?: Cluster;
}

export function edsCluster(name: string, choices: EdsClusterChoices = {}): Part {
  const { timeoutMs = 1_000, fetchTimeoutMs, source, serviceName = "", more = {} } = choices;
  return partOf("cluster", name, {
    type: "EDS",
    connectTimeout: duration(timeoutMs),
    edsClusterConfig: { edsConfig: source ?? adsSource(fetchTimeoutMs), serviceName },
    ...more,
  });
}

/** How Envoy reaches the edge; as in the bootstrap, it tries again within seconds. */
const edgeService = {
  clusterName: "routeledger/xds-edge",
  authority: "xds-edge",
  retryPolicy: { retryBackOff: { baseInterval: { nanos: 200_000_000 }, maxInterval: { seconds: 5 } } },
} as const;

/** The service of one type, of the edge. */
export function perTypeSource(protocol: Protocol): ConfigSource {
  return {
    apiConfigSource: {
      apiType: protocol === "delta" ? "DELTA_GRPC" : "GRPC",
      transportApiVersion: "V3",
      setNodeOnFirstMessageOnly: true,
      grpcServices: [{ envoyGrpc: edgeService, timeout: { seconds: 1 } }],
    },
    resourceApiVersion: "V3",
  };
}

/** Clusters and listeners from the services of their types, too. */
export function perTypeBootstrap(made: Bootstrap, protocol: Protocol): Bootstrap {
  const { ads_config: aggregated } = Object(made.dynamic_resources);
  const source = {
    resource_api_version: "V3",
    initial_fetch_timeout: "15s",
    api_config_source: {
      api_type: protocol === "delta" ? "DELTA_GRPC" : "GRPC",
      transport_api_version: "V3",
      set_node_on_first_message_only: true,
      grpc_services: aggregated.grpc_services,
    },
  };
  return { ...made, dynamic_resources: { cds_config: source, lds_config: source } };
}

/** A cluster with its one endpoint inside, or none without a port. */
export function staticCluster(name: string, portValue?: number, more: Cluster = {}): Part {
  const address = { socketAddress: { address: "127.0.0.1", portValue: portValue ?? 0 } };
  const endpoints = portValue === undefined ? [] : [{ lbEndpoints: [{ endpoint: { address } }] }];
  const loadAssignment = { clusterName: name, endpoints };
  return partOf("cluster", name, { type: 0, connectTimeout: { seconds: 1 }, loadAssignment, ...more });
}

/** A cluster that field validation rejects: a connection may not take 0 s. */
export function invalidCluster(name: string): Part {
  return edsCluster(name, { timeoutMs: 0 });
}

/** A cluster whose fields are valid and which cannot be built: a TLS context without a certificate's file. */
export function unbuildableCluster(name: string): Part {
  const typedConfig = packAny("envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext", {
    commonTlsContext: { validationContext: { trustedCa: { filename: "/no/such/file" } } },
  });
  return edsCluster(name, {
    more: { transportSocket: { name: "envoy.transport_sockets.tls", typedConfig } },
  });
}

/** Envoy takes priorities up to 128. */
export function invalidEndpoints(name: string, portValue: number): Part {
  const address = { socketAddress: { address: "127.0.0.1", portValue } };
  return partOf("endpoint", name, {
    endpoints: [{ priority: 129, lbEndpoints: [{ endpoint: { address } }] }],
  });
}

/** A route table without a domain, which field validation rejects. */
export function invalidRoute(name: string): Part {
  return partOf("route", name, { virtualHosts: [{ name: "all", domains: [] }] });
}

/** A route table that answers a status by itself. */
export function answering(name: string, status: number): Part {
  const routes = [{ match: { prefix: "/" }, directResponse: { status } }];
  return partOf("route", name, { virtualHosts: [{ name: "all", domains: ["*"], routes }] });
}

/** A route table that goes by prefix: `{"/a": "cluster"}`. */
export function routesTo(name: string, targets: Readonly<Record<string, string>>): Part {
  const routes = Object.entries(targets).map(([prefix, cluster]) => ({
    match: { prefix },
    route: { cluster },
  }));
  return partOf("route", name, { virtualHosts: [{ name: "all", domains: ["*"], routes }] });
}

export interface HttpListenerChoices {
  readonly port: number;
  /** Absent: the listener answers 204 by itself. */
  readonly table?: string;
  readonly fetchTimeoutMs?: number;
  /** ADS without one. */
  readonly source?: ConfigSource;
  readonly filters?: readonly HttpFilter[];
  readonly transportSocket?: TransportSocket;
  readonly metadata?: string;
  /** Of the connection manager. */
  readonly serverName?: string;
  /** Of the connection manager; an empty one is rejected. */
  readonly statPrefix?: string;
  readonly moreChains?: readonly FilterChain[];
  /** Of the listener itself. */
  readonly bufferBytesMax?: number;
  readonly sni?: boolean;
}

/** A listener with one HTTP filter chain, and more when asked. */
export function httpListener(name: string, choices: HttpListenerChoices): Part {
  const { port, moreChains = [], bufferBytesMax, metadata, sni = false } = choices;
  const inspector = {
    name: "envoy.filters.listener.tls_inspector",
    typedConfig: packAny("envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector", {}),
  };
  return partOf("listener", name, {
    address: { socketAddress: { address: "127.0.0.1", portValue: port } },
    ...(sni ? { listenerFilters: [inspector] } : {}),
    filterChains: [httpChain(choices), ...moreChains],
    ...(bufferBytesMax === undefined ? {} : { perConnectionBufferLimitBytes: { value: bufferBytesMax } }),
    ...(metadata === undefined
      ? {}
      : { metadata: { filterMetadata: { test: { fields: { text: { stringValue: metadata } } } } } }),
  });
}

export function httpChain(choices: Omit<HttpListenerChoices, "port">): FilterChain {
  const {
    table,
    fetchTimeoutMs,
    source,
    filters = [],
    transportSocket,
    serverName = "",
    statPrefix = "l",
  } = choices;
  const routes = [{ match: { prefix: "/" }, directResponse: { status: 204 } }];
  const routing =
    table === undefined
      ? { routeConfig: { name: "inline", virtualHosts: [{ name: "all", domains: ["*"], routes }] } }
      : { rds: { routeConfigName: table, configSource: source ?? adsSource(fetchTimeoutMs) } };
  const router: HttpFilter = {
    name: "envoy.filters.http.router",
    typedConfig: packAny("envoy.extensions.filters.http.router.v3.Router", {}),
  };
  const typedConfig = packAny(
    "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
    { statPrefix, ...routing, serverName, httpFilters: [...filters, router] },
  );
  return {
    filters: [{ name: "envoy.filters.network.http_connection_manager", typedConfig }],
    ...(transportSocket === undefined ? {} : { transportSocket }),
  };
}

/** A server's TLS with its certificate as a secret. */
export function serverTls(secret: string, fetchTimeoutMs?: number): TransportSocket {
  return {
    name: "envoy.transport_sockets.tls",
    typedConfig: packAny("envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext", {
      commonTlsContext: {
        tlsCertificateSdsSecretConfigs: [{ name: secret, sdsConfig: adsSource(fetchTimeoutMs) }],
      },
    }),
  };
}

/** A client's TLS that trusts what a secret says. */
export function clientTls(secret: string, fetchTimeoutMs?: number): TransportSocket {
  return {
    name: "envoy.transport_sockets.tls",
    typedConfig: packAny("envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext", {
      commonTlsContext: {
        validationContextSdsSecretConfig: { name: secret, sdsConfig: adsSource(fetchTimeoutMs) },
      },
    }),
  };
}

export function certificateSecret(name: string, { certificate, privateKey }: TestCertificate): Part {
  return partOf("secret", name, {
    tlsCertificate: {
      certificateChain: { inlineString: certificate },
      privateKey: { inlineString: privateKey },
    },
  });
}

/** A certificate whose key is of another one: Envoy rejects it when it is built. */
export function mismatchedSecret(name: string, one: TestCertificate, other: TestCertificate): Part {
  return certificateSecret(name, { ...one, privateKey: other.privateKey });
}

export function trustSecret(name: string, { certificate }: TestCertificate): Part {
  return partOf("secret", name, { validationContext: { trustedCa: { inlineString: certificate } } });
}
