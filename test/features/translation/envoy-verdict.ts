import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder, type EnvoyVersion, envoyBinary } from "@routeledger/cli";
import { codec, durationOfMs, packAny } from "@routeledger/protos";
import type { JsonObject } from "@routeledger/std";
import { bootstrap } from "@routeledger/translation";
import type { Part } from "@routeledger/xds-model";

// The bytes of the parts reach Envoy as they are, in a binary bootstrap: re-encoding could mend them.

const manager = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
const router = "envoy.extensions.filters.http.router.v3.Router";

/**
 * What Envoy says against parts of any number of translations at once; empty when it accepts them all.
 * @param folder where the configuration is written
 */
export async function envoyVerdict(
  version: EnvoyVersion,
  translations: readonly (readonly Part[])[],
  folder: string,
): Promise<string> {
  const progress = (line: string): void => void process.stderr.write(`${line}\n`);
  const envoy = await envoyBinary({ version, cacheFolder: cacheFolder(process.env), progress });
  const file = join(folder, `verdict-${version}.pb`);
  await writeFile(file, staticBootstrap(translations));
  const args = ["--mode", "validate", "-c", file, "--config-yaml", JSON.stringify(rest())];
  return new Promise((resolve) => {
    execFile(envoy, [...args, "--log-level", "error"], { maxBuffer: 1 << 24 }, (error, stdout, stderr) =>
      resolve(error === null ? "" : `${stderr}${stdout}` || String(error)),
    );
  });
}

/** The bootstrap that proxies start with, without its clusters, which the file has. */
function rest(): JsonObject {
  const edge = { host: "127.0.0.1", port: 18000 };
  return bootstrap({ gateway: "default/web", nodeId: "proxy-1", edges: [edge], protocol: "delta" });
}

function staticBootstrap(translations: readonly (readonly Part[])[]): Uint8Array {
  const resources = new Map<string, Uint8Array>();
  for (const parts of translations) {
    for (const part of parts) {
      const key = `${part.type} ${part.digest}`;
      if (resources.has(key)) continue;
      const name = `${resources.size} ${part.resource}`;
      if (part.type === "cluster" && !crashesValidation(part.bytes))
        resources.set(key, field(2, renamed(part.bytes, name)));
      if (part.type === "endpoint") resources.set(key, field(2, clusterWith(name, part.bytes)));
      if (part.type === "listener") resources.set(key, field(1, moved(part.bytes, name, resources.size)));
    }
    for (const table of tablesOf(parts)) {
      const name = `table ${resources.size}`;
      resources.set(name, field(1, listenerWith(name, table, resources.size)));
    }
  }
  return field(2, Buffer.concat([...resources.values()]));
}

/** The bytes of each route table: its shell, followed by its virtual hosts. */
function tablesOf(parts: readonly Part[]): Uint8Array[] {
  const tables = new Map<string, Uint8Array[]>();
  for (const { type, resource, virtualHost, bytes } of parts) {
    if (type !== "route") continue;
    if (virtualHost === "") tables.set(resource, [bytes]);
    else tables.get(resource)?.push(field(2, bytes));
  }
  return [...tables.values()].map((pieces) => Buffer.concat(pieces));
}

/** A listener with a route table inline; the clusters of an inline table would be looked for (G113). */
function listenerWith(name: string, table: Uint8Array, index: number): Uint8Array {
  const httpFilters = [{ name: "envoy.filters.http.router", typedConfig: packAny(router, {}) }];
  const bare = codec(manager).encode({ statPrefix: "fuzz", httpFilters });
  const unchecked = codec("envoy.config.route.v3.RouteConfiguration").encode({
    validateClusters: { value: false },
  });
  const value = Buffer.concat([bare, field(4, Buffer.concat([table, unchecked]))]);
  const typedConfig = { typeUrl: `type.googleapis.com/${manager}`, value };
  const filterChains = [
    { filters: [{ name: "envoy.filters.network.http_connection_manager", typedConfig }] },
  ];
  return codec("envoy.config.listener.v3.Listener").encode({ ...ownAddress(index), name, filterChains });
}

/** A cluster whose endpoints are given: their bytes are looked at as those that come over EDS. */
function clusterWith(name: string, assignment: Uint8Array): Uint8Array {
  const bare = codec("envoy.config.cluster.v3.Cluster").encode({
    name,
    type: "STATIC",
    connectTimeout: durationOfMs(1000),
  });
  return Buffer.concat([bare, field(33, assignment)]);
}

/** Of a scalar that is there twice the last counts; messages are merged. So the names and addresses do not clash. */
function renamed(bytes: Uint8Array, name: string): Uint8Array {
  return Buffer.concat([bytes, codec("envoy.config.cluster.v3.Cluster").encode({ name })]);
}

function moved(bytes: Uint8Array, name: string, index: number): Uint8Array {
  const { portValue } = ownAddress(index).address.socketAddress;
  const address = { socketAddress: { portValue } };
  return Buffer.concat([bytes, codec("envoy.config.listener.v3.Listener").encode({ name, address })]);
}

/**
 * A cluster that resolves names and speaks TLS: where a name is found at once, as localhost is, an Envoy that only
 * validates crashes. One that runs does not (test/envoy/dev-backend-tls.test.ts).
 */
function crashesValidation(bytes: Uint8Array): boolean {
  const { type, transportSocket } = codec("envoy.config.cluster.v3.Cluster").decode(bytes);
  return type === strictDns && transportSocket !== undefined;
}

/** `Cluster.DiscoveryType` */
const strictDns = 1;

/** Nothing is bound while validating. */
function ownAddress(index: number): {
  address: { socketAddress: { address: string; portValue: number } };
} {
  const address = `127.0.${Math.floor(index / 60_000)}.1`;
  return { address: { socketAddress: { address, portValue: 1 + (index % 60_000) } } };
}

/** A length-delimited field. */
function field(number: number, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let left = value;
  for (; left > 127; left = Math.floor(left / 128)) bytes.push((left % 128) + 128);
  return Uint8Array.from([...bytes, left]);
}
