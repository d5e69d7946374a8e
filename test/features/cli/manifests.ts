/** Small objects for tests, as YAML. */
export function gatewayYaml(name: string, port: number): string {
  return `apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata:
  name: ${name}
spec:
  gatewayClassName: routeledger
  listeners:
    - name: http
      protocol: HTTP
      port: ${port}
`;
}

export function backendYaml(name: string, port: number): string {
  return `apiVersion: gateway.envoyproxy.io/v1alpha1
kind: Backend
metadata:
  name: ${name}
spec:
  endpoints:
    - ip:
        address: 127.0.0.1
        port: ${port}
`;
}

export interface RouteOptions {
  readonly name: string;
  readonly gateway: string;
  readonly backend: string;
  readonly path?: string;
  readonly hostname?: string;
}

export function routeYaml({ name, gateway, backend, path = "/", hostname }: RouteOptions): string {
  return `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: ${name}
spec:
  parentRefs:
    - name: ${gateway}
${hostname === undefined ? "" : `  hostnames: ["${hostname}"]\n`}  rules:
    - matches:
        - path:
            type: PathPrefix
            value: ${path}
      backendRefs:
        - group: gateway.envoyproxy.io
          kind: Backend
          name: ${backend}
`;
}

export function documents(...texts: readonly string[]): string {
  return texts.join("---\n");
}
