/** For tests: resources of a small configuration, made by hand. */
import { codec } from "@routeledger/protos";
import type { Part } from "@routeledger/xds-model";
import { partOf } from "@routeledger/xds-model/testing";

/** An EDS cluster; `salt` changes its bytes and nothing else. */
export function cluster(name: string, salt = 1, serviceName = ""): Part {
  return partOf("cluster", name, {
    type: 3,
    edsClusterConfig: { serviceName, edsConfig: { ads: {} } },
    connectTimeout: { seconds: salt },
  });
}

export function endpoint(name: string, port = 1): Part {
  const address = { socketAddress: { address: "127.0.0.1", portValue: port } };
  return partOf("endpoint", name, { endpoints: [{ lbEndpoints: [{ endpoint: { address } }] }] });
}

/** A route table that sends everything to one cluster. */
export function route(name: string, clusterName: string): Part {
  const routes = [{ match: { prefix: "/" }, route: { cluster: clusterName } }];
  return partOf("route", name, { virtualHosts: [{ name: "all", domains: ["*"], routes }] });
}

/** A listener that names a route table; `timeoutS` changes the bytes of the reference. */
export function listener(name: string, routeName: string, timeoutS = 15): Part {
  const rds = {
    routeConfigName: routeName,
    configSource: { ads: {}, initialFetchTimeout: { seconds: timeoutS } },
  };
  return partOf("listener", name, { filterChains: [{ filters: [hcm(name, { rds })] }] });
}

/** A listener with its routes inside: it refers to no table. */
export function inlineListener(name: string): Part {
  return partOf("listener", name, {
    filterChains: [{ filters: [hcm(name, { routeConfig: { name: "error" } })] }],
  });
}

function hcm(name: string, routes: object): object {
  const typed = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
  const value = codec(typed).encode({ statPrefix: name, ...routes });
  return { name: "hcm", typedConfig: { typeUrl: `type.googleapis.com/${typed}`, value } };
}

/** A whole small configuration: listener `l` -> table `r` -> cluster `a`, with its endpoints. */
export function wholeParts(salt = 1): Part[] {
  return [cluster("a", salt), endpoint("a"), listener("l", "r"), route("r", "a")];
}

/** A secret by name; `salt` changes its bytes. */
export function secret(name: string, salt = "1"): Part {
  return partOf("secret", name, { genericSecret: { secret: { inlineString: salt } } });
}

/** An extension config by name. */
export function extensionConfig(name: string): Part {
  return partOf("extensionConfig", name, {});
}

/** A listener whose TLS context asks for a secret. */
export function tlsListener(name: string, secretName: string): Part {
  const typed = "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext";
  const configs = [{ name: secretName, sdsConfig: { ads: {} } }];
  const value = codec(typed).encode({ commonTlsContext: { tlsCertificateSdsSecretConfigs: configs } });
  const transportSocket = { name: "tls", typedConfig: { typeUrl: `type.googleapis.com/${typed}`, value } };
  return partOf("listener", name, { filterChains: [{ transportSocket }] });
}

/** An EDS cluster whose TLS context asks for a secret. */
export function tlsCluster(name: string, secretName: string, salt = 1): Part {
  const typed = "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext";
  const configs = [{ name: secretName, sdsConfig: { ads: {} } }];
  const value = codec(typed).encode({ commonTlsContext: { tlsCertificateSdsSecretConfigs: configs } });
  const transportSocket = { name: "tls", typedConfig: { typeUrl: `type.googleapis.com/${typed}`, value } };
  return edsCluster(name, { connectTimeout: { seconds: salt }, transportSocket });
}

/** An EDS cluster that checks the health of its endpoints. */
export function checkedCluster(name: string): Part {
  const healthCheck = { timeout: { seconds: 1 }, interval: { seconds: 1 }, tcpHealthCheck: {} };
  return edsCluster(name, { healthChecks: [healthCheck] });
}

function edsCluster(name: string, rest: object): Part {
  return partOf("cluster", name, { type: 3, edsClusterConfig: { edsConfig: { ads: {} } }, ...rest });
}

/** A listener that sends connections to one cluster, without routes. */
export function tcpListener(name: string, clusterName: string): Part {
  const typed = "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy";
  const value = codec(typed).encode({ statPrefix: name, cluster: clusterName });
  const filter = { name: "tcp", typedConfig: { typeUrl: `type.googleapis.com/${typed}`, value } };
  return partOf("listener", name, { filterChains: [{ filters: [filter] }] });
}
