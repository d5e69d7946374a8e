/** What targets of gRPC clients, and their servers, need: made by hand, since no Gateway translates to it. */
import { packAny } from "@routeledger/protos";
import type { Part } from "@routeledger/xds-model";
import { partOf } from "@routeledger/xds-model/testing";

const ads = { ads: {}, resourceApiVersion: "V3" } as const;

const routerFilter = {
  name: "router",
  typedConfig: packAny("envoy.extensions.filters.http.router.v3.Router", {}),
};

export interface GrpcTarget {
  /** Of the target, its route table, its cluster and the endpoints. */
  readonly name: string;
  /** Of the backends, in order of preference: the next is used when all before it are gone. */
  readonly ports: readonly number[];
  /** Of the cluster to connect; another one gives other bytes of the cluster, and the same endpoints. */
  readonly timeoutSeconds?: number;
  /** Where its routes lead. Default: to the cluster of its own name. */
  readonly to?: string;
  /** Another one gives other bytes of the listener. */
  readonly statPrefix?: string;
}

/** A target's listener, route table, cluster and endpoints. */
export function grpcTarget(target: GrpcTarget): Part[] {
  return [apiListener(target), grpcRoutes(target), grpcCluster(target), grpcEndpoints(target)];
}

/** The listener of a client: it names a route table, and listens nowhere. */
function apiListener({ name, statPrefix = "" }: GrpcTarget): Part {
  const manager = packAny(
    "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
    { statPrefix, rds: { routeConfigName: name, configSource: ads }, httpFilters: [routerFilter] },
  );
  return partOf("listener", name, { apiListener: { apiListener: manager } });
}

function grpcRoutes({ name, to = name }: GrpcTarget): Part {
  const routes = [{ match: { prefix: "" }, route: { cluster: to } }];
  return partOf("route", name, { virtualHosts: [{ name: "all", domains: ["*"], routes }] });
}

function grpcCluster({ name, timeoutSeconds = 1 }: GrpcTarget): Part {
  const connectTimeout = { seconds: timeoutSeconds };
  return partOf("cluster", name, { type: "EDS", connectTimeout, edsClusterConfig: { edsConfig: ads } });
}

/** A cluster that a gRPC client rejects: it finds its endpoints over EDS, of which it says nothing. */
export function rejectedCluster(name: string): Part {
  return partOf("cluster", name, { type: "EDS", connectTimeout: { seconds: 1 } });
}

function grpcEndpoints({ name, ports }: GrpcTarget): Part {
  const endpoints = ports.map((portValue, priority) => ({
    locality: { region: `region-${priority}` },
    loadBalancingWeight: { value: 1 },
    priority,
    lbEndpoints: [
      {
        endpoint: { address: { socketAddress: { address: "127.0.0.1", portValue } } },
        healthStatus: "HEALTHY" as const,
      },
    ],
  }));
  return partOf("endpoint", name, { endpoints });
}

/** What a server's resource is called that listens on HOST:PORT, as `bootstrap` says. */
export const serverListenerTemplate = "grpc/server?address=%s";

/** The listener of a server: it must listen on the address that the listener says (rule 65). */
export function serverListener(name: string, port: number): Part {
  const manager = packAny(
    "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
    {
      routeConfig: {
        name: "inbound",
        virtualHosts: [
          {
            name: "all",
            domains: ["*"],
            routes: [{ match: { prefix: "" }, nonForwardingAction: {} }],
          },
        ],
      },
      httpFilters: [routerFilter],
    },
  );
  return partOf("listener", name, {
    address: { socketAddress: { address: "127.0.0.1", portValue: port } },
    defaultFilterChain: { name: "all", filters: [{ name: "manager", typedConfig: manager }] },
  });
}
