import { type ConfigState, objectKey } from "@routeledger/config-model";
import type { UpstreamIndex } from "../backends/upstream-index.ts";
import { routeKinds } from "../kinds.ts";
import type { GatewayView } from "../listeners/gateway-view.ts";
import type { ListenerView } from "../listeners/listener-view.ts";
import { WeakMemo } from "../memo-table.ts";
import { type AttachedRoute, attachedRoute } from "../statuses/findings.ts";
import { attachRoute, keyOfParent } from "./attach.ts";
import type { DomainIndex } from "./domain-index.ts";
import { routesNaming } from "./route-index.ts";
import { beyondLimit, envoyRoutesMax, refuse } from "./route-limit.ts";
import { namespaceOf, type RouteTranslations } from "./route-translations.ts";
import { SharedHostIndex } from "./shared-host-index.ts";

/** What is kept about the routes of a Gateway, and follows them. */
export interface RouteIndexes {
  readonly domains: DomainIndex;
  readonly upstreams: UpstreamIndex;
}

/** A route that means something else at the Gateway; undefined where it means nothing. */
export interface AttachedChange {
  readonly key: string;
  readonly after: AttachedRoute | undefined;
}

interface FollowOptions {
  /** Everything is attached anew, to indexes that are empty. */
  readonly restarts: boolean;
  readonly keys: Iterable<string>;
  readonly indexes: RouteIndexes;
}

/** The routes of a Gateway: what its listeners take of them, what another kind leaves them (G16), what fits (G37). */
export class RouteSet {
  readonly #envoyRoutesMax: number;
  readonly #known = new WeakMemo();
  readonly #hosts = new SharedHostIndex();
  #final = new Map<string, AttachedRoute>();
  #refused = new Map<string, { readonly from: AttachedRoute; readonly to: AttachedRoute }>();
  #counts = new Map<ListenerView, number>();

  constructor(routesMax: number = envoyRoutesMax) {
    this.#envoyRoutesMax = routesMax;
  }

  /** By object key. */
  get routes(): ReadonlyMap<string, AttachedRoute> {
    return this.#final;
  }

  /** How many accepted routes each listener has, each counted once, whatever else is wrong (G6). */
  get counts(): ReadonlyMap<ListenerView, number> {
    return this.#counts;
  }

  /** Follows to a state. @returns what means something else, each once */
  follow(
    state: ConfigState,
    view: GatewayView,
    translations: RouteTranslations,
    { restarts, keys, indexes }: FollowOptions,
  ): AttachedChange[] {
    const changed = new Set(restarts ? this.#final.keys() : []);
    if (restarts) {
      this.#final = new Map();
      this.#refused = new Map();
      this.#counts = new Map();
    }
    const { settled } = this.#hosts;
    const asked = restarts ? [...settled.keys(), ...keysNaming(state, view)] : keys;
    for (const key of new Set(asked)) this.#hosts.replace(key, this.#attach(state, view, translations, key));
    const others = this.#hosts.settle();
    for (const key of restarts ? settled.keys() : others)
      if (this.#replace(key, settled.get(key), indexes)) changed.add(key);
    for (const key of this.#limit(indexes)) changed.add(key);
    return [...changed].map((key) => ({ key, after: this.#final.get(key) }));
  }

  /** What a route means at the Gateway; undefined where that is nothing. */
  #attach(
    state: ConfigState,
    view: GatewayView,
    translations: RouteTranslations,
    key: string,
  ): AttachedRoute | undefined {
    const known = translations.get(key);
    if (known === undefined) return undefined;
    const { object, translated } = known;
    const namespace = namespaceOf(state, object);
    return this.#known.get(object, [view, namespace, translated], () => {
      const attachments = attachRoute(object, view, namespace);
      return attachments.length === 0 ? undefined : attachedRoute(object, attachments, translated);
    });
  }

  /** Refuses the youngest routes while there are too many, and takes them back. @returns the keys that it touched */
  #limit(indexes: RouteIndexes): string[] {
    const { domains } = indexes;
    if (domains.envoyRoutes <= this.#envoyRoutesMax && this.#refused.size === 0) return [];
    const counts = domains.counts();
    const countOf = (key: string): number => {
      const translated = this.#final.get(key)?.translated;
      return (translated && counts.get(translated)) ?? 0;
    };
    const beyond = beyondLimit([...this.#hosts.settled.values()], countOf, this.#envoyRoutesMax);
    const touched = [...new Set([...this.#refused.keys(), ...beyond.keys()])];
    const before = this.#refused;
    this.#refused = new Map();
    return touched.filter((key) => {
      const from = beyond.get(key);
      if (from === undefined) return this.#replace(key, this.#hosts.settled.get(key), indexes);
      const known = before.get(key);
      const to = known?.from === from ? known.to : refuse(from, this.#envoyRoutesMax);
      this.#refused.set(key, { from, to });
      return this.#replace(key, to, indexes);
    });
  }

  /** Whether it is another one. */
  #replace(key: string, after: AttachedRoute | undefined, { domains, upstreams }: RouteIndexes): boolean {
    const before = this.#final.get(key);
    if (before === after) return false;
    if (after === undefined) this.#final.delete(key);
    else this.#final.set(key, after);
    domains.replace(before, after);
    upstreams.replace(before, after);
    for (const listener of countedAt(before))
      this.#counts.set(listener, (this.#counts.get(listener) ?? 0) - 1);
    for (const listener of countedAt(after))
      this.#counts.set(listener, (this.#counts.get(listener) ?? 0) + 1);
    return true;
  }
}

function keysNaming(state: ConfigState, { object, sets }: GatewayView): string[] {
  const parents = [object, ...sets.map((set) => set.object)].map(keyOfParent);
  return routeKinds.flatMap((kind) => routesNaming(state, kind, parents).map(objectKey));
}

function countedAt(route: AttachedRoute | undefined): ReadonlySet<ListenerView> {
  if (route === undefined || route.translated?.refused !== undefined) return new Set();
  return new Set(route.attachments.flatMap(({ listeners }) => listeners));
}
