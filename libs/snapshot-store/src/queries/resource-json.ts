import { codec, Malformed, toJson } from "@routeledger/protos";
import type { JsonObject } from "@routeledger/std";
import { type ResourceType, typeUrls } from "@routeledger/xds-model";

const messages = {
  cluster: "envoy.config.cluster.v3.Cluster",
  endpoint: "envoy.config.endpoint.v3.ClusterLoadAssignment",
  listener: "envoy.config.listener.v3.Listener",
  route: "envoy.config.route.v3.RouteConfiguration",
  secret: "envoy.extensions.transport_sockets.tls.v3.Secret",
  extensionConfig: "envoy.config.core.v3.TypedExtensionConfig",
} as const satisfies Record<ResourceType, string>;

/**
 * A resource as people read it: canonical proto3 JSON with `@type`, what is sensitive redacted. Bytes that are not
 * of their type give `undecodable` and why: what was served is shown whatever it is.
 */
export function resourceJson(type: ResourceType, bytes: Uint8Array): JsonObject {
  const name = messages[type];
  try {
    const json = toJson(name, codec(name).decode(bytes), { redactSensitive: true });
    return { "@type": typeUrls[type], ...(json as JsonObject) };
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return { "@type": typeUrls[type], undecodable: error.message };
  }
}
