import { codec, type MessageName, unpackAny } from "@routeledger/protos";
import { sha256Hex } from "@routeledger/std";
import type { ResourceType } from "./resource-type.ts";
import type { Part, Reference } from "./snapshot.ts";

const messages: Readonly<Record<ResourceType, MessageName>> = {
  cluster: "envoy.config.cluster.v3.Cluster",
  endpoint: "envoy.config.endpoint.v3.ClusterLoadAssignment",
  listener: "envoy.config.listener.v3.Listener",
  route: "envoy.config.route.v3.RouteConfiguration",
  secret: "envoy.extensions.transport_sockets.tls.v3.Secret",
  extensionConfig: "envoy.config.core.v3.TypedExtensionConfig",
};

interface Facts {
  readonly references: readonly Reference[];
  readonly warmsByItself: boolean;
}

const known = new WeakMap<Uint8Array, Facts>();

/** The names that a part refers to: listener to route, route to cluster, cluster to endpoints, secrets, extension configs (P3). */
export function referencesOf(part: Part): readonly Reference[] {
  return factsOf(part).references;
}

/**
 * Whether a cluster needs more than its endpoints and secrets before Envoy uses it for the first time: it checks their
 * health, or resolves names (rule 48).
 */
export function warmsByItself(part: Part): boolean {
  return factsOf(part).warmsByItself;
}

function factsOf(part: Part): Facts {
  const cached = known.get(part.bytes);
  if (cached !== undefined) return cached;
  const name = part.virtualHost === "" ? messages[part.type] : "envoy.config.route.v3.VirtualHost";
  const message = codec(name).decode(part.bytes) as unknown as Message;
  const references: Reference[] = [];
  if (part.type === "cluster") collectEndpoints(part.resource, message, references);
  if (part.type !== "endpoint" && part.type !== "secret") walk(message, references);
  const facts = { references, warmsByItself: part.type === "cluster" && isSelfWarming(message) };
  known.set(part.bytes, facts);
  return facts;
}

function isSelfWarming({ type, clusterType, healthChecks }: Message): boolean {
  const isChecked = Array.isArray(healthChecks) && healthChecks.length > 0;
  return isChecked || isPresent(clusterType) || type === strictDnsType || type === logicalDnsType;
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}

type Message = { readonly [field: string]: unknown };

/** `Cluster.DiscoveryType` */
const [strictDnsType, logicalDnsType, edsType] = [1, 2, 3];

function collectEndpoints(clusterName: string, cluster: Message, found: Reference[]): void {
  if (cluster.type !== edsType) return;
  const config = (cluster.edsClusterConfig ?? {}) as Message;
  const name =
    typeof config.serviceName === "string" && config.serviceName !== "" ? config.serviceName : clusterName;
  const bytes = codec("envoy.config.cluster.v3.Cluster.EdsClusterConfig").encode(config);
  found.push({ type: "endpoint", name, digest: sha256Hex(bytes) });
}

/**
 * Finds what refers by the shape of the fields, at any depth and inside `Any`s whose type we know, so that a
 * filter that comes later is looked into as well.
 */
function walk(message: Message, found: Reference[]): void {
  if (typeof message.typeUrl === "string" && message.value instanceof Uint8Array) {
    const inner = unpackAny({ typeUrl: message.typeUrl, value: message.value });
    if (inner !== undefined) walk(inner.message as Message, found);
    return;
  }
  for (const [field, value] of Object.entries(message)) {
    collectField(field, value, message, found);
    if (Array.isArray(value)) for (const item of value) descend(item, found);
    else descend(value, found);
  }
}

function descend(value: unknown, found: Reference[]): void {
  if (typeof value === "object" && value !== null && !(value instanceof Uint8Array))
    walk(value as Message, found);
}

function collectField(field: string, value: unknown, owner: Message, found: Reference[]): void {
  if (field === "cluster" && typeof value === "string" && value !== "") found.push(named("cluster", value));
  // Of an aggregate cluster its members.
  if (field === "clusters" && Array.isArray(value)) {
    for (const name of value) if (typeof name === "string") found.push(named("cluster", name));
  }
  if (field === "weightedClusters") {
    for (const { name } of ((value as Message).clusters ?? []) as { name: string }[]) {
      if (name !== "") found.push(named("cluster", name));
    }
  }
  if (field === "rds")
    found.push(
      referring(
        "route",
        "routeConfigName",
        "envoy.extensions.filters.network.http_connection_manager.v3.Rds",
        value as Message,
      ),
    );
  if (field === "sdsConfig") {
    found.push(
      referring("secret", "name", "envoy.extensions.transport_sockets.tls.v3.SdsSecretConfig", owner),
    );
  }
  if (field === "configDiscovery" && typeof owner.name === "string") {
    const bytes = codec("envoy.config.core.v3.ExtensionConfigSource").encode(value as Message);
    found.push({ type: "extensionConfig", name: owner.name, digest: sha256Hex(bytes) });
  }
}

function referring(
  type: ResourceType,
  nameField: string,
  messageName: MessageName,
  message: Message,
): Reference {
  return {
    type,
    name: String(message[nameField] ?? ""),
    digest: sha256Hex(codec(messageName).encode(message)),
  };
}

function named(type: ResourceType, name: string): Reference {
  return { type, name, digest: "" };
}
