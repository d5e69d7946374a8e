import { ApiClient } from "../api-client.ts";

const gatewayClass = `apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata:
  name: routeledger
spec:
  controllerName: routeledger.dev/gateway
`;

/** Applies GatewayClass `routeledger`: `dev` has it from the first start. */
export async function applyGatewayClass(apiUrl: string): Promise<void> {
  await new ApiClient(apiUrl).call({
    method: "POST",
    path: "/v1/apply",
    query: { actor: "dev", source: "dev", summary: "the GatewayClass that dev has from the start" },
    body: { files: [{ path: "gateway-class.yaml", text: gatewayClass }] },
  });
}
