import { codec, packAny, topLevelFields, unpackAnyAs, withMessages } from "@routeledger/protos";
import { concatBytes } from "@routeledger/std";
import type { FailureStatus } from "../routes/rule-kind.ts";

// What stands for a resource whose extension fails closed: the same name and the same references, and every request
// that reaches it gets an error.

const connectionManager = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
const fault = "envoy.extensions.filters.http.fault.v3.HTTPFault";

/** `Route.name` and `Route.match`. */
const keptRouteFields: readonly number[] = [14, 1];
/** `VirtualHost.name` and `VirtualHost.domains`. */
const keptHostFields: readonly number[] = [1, 2];
/** `VirtualHost.routes` */
const hostRoutesField = 3;

/** A route that answers its requests itself. */
export function errorRoute(route: Uint8Array, status: FailureStatus): Uint8Array {
  const answer = codec("envoy.config.route.v3.Route").encode({ directResponse: { status } });
  return concatBytes([...fieldsOf(route, keptRouteFields), answer]);
}

/** A virtual host that answers all requests of its domains itself. */
export function errorHost(host: Uint8Array): Uint8Array {
  const route = codec("envoy.config.route.v3.Route").encode({
    name: "extension-failed",
    match: { prefix: "/" },
    directResponse: { status: 500 },
  });
  return withMessages(concatBytes(fieldsOf(host, keptHostFields)), hostRoutesField, [route]);
}

/** A listener that answers requests itself: it goes on naming its route tables. */
export function errorListener(listener: Uint8Array): Uint8Array {
  const listeners = codec("envoy.config.listener.v3.Listener");
  const message = listeners.decode(listener, { keepUnknownFields: true });
  const filterChains = message.filterChains.map((chain) => ({
    ...chain,
    filters: chain.filters.map((filter) => {
      const manager = filter.typedConfig && unpackAnyAs(connectionManager, filter.typedConfig);
      if (manager === undefined) return filter;
      const httpFilters = [
        { name: "routeledger.extension-failed", typedConfig: abortAll },
        ...manager.httpFilters,
      ];
      return { ...filter, typedConfig: packAny(connectionManager, { ...manager, httpFilters }) };
    }),
  }));
  return listeners.encode({ ...message, filterChains });
}

const abortAll = packAny(fault, {
  abort: { httpStatus: 500, percentage: { numerator: 100, denominator: "HUNDRED" } },
});

/** A cluster without endpoints. */
export function errorCluster(name: string): Uint8Array {
  return codec("envoy.config.cluster.v3.Cluster").encode({
    name,
    type: "STATIC",
    loadAssignment: { clusterName: name },
  });
}

/** An assignment without endpoints. */
export function errorEndpoints(name: string): Uint8Array {
  return codec("envoy.config.endpoint.v3.ClusterLoadAssignment").encode({ clusterName: name });
}

/** Fields of a message of ours, as they stand in it. */
function fieldsOf(message: Uint8Array, numbers: readonly number[]): Uint8Array[] {
  const fields = topLevelFields(message);
  if ("illFormed" in fields) return [];
  return fields.filter(({ number }) => numbers.includes(number)).map(({ bytes }) => bytes);
}
