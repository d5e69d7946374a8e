/** What story 2 is told with: a TLS listener with two hosts, and a route for each. */
import type { JsonObject } from "@routeledger/std";

/** Each has a listener of the Gateway, so a filter chain and a route table in Envoy, and a route of its name. */
export const hosts = ["one.example", "two.example"] as const;
export type Host = (typeof hosts)[number];

/** Of the Secret with the listeners' certificate, which is to be in the namespace `default`. */
export const certificateName = "pair";

/** The listeners of a Gateway, one a host, all on one port. */
export function hostListeners(port: number): JsonObject[] {
  return hosts.map((hostname) => ({
    name: hostname.replace(".example", ""),
    protocol: "HTTPS",
    ...{ port, hostname },
    tls: { certificateRefs: [{ name: certificateName }] },
  }));
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
      parentRefs: gateways.map((name) => ({ name })),
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
