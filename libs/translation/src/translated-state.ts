import type { ConfigState } from "@routeledger/config-model";
import { codec, type decoded, unpackAnyAs } from "@routeledger/protos";
import { assert, type JsonObject } from "@routeledger/std";
import type { Part } from "@routeledger/xds-model";
import { rawStateOf, stateOf } from "./testing.ts";
import { translateAll } from "./translate-all.ts";
import type { TranslatedState } from "./translation-cache.ts";

type Route = decoded.envoy.config.route.v3.Route;
type VirtualHost = decoded.envoy.config.route.v3.VirtualHost;

/** A translated state in the form that tests ask. */
export class Translated {
  readonly state: ConfigState;
  readonly #groups: TranslatedState["groups"];
  readonly #statuses: ReadonlyMap<string, JsonObject>;

  constructor(state: ConfigState) {
    this.state = state;
    const { groups, statuses } = translateAll(state);
    this.#groups = groups;
    this.#statuses = statuses;
  }

  static of(...objects: JsonObject[]): Translated {
    return new Translated(stateOf(objects));
  }

  /** Of objects as an older door may have let them in. */
  static raw(objects: readonly JsonObject[]): Translated {
    return new Translated(rawStateOf(objects));
  }

  statuses(): ReadonlyMap<string, JsonObject> {
    return this.#statuses;
  }

  parts(type?: string, group = "default/web"): readonly Part[] {
    const parts = [...(this.#groups.get(group)?.values() ?? [])];
    return type === undefined ? parts : parts.filter((part) => part.type === type);
  }

  names(type: string): string[] {
    return [...new Set(this.parts(type).map(({ resource }) => resource))];
  }

  /** Domains of a port's virtual hosts. */
  domains(port = 8080): string[] {
    return this.hosts(`http/${port}`).flatMap(({ domains }) => domains);
  }

  /** The routes of a domain's virtual host, in order. */
  routes(domain = "*", port = 8080): Route[] {
    const host = this.hosts(`http/${port}`).find(({ domains }) => domains.includes(domain));
    assert(host !== undefined, `a virtual host of ${domain}`);
    return [...host.routes];
  }

  /** `route name -> cluster`, or status code, of a domain's routes. */
  answers(domain = "*", port = 8080): string[] {
    return this.routes(domain, port).map(({ name, route, directResponse, redirect }) => {
      const weighted = route?.weightedClusters?.clusters
        .map((one) => `${one.name}=${one.weight?.value}`)
        .join(" ");
      const to = directResponse?.status ?? route?.cluster ?? weighted ?? redirect?.responseCode;
      return `${name} -> ${to}`;
    });
  }

  /** The virtual hosts of a route table. */
  hosts(table: string): VirtualHost[] {
    return this.parts("route")
      .filter(({ resource, virtualHost }) => resource === table && virtualHost !== "")
      .map(({ bytes }) => codec("envoy.config.route.v3.VirtualHost").decode(bytes));
  }

  endpoints(name: string): string[] {
    const part = this.parts("endpoint").find(({ resource }) => resource === name);
    assert(part !== undefined, `endpoints of ${name}`);
    const { endpoints } = codec("envoy.config.endpoint.v3.ClusterLoadAssignment").decode(part.bytes);
    return endpoints.flatMap(({ lbEndpoints }) =>
      lbEndpoints.map(({ endpoint, healthStatus }) => {
        const address = endpoint?.address?.socketAddress;
        return `${address?.address}:${address?.portValue}${healthStatus === 3 ? " draining" : ""}`;
      }),
    );
  }

  cluster(name: string, group = "default/web"): decoded.envoy.config.cluster.v3.Cluster {
    const part = this.parts("cluster", group).find(({ resource }) => resource === name);
    assert(part !== undefined, `cluster ${name}`);
    return codec("envoy.config.cluster.v3.Cluster").decode(part.bytes);
  }

  /** How a cluster speaks TLS; undefined in plain text. */
  upstreamTls(
    name: string,
    group = "default/web",
  ): decoded.envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext | undefined {
    const any = this.cluster(name, group).transportSocket?.typedConfig;
    return any && unpackAnyAs("envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext", any);
  }

  /** `type=status reason` of what a policy's status says of a Gateway. */
  ancestorConditions(policy: string, gateway = "web"): string[] {
    const ancestors = this.entries(`BackendTLSPolicy/default/${policy}`, "ancestors");
    return conditionsOf(ancestors.find(({ ancestorRef }) => (ancestorRef as JsonObject).name === gateway));
  }

  /** Empty when the object has none. */
  status(key: string): JsonObject {
    const name = key.includes(".") || key.startsWith("/") ? key : `gateway.networking.k8s.io/${key}`;
    return this.#statuses.get(name) ?? {};
  }

  /** The members of a list in a status. */
  entries(key: string, list: "parents" | "ancestors" | "conditions"): JsonObject[] {
    return (this.status(key)[list] ?? []) as JsonObject[];
  }

  /**
   * `type=status reason` of the conditions of a route's parent.
   * @param route the name of an HTTPRoute in `default`, or `kind/namespace/name`
   */
  routeConditions(route: string, parent = 0): string[] {
    const key = route.includes("/") ? route : `HTTPRoute/default/${route}`;
    return conditionsOf(this.entries(key, "parents")[parent]);
  }

  gatewayConditions(): string[] {
    return conditionsOf(this.status("Gateway/default/web"));
  }

  listener(name: string): JsonObject & { readonly summary: string[] } {
    const listeners = (this.status("Gateway/default/web").listeners ?? []) as JsonObject[];
    const listener = listeners.find((candidate) => candidate.name === name) ?? {};
    return { ...listener, summary: conditionsOf(listener) };
  }
}

function conditionsOf(status: JsonObject | undefined): string[] {
  const conditions = (status?.conditions ?? []) as JsonObject[];
  return conditions.map(({ type, status: value, reason }) => `${type}=${value} ${reason}`);
}
