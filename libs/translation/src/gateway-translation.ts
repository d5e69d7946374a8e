import { type ConfigObject, type ConfigState, kindKey } from "@routeledger/config-model";
import { type JsonObject, SortedMap } from "@routeledger/std";
import { type Part, type PartSet, partKeyText } from "@routeledger/xds-model";
import { type BackendTlsOfGateway, clusterPart, clusterSecrets, isRefused } from "./backends/cluster.ts";
import { addressesPart, servicePart } from "./backends/endpoints.ts";
import type { SliceIndex } from "./backends/slice-index.ts";
import { UpstreamIndex } from "./backends/upstream-index.ts";
import { type GatewayView, sameView } from "./listeners/gateway-view.ts";
import { listenerParts } from "./listeners/listener.ts";
import { sameItems } from "./memo-table.ts";
import { DomainIndex } from "./routes/domain-index.ts";
import { RouteSet } from "./routes/route-set.ts";
import {
  type EncodedHost,
  encodedHost,
  misdirectedPart,
  routeTableShells,
  virtualHostKey,
} from "./routes/route-table.ts";
import type { RouteTranslations } from "./routes/route-translations.ts";
import { gatewayFindings, type ParentFinding } from "./statuses/findings.ts";
import { type PolicyFindings, PolicyReview } from "./statuses/policy-findings.ts";
import type { GroupFindings } from "./statuses/status-index.ts";
import { secretObjects, secretPart } from "./tls/secret-parts.ts";
import type { TlsSecret } from "./tls/tls-secret.ts";

/** What all Gateways of a state share. */
export interface Surroundings {
  readonly state: ConfigState;
  readonly routes: RouteTranslations;
  readonly slices: SliceIndex;
}

/** What of a Gateway's surroundings changed. */
export interface Touched {
  /** Object keys of routes that may mean something else. */
  readonly routes: Iterable<string>;
  /** Services, `namespace/name`, whose EndpointSlices are others. */
  readonly services: Iterable<string>;
}

type Edits = Map<string, Part | undefined>;

/**
 * The translation of one Gateway, which follows the log: a change costs what it touches. Only where the Gateway itself, its
 * ListenerSets or what they refer to mean something else is it made anew. What it gives is a function of the state
 * alone, whatever it followed.
 */
export class GatewayTranslation {
  #view: GatewayView | undefined;
  readonly #routes: RouteSet;
  #domains = new DomainIndex([]);
  #upstreams = new UpstreamIndex();
  #parts: PartSet = SortedMap.empty();
  #governed = SortedMap.empty<EncodedHost>();
  #custom = SortedMap.empty<ConfigObject>();
  #misdirected: ReadonlySet<string> = new Set();
  #own = SortedMap.empty<JsonObject>();
  #parents = SortedMap.empty<readonly ParentFinding[]>();
  readonly #review = new PolicyReview();
  #policies: PolicyFindings = { ancestors: SortedMap.empty(), refused: [] };
  #tls: BackendTlsOfGateway | undefined;
  #secrets: { readonly inputs: readonly unknown[]; readonly list: ReadonlyMap<string, TlsSecret> } = {
    inputs: [],
    list: new Map(),
  };
  readonly #secretObjects = new Map<string, readonly unknown[]>();

  /** @param envoyRoutesMax undefined for the usual one (G37) */
  constructor(envoyRoutesMax: number | undefined) {
    this.#routes = new RouteSet(envoyRoutesMax);
  }

  /** All xDS resources of the node group: closed. */
  get parts(): PartSet {
    return this.#parts;
  }

  /** The virtual hosts with routes that extensions have a say in, by `partKeyText`. */
  get governed(): SortedMap<EncodedHost> {
    return this.#governed;
  }

  /** Of the clusters of extensions' own kinds of backends, by name, the backend. */
  get custom(): SortedMap<ConfigObject> {
    return this.#custom;
  }

  /** Keys of the virtual hosts that send clients to other listeners. */
  get misdirected(): ReadonlySet<string> {
    return this.#misdirected;
  }

  get findings(): GroupFindings {
    return { own: this.#own, parents: this.#parents, ancestors: this.#policies.ancestors };
  }

  /** Whether anything is forwarded to a Service. @param service `namespace/name` */
  reaches(service: string): boolean {
    return this.#upstreams.reaches(service);
  }

  /** @param made the Gateway's view at the state */
  follow(around: Surroundings, made: GatewayView, touched: Touched): void {
    const view = sameView(this.#view, made);
    const restarts = view !== this.#view;
    this.#view = view;
    const edits: Edits = new Map();
    if (restarts) this.#restart(view, edits);
    const indexes = { domains: this.#domains, upstreams: this.#upstreams };
    const options = { restarts, keys: touched.routes, indexes };
    const changed = this.#routes.follow(around.state, view, around.routes, options);
    this.#parents = this.#parents.with(changed.map(({ key, after }) => [key, after?.parents]));
    for (const service of touched.services) this.#upstreams.touchService(service);
    const { refused } = this.#policies;
    this.#policies = this.#review.follow(around.state, view.object, this.#upstreams);
    const tls = this.#backendTls(view);
    this.#editHosts(view, edits);
    this.#editBackends(around, tls, edits);
    this.#editSecrets(around.state, view, tls, edits);
    this.#parts = this.#parts.with(edits);
    if (restarts || changed.length > 0 || refused !== this.#policies.refused) this.#find(view);
  }

  /** Forgets all parts, and makes those that depend on the view alone. */
  #restart(view: GatewayView, edits: Edits): void {
    for (const key of this.#parts.keys()) edits.set(key, undefined);
    this.#domains = new DomainIndex(view.listeners.filter(({ serves }) => serves));
    this.#upstreams = new UpstreamIndex();
    this.#secretObjects.clear();
    this.#governed = SortedMap.empty();
    this.#custom = SortedMap.empty();
    const misdirected = this.#domains.misdirected().map((domain) => misdirectedPart(view.object, domain));
    this.#misdirected = new Set(misdirected.map(partKeyText));
    for (const part of [...listenerParts(view), ...routeTableShells(view), ...misdirected])
      edits.set(partKeyText(part), part);
  }

  #editHosts(view: GatewayView, edits: Edits): void {
    const governed = new Map<string, EncodedHost | undefined>();
    for (const changed of this.#domains.takeChanged()) {
      const key = partKeyText(virtualHostKey(changed.table, changed.domain));
      const host = changed.isGone ? undefined : encodedHost(view.object, changed);
      edits.set(key, host?.part);
      governed.set(key, host?.routes.some(({ entry }) => entry.extension !== undefined) ? host : undefined);
    }
    this.#governed = this.#governed.with(governed);
  }

  /** What the Gateway makes different about TLS to backends; the same instance as long as it is the same. */
  #backendTls({ clientCertificate }: GatewayView): BackendTlsOfGateway {
    const { refused } = this.#policies;
    const known = this.#tls;
    if (
      known !== undefined &&
      known.clientCertificate === clientCertificate &&
      sameItems([...known.refused], refused)
    )
      return known;
    this.#upstreams.touchSecure();
    this.#tls = { clientCertificate, refused: new Set(refused) };
    return this.#tls;
  }

  #editBackends({ slices }: Surroundings, tls: BackendTlsOfGateway, edits: Edits): void {
    const changed = this.#upstreams.takeChanged();
    for (const name of changed.upstreams) {
      const upstream = this.#upstreams.served(name);
      const key = partKeyText({ type: "cluster", resource: name, virtualHost: "" });
      edits.set(key, upstream && clusterPart(upstream, tls));
      const isCustom = upstream?.endpoints.type === "custom";
      this.#custom = this.#custom.with([[name, isCustom ? upstream.owner : undefined]]);
    }
    for (const name of changed.endpoints) {
      const key = partKeyText({ type: "endpoint", resource: name, virtualHost: "" });
      edits.set(key, this.#endpointPart(name, tls, slices));
    }
  }

  /** Clusters that differ in the protocol alone share one assignment. */
  #endpointPart(name: string, tls: BackendTlsOfGateway, slices: SliceIndex): Part | undefined {
    const [upstream] = this.#upstreams.sharing(name).filter((one) => !isRefused(one, tls));
    if (upstream === undefined) return undefined;
    const { endpoints, owner } = upstream;
    if (endpoints.type === "dns" || endpoints.type === "custom") return undefined;
    if (endpoints.type === "addresses") return addressesPart(name, endpoints.addresses, owner);
    const own = slices.of(`${owner.namespace}/${owner.name}`);
    return servicePart(name, endpoints.port, { service: owner, slices: own });
  }

  #editSecrets(state: ConfigState, view: GatewayView, tls: BackendTlsOfGateway, edits: Edits): void {
    const kinds = secretKinds.map((kind) => state.objects.get(kind));
    const inputs = [view, tls, this.#upstreams, this.#upstreams.secureVersion, ...kinds];
    if (sameItems(this.#secrets.inputs, inputs)) return;
    const wanted = [...listenerSecrets(view), ...clusterSecrets(this.#upstreams.secure, tls)];
    const list = new Map(wanted.map((secret) => [secret.resource, secret]));
    for (const name of this.#secrets.list.keys()) {
      if (list.has(name)) continue;
      edits.set(partKeyText({ type: "secret", resource: name, virtualHost: "" }), undefined);
      this.#secretObjects.delete(name);
    }
    for (const [name, secret] of list) {
      const objects = secretObjects(state, secret);
      if (sameItems(this.#secretObjects.get(name) ?? [], objects)) continue;
      this.#secretObjects.set(name, objects);
      const part = secretPart(secret, objects);
      edits.set(partKeyText(part), part);
    }
    this.#secrets = { inputs, list };
  }

  #find(view: GatewayView): void {
    const found = gatewayFindings(view, this.#routes.counts, this.#policies.refused);
    const gone = [...this.#own.keys()].filter((key) => !found.has(key));
    this.#own = this.#own.with([...gone.map((key) => [key, undefined] as const), ...found]);
  }
}

const secretKinds: readonly string[] = [kindKey("", "ConfigMap"), kindKey("", "Secret")];

/** What the Gateway's listeners get over SDS. */
function listenerSecrets({ listeners }: GatewayView): readonly TlsSecret[] {
  return listeners.flatMap(({ serves, tls }) => {
    if (!serves || tls === undefined) return [];
    return [...tls.certificates, ...(tls.clients === undefined ? [] : [tls.clients.trustedCa])];
  });
}
