import type { ConfigObject } from "@routeledger/config-model";
import { by, type JsonObject } from "@routeledger/std";
import { parseHostname } from "../hostnames.ts";
import { parseIpAddress } from "../ip-address.ts";
import { specOf } from "../kinds.ts";
import { Problem, unsupported } from "../problem.ts";
import { parseBackendTls } from "../tls/backend-tls-settings.ts";
import { listOf, objectOf, objectsOf, portOf, shown, textOf } from "../untrusted.ts";
import { appProtocol, isWebsocket } from "./service-upstream.ts";
import {
  clusterName,
  type EndpointAddress,
  type EndpointSource,
  type SocketAddress,
  type Upstream,
} from "./upstream.ts";

const known = new WeakMap<ConfigObject, Upstream | Problem>();

/** Endpoints of a Backend that are looked at: what the schema allows. */
const endpointsMax = 256;

/** Bytes of a unix domain socket's path that the kernel takes. */
const pathBytesMax = 107;

/** What a Backend (gateway.envoyproxy.io) reaches, or why it cannot be served. */
export function backendUpstream(backend: ConfigObject): Upstream | Problem {
  let upstream = known.get(backend);
  if (upstream === undefined) {
    upstream = resolve(backend);
    known.set(backend, upstream);
  }
  return upstream;
}

function resolve(backend: ConfigObject): Upstream | Problem {
  const spec = specOf(backend);
  const title = `Backend ${backend.namespace}/${backend.name}`;
  if (spec.fallback !== undefined && spec.fallback !== false)
    return unsupported(`${title}: fallback is not served`);
  if ((textOf(spec.type) ?? "Endpoints") !== "Endpoints") {
    return unsupported(`${title}: type ${shown(spec.type)} is not served`);
  }
  const settings = parseBackendTls(title, backend);
  if (settings instanceof Problem) return settings;
  const protocols = listOf(spec.appProtocols).map(appProtocol);
  const protocol = protocols.some((one) => one.protocol === "http2") ? "http2" : "http1";
  const encrypted = protocols.some((one) => one.encrypted);
  const websocket = listOf(spec.appProtocols).some(isWebsocket);
  const base = `backend/${backend.namespace}/${backend.name}`;
  const endpoints = endpointSource(title, base, objectsOf(spec.endpoints).slice(0, endpointsMax));
  if (endpoints instanceof Problem) return endpoints;
  return {
    name: clusterName(base, protocol),
    protocol,
    owner: backend,
    websocket,
    endpoints,
    encrypted,
    settings,
    tls: undefined,
  };
}

function endpointSource(
  title: string,
  name: string,
  endpoints: readonly JsonObject[],
): EndpointSource | Problem {
  const addresses: EndpointAddress[] = [];
  const names: SocketAddress[] = [];
  for (const endpoint of endpoints) {
    const ip = objectOf(endpoint.ip);
    const fqdn = objectOf(endpoint.fqdn);
    const address = parseIpAddress(textOf(ip.address) ?? "");
    const hostname = parseHostname(textOf(fqdn.hostname) ?? "");
    const path = textOf(objectOf(endpoint.unix).path) ?? "";
    const ipPort = portOf(ip.port);
    const fqdnPort = portOf(fqdn.port);
    if (address !== undefined && ipPort !== undefined) addresses.push({ address, port: ipPort });
    else if (hostname !== undefined && fqdnPort !== undefined)
      names.push({ address: hostname, port: fqdnPort });
    else if (isSocketPath(path)) addresses.push({ path });
    else return unsupported(`${title}: endpoint ${shown(endpoint)} is not served`);
  }
  if (addresses.length > 0 && names.length > 0) {
    return new Problem("Invalid", `${title}: fqdn endpoints cannot be mixed with others`);
  }
  return names.length > 0
    ? { type: "dns", addresses: sortAddresses(names) }
    : { type: "addresses", name, addresses: sortAddresses(addresses) };
}

/** Absolute, or `@` and an abstract name. */
function isSocketPath(path: string): boolean {
  return /^[/@]\P{Cc}+$/u.test(path) && Buffer.byteLength(path) <= pathBytesMax;
}

/** Each once, sorted: IP addresses or names, then paths. */
function sortAddresses<Address extends EndpointAddress>(addresses: readonly Address[]): Address[] {
  const unique = new Map(addresses.map((one) => [addressKey(one), one]));
  return [...unique].sort(by(([key]) => key)).map(([, one]) => one);
}

function addressKey(one: EndpointAddress): string {
  return "path" in one ? `unix ${one.path}` : `${one.address} ${String(one.port).padStart(5, "0")}`;
}
