/** What story 2 is told with: a TLS listener with two hosts, and a route for each. */
import type { JsonObject } from "@routeledger/std";

/** Each has a listener of the Gateway, so a filter chain and a route table in Envoy, and a route of its name. */
export const hosts = ["one.example", "two.example"] as const;
export type Host = (typeof hosts)[number];

/** Of the Secret with the listeners' certificate, which is to be in the namespace `default`. */
export const certificateName = "pair";

/** Listeners of a Gateway, one a host, all on one port. */
export function hostListeners(port: number, hostnames: readonly string[] = hosts): JsonObject[] {
  return hostnames.map((hostname) => ({
    name: sectionOf(hostname),
    protocol: "HTTPS",
    ...{ port, hostname },
    tls: { certificateRefs: [{ name: certificateName }] },
  }));
}

function sectionOf(hostname: string): string {
  return hostname.replace(".example", "");
}

export interface HostRouteChoices {
  /** Names of Gateways. */
  readonly gateways: readonly string[];
  /** What the route answers in the header `x-edit`: another one is a change. */
  readonly edit: number;
  /** Filters behind that header's. */
  readonly filters?: readonly JsonObject[];
}

/** Sends all of a host to the Backend `blue`. */
export function hostRoute(host: Host, { gateways, edit, filters = [] }: HostRouteChoices): JsonObject {
  const set = [{ name: "x-edit", value: String(edit) }];
  return {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "HTTPRoute",
    metadata: { name: host, namespace: "default" },
    spec: {
      parentRefs: gateways.map((name) => ({ name, sectionName: sectionOf(host) })),
      hostnames: [host],
      rules: [
        {
          filters: [{ type: "ResponseHeaderModifier", responseHeaderModifier: { set } }, ...filters],
          backendRefs: [{ group: "gateway.envoyproxy.io", kind: "Backend", name: "blue" }],
        },
      ],
    },
  };
}

/** The kind of `examples/extension`. */
const kind = { group: "example.routeledger.dev", kind: "ResponseHeader" };

export interface ExtensionChoices {
  /** Of its server, on loopback. */
  readonly port: number;
  /** `Translation` is asked about listeners and route tables, too. */
  readonly hooks: readonly string[];
  readonly failureMode: "keepLast" | "failClosed" | "failOpen";
}

/** An Extension whose server is asked for half a second. */
export function extension({ port, hooks, failureMode }: ExtensionChoices): JsonObject {
  const all = { includeAll: true };
  return {
    apiVersion: "routeledger.dev/v1alpha1",
    kind: "Extension",
    metadata: { name: "headers" },
    spec: {
      resources: [{ ...kind, version: "v1alpha1" }],
      hooks: { xdsTranslator: { post: [...hooks], translation: { listener: all, route: all } } },
      service: { ip: { address: "127.0.0.1", port } },
      deadline: "500ms",
      failureMode,
    },
  };
}

/** The object of the extension that routes name: they answer with the header `x-served-by` of this value. */
export function servedBy(value: string): JsonObject {
  return {
    apiVersion: `${kind.group}/v1alpha1`,
    kind: kind.kind,
    metadata: { name: "served-by", namespace: "default" },
    spec: { name: "x-served-by", value },
  };
}

/** Of a route: names that object. */
export const servedByFilter: JsonObject = {
  type: "ExtensionRef",
  extensionRef: { ...kind, name: "served-by" },
};
