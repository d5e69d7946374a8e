import type { JsonObject } from "@routeledger/std";
import { translateAll } from "@routeledger/translation";
import { partJson } from "@routeledger/translation/testing";
import type { Part } from "@routeledger/xds-model";
import { fixtureState } from "../fixture-objects.ts";
import type { StaticCluster, XdsConfig } from "./xds-config.ts";

/**
 * What we give to the proxies of a Gateway.
 * @param gateway `namespace/name`
 */
export function ourConfig(objects: readonly JsonObject[], gateway: string): XdsConfig {
  const parts = [...(translateAll(fixtureState(objects)).groups.get(gateway)?.values() ?? [])];
  const of = (type: Part["type"]): Part[] => parts.filter((part) => part.type === type);
  const listeners = of("listener").map(partJson) as JsonObject[];
  const reached = new Set(
    of("endpoint")
      .filter(hasEndpoint)
      .map(({ resource }) => resource),
  );
  return {
    listeners: new Map(listeners.map((listener) => [portOf(listener), listener])),
    routeTables: routeTables(of("route")),
    clusters: of("cluster").map((part) => cluster(part, reached)),
    secrets: of("secret").map(({ resource }) => secret(resource, objects)),
  };
}

/** `tcp/0.0.0.0/80` */
function portOf({ name }: JsonObject): number {
  return Number(String(name).split("/").at(-1));
}

function routeTables(parts: readonly Part[]): Map<string, JsonObject> {
  const byName = Map.groupBy(parts, ({ resource }) => resource);
  return new Map(
    [...byName].map(([name, ofTable]) => {
      const shell = ofTable.find(({ virtualHost }) => virtualHost === "") as Part;
      const hosts = ofTable.filter((part) => part !== shell).map(partJson);
      return [name, { ...(partJson(shell) as JsonObject), virtualHosts: hosts }];
    }),
  );
}

function hasEndpoint(part: Part): boolean {
  const { endpoints = [] } = partJson(part) as { endpoints?: { lbEndpoints?: unknown[] }[] };
  return endpoints.some(({ lbEndpoints = [] }) => lbEndpoints.length > 0);
}

/** `service/<namespace>/<name>/<port>`, with `/h2` at its end when it speaks HTTP/2. */
function cluster(part: Part, reached: ReadonlySet<string>): StaticCluster {
  const endpoints = part.resource.replace(/\/h2$/, "");
  const [, namespace, name, port] = endpoints.split("/");
  return {
    name: part.resource,
    backend: reached.has(endpoints) ? `${namespace}/${name}:${port}` : undefined,
    json: partJson(part) as JsonObject,
  };
}

/** What an edge would open: `secret/<namespace>/<name>`. */
function secret(resource: string, objects: readonly JsonObject[]): JsonObject {
  const [, namespace, name] = resource.split("/");
  const found = objects.find(
    ({ kind, metadata }) =>
      kind === "Secret" &&
      (metadata as JsonObject).namespace === namespace &&
      (metadata as JsonObject).name === name,
  );
  const data = (found?.data ?? {}) as Record<string, string>;
  const inline = (key: string): JsonObject => ({ inlineBytes: data[key] ?? "" });
  const tlsCertificate = { certificateChain: inline("tls.crt"), privateKey: inline("tls.key") };
  return { name: resource, tlsCertificate };
}
