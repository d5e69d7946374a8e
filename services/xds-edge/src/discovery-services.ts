/** The gRPC services that proxies are served on: the aggregated one, and one a type (rule 1). */
import type { ServiceDefinition } from "@grpc/grpc-js";
import { codec, type MessageName, type ServiceName, serviceMethods } from "@routeledger/protos";
import { AssertionFailed } from "@routeledger/std";
import type { ResourceType } from "@routeledger/xds-model";
import type { Protocol } from "@routeledger/xds-stream";
import type { EncodedResponse } from "./encode-response.ts";

export interface DiscoveryService {
  readonly service: ServiceName;
  /** The one type of a per-type service; absent: the aggregated one. */
  readonly resourceType?: ResourceType;
}

export const discoveryServices: readonly DiscoveryService[] = [
  { service: "envoy.service.discovery.v3.AggregatedDiscoveryService" },
  { service: "envoy.service.cluster.v3.ClusterDiscoveryService", resourceType: "cluster" },
  { service: "envoy.service.endpoint.v3.EndpointDiscoveryService", resourceType: "endpoint" },
  { service: "envoy.service.listener.v3.ListenerDiscoveryService", resourceType: "listener" },
  { service: "envoy.service.route.v3.RouteDiscoveryService", resourceType: "route" },
  { service: "envoy.service.secret.v3.SecretDiscoveryService", resourceType: "secret" },
  {
    service: "envoy.service.extension.v3.ExtensionConfigDiscoveryService",
    resourceType: "extensionConfig",
  },
];

const protocols = new Map<string, Protocol>([
  ["envoy.service.discovery.v3.DiscoveryRequest", "sotw"],
  ["envoy.service.discovery.v3.DeltaDiscoveryRequest", "delta"],
]);

/**
 * The streaming methods of a service, and which protocol each speaks. `Fetch...`, which answers once and never again,
 * is UNIMPLEMENTED. Requests are decoded here; responses come encoded and go through `writeShared`.
 */
export function streamingMethods(service: ServiceName): readonly {
  readonly name: string;
  readonly protocol: Protocol;
  readonly definition: ServiceDefinition[string];
}[] {
  return serviceMethods(service).flatMap(({ name, path, requestType, requestStream }) => {
    const protocol = protocols.get(requestType);
    if (!requestStream || protocol === undefined) return [];
    const { decode } = codec(requestType as MessageName);
    const definition: ServiceDefinition<Record<string, unknown>>[string] = {
      ...{ path, requestStream: true, responseStream: true },
      requestSerialize: (request: Buffer) => request,
      requestDeserialize: (bytes: Buffer) => decode(bytes),
      responseSerialize: (_response: EncodedResponse) => {
        throw new AssertionFailed("responses to be written as they are");
      },
      responseDeserialize: (bytes: Buffer) => bytes,
    };
    return [{ name, protocol, definition }];
  });
}

const paths = new Set(
  discoveryServices.flatMap(({ service }) =>
    streamingMethods(service).map(({ definition }) => definition?.path),
  ),
);

/** Whether a method is one of these services', by its path. */
export function isDiscovery(path: string): boolean {
  return paths.has(path);
}
