import { coveringNames } from "../hostnames.ts";
import type { ListenerView } from "../listeners/listener-view.ts";
import type { AttachedRoute } from "../statuses/findings.ts";
import { compareClaims, giveWay, type Losses, listenersOf, namesAt } from "./shared-hosts.ts";

/** Who asks for which names of a listener, of one kind of route. */
interface Claims {
  readonly named: Map<string, Set<AttachedRoute>>;
  /** By every name that covers one of theirs. */
  readonly below: Map<string, Set<AttachedRoute>>;
}

/**
 * The routes of a Gateway without what an HTTPRoute and a GRPCRoute take from each other (G16), kept while routes come
 * and go. What a route loses depends on those that come before it, so a change costs its own rivals, and those of
 * whoever wins or loses by it.
 */
export class SharedHostIndex {
  readonly #claims = new Map<string, Map<ListenerView, Claims>>();
  readonly #attached = new Map<string, AttachedRoute>();
  readonly #settled = new Map<string, AttachedRoute>();
  readonly #lost = new Map<AttachedRoute, Losses>();
  /** Keys of routes that were replaced, and routes whose rivals were, since the last `settle`. */
  readonly #replaced = new Set<string>();
  readonly #touched = new Set<AttachedRoute>();

  /** Every route that is attached, by object key, as `settle` left it. */
  get settled(): ReadonlyMap<string, AttachedRoute> {
    return this.#settled;
  }

  /** Takes one route for the one of its key; undefined for one that is there no more. */
  replace(key: string, after: AttachedRoute | undefined): void {
    const before = this.#attached.get(key);
    if (before === after) return;
    this.#replaced.add(key);
    if (before !== undefined) {
      for (const rival of this.#followers(before)) this.#touched.add(rival);
      this.#claim(before, (routes) => routes.delete(before));
      this.#lost.delete(before);
      this.#attached.delete(key);
    }
    if (after !== undefined) {
      this.#claim(after, (routes) => routes.add(after));
      this.#touched.add(after);
      this.#attached.set(key, after);
    }
  }

  /** Decides again where something changed. @returns the keys of routes that are others than before, in no order */
  settle(): string[] {
    const keys = new Set([...this.#replaced, ...this.#decide()]);
    this.#replaced.clear();
    return [...keys].filter((key) => {
      const route = this.#attached.get(key);
      const losses = route && this.#lost.get(route);
      const after = route && losses && losses.size > 0 ? giveWay(route, losses) : route;
      const before = this.#settled.get(key);
      if (after === undefined) this.#settled.delete(key);
      else this.#settled.set(key, after);
      return before !== after;
    });
  }

  /** The keys of routes that lose something else than before. Ends, as whoever is touched comes later every time. */
  #decide(): Set<string> {
    const changed = new Set<string>();
    while (this.#touched.size > 0) {
      const batch = [...this.#touched];
      // Where there is one kind only, nobody loses.
      if (this.#claims.size > 1) batch.sort(compareClaims);
      this.#touched.clear();
      for (const route of batch) {
        if (this.#attached.get(route.key) !== route) continue;
        const losses = this.#lossesOf(route);
        const known = this.#lost.get(route);
        if (known !== undefined && sameLosses(known, losses)) continue;
        this.#lost.set(route, losses);
        changed.add(route.key);
        for (const rival of this.#followers(route)) this.#touched.add(rival);
      }
    }
    return changed;
  }

  /** At each listener the first of those that come before the route and are left there. */
  #lossesOf(route: AttachedRoute): Losses {
    const losses = new Map<ListenerView, { readonly hostname: string; readonly winner: AttachedRoute }>();
    for (const listener of listenersOf(route)) {
      for (const [rival, hostname] of this.#rivals(route, listener)) {
        const first = losses.get(listener)?.winner ?? route;
        if (compareClaims(rival, first) < 0 && !this.#lost.get(rival)?.has(listener))
          losses.set(listener, { hostname, winner: rival });
      }
    }
    return losses;
  }

  /** Rivals that come after the route. */
  #followers(route: AttachedRoute): AttachedRoute[] {
    const rivals = listenersOf(route).flatMap((listener) => [...this.#rivals(route, listener).keys()]);
    return rivals.filter((rival) => compareClaims(route, rival) < 0);
  }

  /** The routes of the other kind with a host in common at a listener, each with the wider of the two names. */
  #rivals(route: AttachedRoute, listener: ListenerView): ReadonlyMap<AttachedRoute, string> {
    const rivals = new Map<AttachedRoute, string>();
    const claimed = this.#claims.get(otherKind(route) ?? "")?.get(listener);
    if (claimed === undefined) return rivals;
    const put = (found: Iterable<AttachedRoute> | undefined, name: string): void => {
      for (const rival of found ?? []) if (!rivals.has(rival)) rivals.set(rival, name);
    };
    for (const name of namesAt(route, listener)) {
      for (const wider of coveringNames(name)) put(claimed.named.get(wider), wider);
      put(claimed.below.get(name), name);
    }
    return rivals;
  }

  #claim(route: AttachedRoute, edit: (routes: Set<AttachedRoute>) => void): void {
    if (otherKind(route) === undefined) return;
    const { kind } = route.object;
    for (const listener of listenersOf(route)) {
      const ofKind = this.#claims.get(kind) ?? new Map<ListenerView, Claims>();
      this.#claims.set(kind, ofKind);
      const claims = ofKind.get(listener) ?? { named: new Map(), below: new Map() };
      ofKind.set(listener, claims);
      for (const name of namesAt(route, listener)) {
        editSet(claims.named, name, edit);
        for (const wider of coveringNames(name).slice(1)) editSet(claims.below, wider, edit);
      }
      if (claims.named.size === 0) ofKind.delete(listener);
      if (ofKind.size === 0) this.#claims.delete(kind);
    }
  }
}

function otherKind({ object }: AttachedRoute): string | undefined {
  if (object.kind === "HTTPRoute") return "GRPCRoute";
  return object.kind === "GRPCRoute" ? "HTTPRoute" : undefined;
}

function editSet(
  sets: Map<string, Set<AttachedRoute>>,
  name: string,
  edit: (routes: Set<AttachedRoute>) => void,
): void {
  const routes = sets.get(name) ?? new Set();
  edit(routes);
  if (routes.size === 0) sets.delete(name);
  else sets.set(name, routes);
}

/** Of one route: of the same winner it is the same host. */
function sameLosses(a: Losses, b: Losses): boolean {
  return a.size === b.size && [...a].every(([listener, { winner }]) => b.get(listener)?.winner === winner);
}
