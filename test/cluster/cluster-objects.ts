import { backendYaml, documents, gatewayYaml } from "../features/cli/manifests.ts";

/** The Gateways of a cluster's tests: an Envoy of each protocol serves one. */
export const gateways = ["delta", "sotw"] as const;
export type GatewayName = (typeof gateways)[number];

export interface ClusterPorts {
  /** On which the Envoy of the Gateway listens. */
  readonly delta: number;
  readonly sotw: number;
  /** Of the one backend, `blue`. */
  readonly backend: number;
}

/** Both Gateways, the backend, a route that nobody changes, and the first edit of the other. */
export function firstObjects(ports: ClusterPorts): string {
  return documents(
    gatewayClass,
    ...gateways.map((name) => gatewayYaml(name, ports[name])),
    backendYaml("blue", ports.backend),
    routeOfBoth("stable", "/stable"),
    editOfBoth(0),
  );
}

/** A route of both Gateways whose content is a number: Envoys set it as a response header. */
export function editOfBoth(edit: number): string {
  return `${routeOfBoth("shop", "/shop")}      filters:
        - type: ResponseHeaderModifier
          responseHeaderModifier:
            set:
              - name: x-edit
                value: "${edit}"
`;
}

const gatewayClass = `apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata:
  name: routeledger
spec:
  controllerName: routeledger.dev/gateway
`;

function routeOfBoth(name: string, path: string): string {
  return `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: ${name}
spec:
  parentRefs:
${gateways.map((gateway) => `    - name: ${gateway}\n`).join("")}  rules:
    - matches:
        - path:
            type: PathPrefix
            value: ${path}
      backendRefs:
        - group: gateway.envoyproxy.io
          kind: Backend
          name: blue
`;
}
