import { type ConfigObject, objectKey } from "@routeledger/config-model";
import type { AttachedRoute } from "../statuses/findings.ts";
import { portName } from "../tls/secure-upstream.ts";
import { assignmentName, type Upstream } from "./upstream.ts";

/** A Service or Backend that accepted routes reach, or would if its TLS were in order. */
export interface ReachedTarget {
  readonly object: ConfigObject;
  /** Names of the ports of it that are reached. */
  readonly ports: ReadonlySet<string>;
}

interface Counted<T> {
  value: T;
  count: number;
}

/** What the routes of a Gateway forward to, each counted. A change costs the upstreams of the route that changes. */
export class UpstreamIndex {
  readonly #served = new Map<string, Counted<Upstream>>();
  readonly #secure = new Map<string, Upstream>();
  readonly #byEndpoints = new Map<string, Set<string>>();
  readonly #byService = new Map<string, Set<string>>();
  readonly #targets = new Map<string, { object: ConfigObject; readonly ports: Map<string, number> }>();
  readonly #changed = new Set<string>();
  readonly #changedEndpoints = new Set<string>();
  #targetsVersion = 0;
  #secureVersion = 0;

  /** Grows when `targets` gives another answer. */
  get targetsVersion(): number {
    return this.#targetsVersion;
  }

  /** Grows when `secure` gives another answer. */
  get secureVersion(): number {
    return this.#secureVersion;
  }

  /** Upstreams that TLS is spoken to. */
  get secure(): readonly Upstream[] {
    return [...this.#secure.values()];
  }

  /** By object key. */
  get targets(): ReadonlyMap<string, ReachedTarget> {
    return new Map(
      [...this.#targets].map(([key, { object, ports }]) => [key, { object, ports: new Set(ports.keys()) }]),
    );
  }

  /** The upstream of a name; undefined when nothing forwards to it. */
  served(name: string): Upstream | undefined {
    return this.#served.get(name)?.value;
  }

  /** Whether anything is forwarded to a Service. @param service `namespace/name` */
  reaches(service: string): boolean {
    return this.#byService.has(service);
  }

  /** The upstreams that share an assignment, sorted by name. */
  sharing(endpoints: string): Upstream[] {
    return [...(this.#byEndpoints.get(endpoints) ?? [])]
      .sort()
      .flatMap((name) => this.#served.get(name)?.value ?? []);
  }

  /** Takes one route for another; undefined for one that is not there before, or not after. */
  replace(before: AttachedRoute | undefined, after: AttachedRoute | undefined): void {
    for (const upstream of servedBy(after)) this.#serve(upstream);
    for (const upstream of servedBy(before)) this.#drop(upstream);
    for (const upstream of reachedBy(after)) this.#reach(upstream, 1);
    for (const upstream of reachedBy(before)) this.#reach(upstream, -1);
  }

  /** Endpoints of a Service are others. @param service `namespace/name` */
  touchService(service: string): void {
    for (const name of this.#byService.get(service) ?? []) {
      const endpoints = this.#served.get(name)?.value.endpoints;
      const assignment = endpoints && assignmentName(endpoints);
      if (assignment !== undefined) this.#changedEndpoints.add(assignment);
    }
  }

  /** All upstreams that TLS is spoken to are others: what the Gateway makes of them changed. */
  touchSecure(): void {
    for (const upstream of this.#secure.values()) this.#touch(upstream);
  }

  /** Names of the upstreams, and of their assignments, that changed since this was asked last. */
  takeChanged(): { readonly upstreams: readonly string[]; readonly endpoints: readonly string[] } {
    const changed = { upstreams: [...this.#changed], endpoints: [...this.#changedEndpoints] };
    this.#changed.clear();
    this.#changedEndpoints.clear();
    return changed;
  }

  #serve(upstream: Upstream): void {
    const { name } = upstream;
    const known = this.#served.get(name);
    if (known !== undefined) known.count++;
    if (known?.value === upstream) return;
    if (known === undefined) this.#served.set(name, { value: upstream, count: 1 });
    else {
      this.#forgetKeys(known.value);
      known.value = upstream;
    }
    for (const [sets, key] of this.#keysOf(upstream)) put(sets, key, name);
    this.#touch(upstream);
    this.#secureChange(name, upstream.tls === undefined ? undefined : upstream);
  }

  #drop({ name }: Upstream): void {
    const known = this.#served.get(name);
    if (known === undefined || --known.count > 0) return;
    this.#served.delete(name);
    this.#forgetKeys(known.value);
    this.#secureChange(name, undefined);
  }

  #touch({ name, endpoints }: Upstream): void {
    this.#changed.add(name);
    const assignment = assignmentName(endpoints);
    if (assignment !== undefined) this.#changedEndpoints.add(assignment);
  }

  #forgetKeys(upstream: Upstream): void {
    for (const [sets, key] of this.#keysOf(upstream)) take(sets, key, upstream.name);
    this.#touch(upstream);
  }

  #secureChange(name: string, upstream: Upstream | undefined): void {
    if (this.#secure.get(name) === upstream) return;
    if (upstream === undefined) this.#secure.delete(name);
    else this.#secure.set(name, upstream);
    this.#secureVersion++;
  }

  #keysOf({ endpoints, owner }: Upstream): [Map<string, Set<string>>, string][] {
    const assignment = assignmentName(endpoints);
    if (assignment === undefined) return [];
    const shared: [Map<string, Set<string>>, string] = [this.#byEndpoints, assignment];
    return endpoints.type === "addresses"
      ? [shared]
      : [shared, [this.#byService, `${owner.namespace}/${owner.name}`]];
  }

  #reach(upstream: Upstream, by: 1 | -1): void {
    const key = objectKey(upstream.owner);
    const target = this.#targets.get(key) ?? { object: upstream.owner, ports: new Map() };
    const port = portName(upstream);
    const count = (target.ports.get(port) ?? 0) + by;
    if ((by === 1 && count === 1) || count === 0) this.#targetsVersion++;
    if (by === 1 && target.object !== upstream.owner) {
      target.object = upstream.owner;
      this.#targetsVersion++;
    }
    if (count > 0) target.ports.set(port, count);
    else target.ports.delete(port);
    if (target.ports.size === 0) this.#targets.delete(key);
    else this.#targets.set(key, target);
  }
}

/** Of a route that serves on some listener. */
function servedBy(route: AttachedRoute | undefined): readonly Upstream[] {
  return route === undefined || route.listeners.length === 0 ? [] : (route.translated?.upstreams ?? []);
}

/** Of a route that is accepted, whether its listeners serve or not. */
function reachedBy(route: AttachedRoute | undefined): readonly Upstream[] {
  const translated = route?.translated;
  if (route === undefined || translated === undefined || translated.refused !== undefined) return [];
  if (!route.attachments.some(({ listeners }) => listeners.length > 0)) return [];
  return [...translated.upstreams, ...translated.insecure];
}

function put(sets: Map<string, Set<string>>, key: string, value: string): void {
  const set = sets.get(key);
  if (set === undefined) sets.set(key, new Set([value]));
  else set.add(value);
}

function take(sets: Map<string, Set<string>>, key: string, value: string): void {
  const set = sets.get(key);
  set?.delete(value);
  if (set?.size === 0) sets.delete(key);
}
