/** The xDS resource types that Routeledger serves, in the order in which one flush writes them (rule 47). */
export const resourceTypes = [
  "cluster",
  "endpoint",
  "listener",
  "route",
  "secret",
  "extensionConfig",
] as const;

export type ResourceType = (typeof resourceTypes)[number];

export const typeUrls: Readonly<Record<ResourceType, string>> = {
  cluster: "type.googleapis.com/envoy.config.cluster.v3.Cluster",
  endpoint: "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
  listener: "type.googleapis.com/envoy.config.listener.v3.Listener",
  route: "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
  secret: "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret",
  extensionConfig: "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig",
};

/** What people call it: `CDS`. */
export const typeNames: Readonly<Record<ResourceType, string>> = {
  cluster: "CDS",
  endpoint: "EDS",
  listener: "LDS",
  route: "RDS",
  secret: "SDS",
  extensionConfig: "ECDS",
};

/** `routeledger.xds.v1.ResourceType` in the log. */
export const typeNumbers: Readonly<Record<ResourceType, number>> = {
  cluster: 1,
  endpoint: 2,
  listener: 3,
  route: 4,
  secret: 5,
  extensionConfig: 6,
};

const byUrl = new Map(resourceTypes.map((type) => [typeUrls[type], type]));
const byNumber = new Map(resourceTypes.map((type) => [typeNumbers[type], type]));

/** Undefined for a type that is not served. */
export function typeOfUrl(typeUrl: string): ResourceType | undefined {
  return byUrl.get(typeUrl);
}

export function typeOfNumber(number: number): ResourceType | undefined {
  return byNumber.get(number);
}
