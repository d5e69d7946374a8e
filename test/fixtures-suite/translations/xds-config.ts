import type { JsonObject, JsonValue } from "@routeledger/std";

/** What one translation gives to the proxies of a Gateway, as JSON. */
export interface XdsConfig {
  /** Those that speak HTTP or HTTPS, by the Gateway's port. */
  readonly listeners: ReadonlyMap<number, JsonObject>;
  /** By name. */
  readonly routeTables: ReadonlyMap<string, JsonObject>;
  readonly clusters: readonly StaticCluster[];
  readonly secrets: readonly JsonObject[];
}

export interface StaticCluster {
  readonly name: string;
  /** `namespace/name:port` of the Service that it reaches; undefined when it has no endpoint. */
  readonly backend: string | undefined;
  /** How it speaks to it, and whatever else its translation says of it. */
  readonly json: JsonObject;
}

/** Where one configuration is served. */
export interface Served {
  /** Sets its names apart from those of the others in one Envoy. */
  readonly prefix: string;
  readonly config: XdsConfig;
  /** Where the listener of a Gateway's port listens, on 127.0.0.1. */
  readonly localPort: (port: number) => number;
}

/** Where a backend listens: for clusters that speak HTTP/2 in clear text, and for the others. */
export type BackendAddress = (
  backend: string,
  http2: boolean,
) => { readonly address: string; readonly portValue: number };

/**
 * A bootstrap that serves configurations without a control plane: route tables stand in their listeners, clusters
 * reach the test's backends. Nothing else of them is changed, but that they write no access log.
 */
export function staticBootstrap(served: readonly Served[], addressOf: BackendAddress): JsonObject {
  const listeners = served.flatMap(({ prefix, config, localPort }) =>
    [...config.listeners].map(([port, json]) => ({
      ...withTables(json, { prefix, config }),
      name: `${prefix} ${port}`,
      address: { socketAddress: { address: "127.0.0.1", portValue: localPort(port) } },
    })),
  );
  const clusters = served.flatMap(({ prefix, config }) =>
    config.clusters.map((cluster) => staticCluster(prefix, cluster, addressOf)),
  );
  const secrets = served.flatMap(({ prefix, config }) =>
    config.secrets.map((secret) => ({ ...secret, name: `${prefix} ${secret.name}` })),
  );
  // Fields that Envoy would like to see replaced are still those of the fixtures.
  const runtime = {
    name: "fixtures",
    staticLayer: { "envoy.features.enable_all_deprecated_features": true },
  };
  return {
    node: { id: "fixtures", cluster: "fixtures" },
    admin: { address: { socketAddress: { address: "127.0.0.1", portValue: 0 } } },
    layeredRuntime: { layers: [runtime] },
    staticResources: { listeners, clusters, secrets },
  };
}

function staticCluster(
  prefix: string,
  { name, backend, json }: StaticCluster,
  addressOf: BackendAddress,
): JsonObject {
  const http2 = JSON.stringify(json.typedExtensionProtocolOptions ?? {}).includes("http2ProtocolOptions");
  const { edsClusterConfig: _eds, "@type": _type, ...rest } = json;
  const lbEndpoints =
    backend === undefined
      ? []
      : [{ endpoint: { address: { socketAddress: { ...addressOf(backend, http2) } } } }];
  const own = `${prefix} ${name}`;
  const loadAssignment = { clusterName: own, endpoints: [{ lbEndpoints }] };
  return { connectTimeout: "5s", ...rest, name: own, altStatName: own, type: "STATIC", loadAssignment };
}

/** A listener with its route tables and secrets in the place of where it would ask for them. */
function withTables(
  json: JsonObject,
  { prefix, config }: { readonly prefix: string; readonly config: XdsConfig },
): JsonObject {
  const clusters = new Set(config.clusters.map(({ name }) => name));
  // Names of clusters stand as texts in many places of a route table.
  const renamed = (value: JsonValue): JsonValue =>
    typeof value === "string" && clusters.has(value) ? `${prefix} ${value}` : value;
  const table = (name: string): JsonObject => {
    const found = config.routeTables.get(name) ?? { name, virtualHosts: [] };
    // Of a table that a proxy asks for, clusters are not checked (G113).
    return { ...(mapped(found, renamed) as JsonObject), validateClusters: false };
  };
  const replaced = (value: JsonValue): JsonValue => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    const { accessLog: _accessLog, rds, "@type": type, ...rest } = value;
    const routes =
      rds === undefined ? {} : { routeConfig: table(String((rds as JsonObject).routeConfigName)) };
    // A secret that is named and has no source is one of the bootstrap's.
    if (rest.sdsConfig !== undefined) return { name: `${prefix} ${rest.name}` };
    return {
      ...(typeof type === "string" && !type.endsWith(".Listener") ? { "@type": type } : {}),
      ...rest,
      ...routes,
    };
  };
  return mapped(json, replaced) as JsonObject;
}

/** A copy of a value with each value in it replaced, the inner ones first. */
function mapped(value: JsonValue, replace: (value: JsonValue) => JsonValue): JsonValue {
  if (Array.isArray(value)) return replace(value.map((one) => mapped(one, replace)));
  if (typeof value !== "object" || value === null) return replace(value);
  return replace(
    Object.fromEntries(Object.entries(value).map(([name, one]) => [name, mapped(one, replace)])),
  );
}
