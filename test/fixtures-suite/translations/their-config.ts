import { readFileSync } from "node:fs";
import type { JsonObject } from "@routeledger/std";
import { parse } from "yaml";
import type { StaticCluster, XdsConfig } from "./xds-config.ts";

/** Which Service a cluster of theirs reaches, `namespace/name:port`; undefined for one that they made nowhere. */
export type BackendOf = (cluster: string) => string | undefined;

/**
 * kgateway's proxy: listeners and route tables. Its clusters are not in the fixtures, only their names.
 * @param ports of the Gateway
 */
export function kgatewayConfig(file: string, ports: readonly number[]): XdsConfig {
  const { Listeners = [], Routes = [] } = parse(readFileSync(file, "utf8")) as {
    Listeners?: JsonObject[];
    Routes?: JsonObject[];
  };
  return {
    listeners: byPort(Listeners, ports, 8_000),
    routeTables: byName(Routes),
    clusters: namedClusters(Routes, (name) => {
      const [, namespace, service, port] = /^kube_([^_]+)_([^_]+)_(\d+)$/.exec(name) ?? [];
      return port === undefined ? undefined : `${namespace}/${service}:${port}`;
    }),
    secrets: [],
  };
}

/**
 * Dumps of Envoy's configuration, in one file or several.
 * @param ports of the Gateway
 */
export function envoyGatewayConfig(
  files: readonly string[],
  ports: readonly number[],
  backendOf: BackendOf,
): XdsConfig {
  const dumps = files.flatMap((file) => {
    const { xds } = parse(readFileSync(file, "utf8")) as { xds: Record<string, JsonObject> };
    return Object.values(xds).flatMap((dump) => (dump.configs as JsonObject[] | undefined) ?? [dump]);
  });
  const all = (list: string, ...path: string[]): JsonObject[] =>
    dumps
      .flatMap((dump) => (dump[list] as JsonObject[] | undefined) ?? [])
      .map((one) => path.reduce((at, name) => at[name] as JsonObject, one));
  const routeTables = all("dynamicRouteConfigs", "routeConfig");
  const clusters = all("dynamicActiveClusters", "cluster");
  const listeners = all("dynamicListeners", "activeState", "listener").filter((listener) =>
    JSON.stringify(listener).includes('"rds"'),
  );
  return {
    listeners: byPort(listeners, ports, 10_000),
    routeTables: byName(routeTables),
    clusters:
      clusters.length === 0
        ? namedClusters(routeTables, backendOf)
        : clusters.map((json) => ({ name: String(json.name), backend: backendOf(String(json.name)), json })),
    secrets: [],
  };
}

/** @param added what the translation adds to ports below 1024 */
function byPort(
  listeners: readonly JsonObject[],
  ports: readonly number[],
  added: number,
): Map<number, JsonObject> {
  const found = new Map(listeners.map((listener) => [portOf(listener), listener]));
  return new Map(
    ports.flatMap((port): [number, JsonObject][] => {
      const listener = found.get(port < 1024 ? port + added : port);
      return listener === undefined ? [] : [[port, listener]];
    }),
  );
}

function portOf({ address }: JsonObject): number {
  return (address as { socketAddress: { portValue: number } }).socketAddress.portValue;
}

function byName(tables: readonly JsonObject[]): Map<string, JsonObject> {
  return new Map(tables.map(({ "@type": _type, ...table }) => [String(table.name), table as JsonObject]));
}

/** Plain clusters of the names that routes say. */
function namedClusters(tables: readonly JsonObject[], backendOf: BackendOf): StaticCluster[] {
  const names = [...JSON.stringify(tables).matchAll(/"cluster":"([^"]+)"/g)].map(([, name]) => String(name));
  return [...new Set(names)].sort().flatMap((name) => {
    const backend = backendOf(name);
    return backend === undefined ? [] : [{ name, backend, json: {} }];
  });
}
