import type { ConfigObject } from "@routeledger/config-model";
import type { JsonObject } from "@routeledger/std";
import { specOf } from "../kinds.ts";
import { Problem, unsupported } from "../problem.ts";
import { objectsOf, portOf, textOf } from "../untrusted.ts";
import { clusterName, type Upstream, type UpstreamProtocol } from "./upstream.ts";

const known = new WeakMap<ConfigObject, Map<number, Upstream | Problem>>();

/**
 * What a port of a Service reaches, or why it cannot be served. Headless and selectorless Services work, the
 * clusterIP is never used (G74).
 * @param port the Service's port, not its targetPort (G70)
 */
export function serviceUpstream(service: ConfigObject, port: number): Upstream | Problem {
  let ports = known.get(service);
  if (ports === undefined) {
    ports = new Map();
    known.set(service, ports);
  }
  let upstream = ports.get(port);
  if (upstream === undefined) {
    upstream = resolve(service, port);
    ports.set(port, upstream);
  }
  return upstream;
}

function resolve(service: ConfigObject, port: number): Upstream | Problem {
  const spec = specOf(service);
  const title = `Service ${service.namespace}/${service.name}`;
  if (spec.type === "ExternalName") return unsupported(`${title} has type ExternalName`);
  const candidates = objectsOf(spec.ports).filter((candidate) => portOf(candidate.port) === port);
  const found = candidates.find((candidate) => protocolOf(candidate) === "TCP");
  if (found === undefined) {
    return candidates.length > 0
      ? new Problem("UnsupportedProtocol", `${title}: port ${port} has protocol ${protocolOf(candidates[0])}`)
      : new Problem("BackendNotFound", `${title} has no port ${port}`);
  }
  const { protocol, encrypted } = appProtocol(found.appProtocol);
  const base = `service/${service.namespace}/${service.name}/${port}`;
  return {
    name: clusterName(base, protocol),
    protocol,
    owner: service,
    websocket: isWebsocket(found.appProtocol),
    endpoints: {
      type: "service",
      name: base,
      port: { name: textOf(found.name) ?? "", port, protocol: "TCP" },
    },
    encrypted,
    settings: undefined,
    tls: undefined,
  };
}

const websockets = [
  "kubernetes.io/ws",
  "kubernetes.io/wss",
  "gateway.envoyproxy.io/ws",
  "gateway.envoyproxy.io/wss",
];

export function isWebsocket(appProtocol: JsonObject[string] | undefined): boolean {
  return websockets.includes(textOf(appProtocol) ?? "");
}

/** A port without a protocol is TCP: an API server fills it in, a file does not. */
export function protocolOf(port: JsonObject | undefined): string {
  return textOf(port?.protocol) || "TCP";
}

const encryptedProtocols = ["https", "kubernetes.io/wss", "gateway.envoyproxy.io/wss"];
const http2 = ["kubernetes.io/h2c", "gateway.envoyproxy.io/h2c"];

/** Rule G75: what is not said, or not known, is HTTP/1.1. Names without a domain are IANA's, in any case. */
export function appProtocol(written: JsonObject[string] | undefined): {
  readonly protocol: UpstreamProtocol;
  readonly encrypted: boolean;
} {
  const text = textOf(written) ?? "";
  const name = text.includes("/") ? text : text.toLowerCase();
  return {
    protocol: http2.includes(name) ? "http2" : "http1",
    encrypted: encryptedProtocols.includes(name),
  };
}
