/** What Envoy finds out about a resource when it decodes and builds it. */
import { codec, fieldViolations, type MessageName, type Violation } from "@routeledger/protos";
import type { Reference, Resource, ResourceType } from "@routeledger/xds-model";

export interface ResourceFacts {
  /** A field's own rule is violated: the whole response is rejected, nothing is applied. */
  readonly fieldError: string | undefined;
  /** It cannot be built: the others of its response are applied (CDS, LDS). */
  readonly buildError: string | undefined;
  readonly endpoints: Reference | undefined;
  readonly secrets: readonly Reference[];
  readonly tables: readonly Reference[];
  readonly extensionConfigs: readonly Reference[];
  readonly clusters: readonly string[];
  readonly isHealthChecked: boolean;
  /** Of an assignment. */
  readonly hasHosts: boolean;
  /** How long what it refers to by discovery may take, milliseconds; 0: for ever. */
  readonly fetchTimeoutMs: number;
}

const messages: Readonly<Record<ResourceType, MessageName>> = {
  cluster: "envoy.config.cluster.v3.Cluster",
  endpoint: "envoy.config.endpoint.v3.ClusterLoadAssignment",
  listener: "envoy.config.listener.v3.Listener",
  route: "envoy.config.route.v3.RouteConfiguration",
  secret: "envoy.extensions.transport_sockets.tls.v3.Secret",
  extensionConfig: "envoy.config.core.v3.TypedExtensionConfig",
};

const known = new Map<string, ResourceFacts>();

/** Equal for equal bytes; remembered. */
export function factsOf(resource: Resource): ResourceFacts {
  const found = known.get(resource.digest);
  if (found !== undefined) return found;
  const facts = inspect(resource);
  known.set(resource.digest, facts);
  return facts;
}

function inspect({ type, name, bytes, references }: Resource): ResourceFacts {
  const message = codec(messages[type]).decode(bytes) as unknown as Fields;
  const violations = fieldViolations(messages[type], message as never);
  // What is inside an Any is looked at when the filter or transport socket is built.
  const inside = violations.find(({ path }) => path.includes("typedConfig("));
  const outside = violations.find(({ path }) => !path.includes("typedConfig("));
  const isEdsCluster = type === "cluster" && message.type === edsType;
  const unbuildable =
    isEdsCluster && message.edsClusterConfig === undefined
      ? "an EDS cluster without an EDS config"
      : undefined;
  const of = (wanted: ResourceType): Reference[] => references.filter((each) => each.type === wanted);
  return {
    fieldError: outside === undefined ? undefined : validationText(type, name, outside),
    buildError: inside === undefined ? unbuildable : `${name}: ${inside.path}: ${inside.message}`,
    endpoints: type === "cluster" ? of("endpoint")[0] : undefined,
    secrets: of("secret"),
    tables: of("route"),
    extensionConfigs: of("extensionConfig"),
    clusters: of("cluster").map((each) => each.name),
    isHealthChecked: ((message.healthChecks ?? []) as unknown[]).length > 0,
    hasHosts: ((message.endpoints ?? []) as Fields[]).some(
      ({ lbEndpoints }) => ((lbEndpoints ?? []) as unknown[]).length > 0,
    ),
    fetchTimeoutMs: fetchTimeoutOf(message),
  };
}

/** As Envoy words it: the whole resource, of which the name comes first, and then what is wrong. */
function validationText(type: ResourceType, name: string, { path, message }: Violation): string {
  const field = type === "endpoint" ? "cluster_name" : "name";
  return `${field}: "${name}" : Proto constraint validation failed (${path}: ${message})`;
}

type Fields = { readonly [field: string]: unknown };

/** `Cluster.DiscoveryType.EDS` */
const edsType = 3;
const defaultFetchTimeoutMs = 15_000;

/** The parts of one simulated resource all say the same; the first that is found counts. */
function fetchTimeoutOf(message: Fields): number {
  const source = findSource(message);
  const timeout = source?.initialFetchTimeout as { seconds?: number; nanos?: number } | undefined;
  if (timeout === undefined) return defaultFetchTimeoutMs;
  return (timeout.seconds ?? 0) * 1_000 + (timeout.nanos ?? 0) / 1_000_000;
}

function findSource(value: unknown): Fields | undefined {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return undefined;
  const fields = value as Fields;
  if ("ads" in fields) return fields;
  if (typeof fields.typeUrl === "string" && fields.value instanceof Uint8Array) {
    const typeName = fields.typeUrl.slice(fields.typeUrl.indexOf("/") + 1) as MessageName;
    return findSource(codec(typeName).decode(fields.value));
  }
  for (const each of Object.values(fields)) {
    const found = findSource(each);
    if (found !== undefined) return found;
  }
  return undefined;
}
