import { coveringNames } from "../hostnames.ts";
import type { ListenerView } from "../listeners/listener-view.ts";
import { sameItems } from "../memo-table.ts";
import type { AttachedRoute } from "../statuses/findings.ts";
import { type Contest, decide, giveWay, listenersOf, namesAt } from "./shared-hosts.ts";

/** Who asks for which names of a listener, of one kind of route. */
interface Claims {
  readonly named: Map<string, Set<AttachedRoute>>;
  /** By every name that covers one of theirs. */
  readonly below: Map<string, Set<AttachedRoute>>;
}

/**
 * The routes of a Gateway without what an HTTPRoute and a GRPCRoute take from each other (G16), as `withoutSharedHosts`
 * has them, kept while routes come and go. A change costs the routes that contest a host with it, and with those.
 */
export class SharedHostIndex {
  readonly #claims = new Map<string, Map<ListenerView, Claims>>();
  readonly #attached = new Map<string, AttachedRoute>();
  readonly #settled = new Map<string, AttachedRoute>();
  readonly #losers = new Map<
    string,
    { readonly inputs: readonly unknown[]; readonly route: AttachedRoute }
  >();
  readonly #touched = new Set<string>();

  /** Every route that is attached, by object key, as `settle` left it. */
  get settled(): ReadonlyMap<string, AttachedRoute> {
    return this.#settled;
  }

  /** Takes one route for the one of its key; undefined for one that is there no more. */
  replace(key: string, after: AttachedRoute | undefined): void {
    const before = this.#attached.get(key);
    if (before === after) return;
    this.#touched.add(key);
    if (before !== undefined) {
      for (const rival of this.#rivals(before)) this.#touched.add(rival.key);
      this.#claim(before, (routes) => routes.delete(before));
      this.#attached.delete(key);
    }
    if (after !== undefined) {
      this.#claim(after, (routes) => routes.add(after));
      this.#attached.set(key, after);
    }
  }

  /** Decides again where something changed. @returns the keys of routes that are others than before, in no order */
  settle(): string[] {
    const contesting = this.#contesting();
    const contests = [...contesting].filter(({ object }) => object.kind === "HTTPRoute");
    const lost = decide(contests.flatMap((http) => this.#contestsOf(http)));
    const keys = new Set([...this.#touched, ...[...contesting].map(({ key }) => key)]);
    this.#touched.clear();
    return [...keys].filter((key) => {
      const route = this.#attached.get(key);
      const losses = route && lost.get(route);
      const inputs = [route, ...[...(losses ?? [])].flatMap(([at, { winner }]) => [at, winner])];
      const known = this.#losers.get(key);
      let after = route;
      if (route === undefined || losses === undefined) this.#losers.delete(key);
      else {
        after = known !== undefined && sameItems(known.inputs, inputs) ? known.route : giveWay(route, losses);
        this.#losers.set(key, { inputs, route: after });
      }
      const before = this.#settled.get(key);
      if (after === undefined) this.#settled.delete(key);
      else this.#settled.set(key, after);
      return before !== after;
    });
  }

  /** The routes that were touched, whom they meet, whom those meet, and so on. */
  #contesting(): ReadonlySet<AttachedRoute> {
    const found = new Set<AttachedRoute>();
    for (const key of this.#touched) {
      const route = this.#attached.get(key);
      if (route !== undefined) found.add(route);
    }
    // A set goes on with what is added to it meanwhile.
    for (const route of found) for (const rival of this.#rivals(route)) found.add(rival);
    return found;
  }

  #rivals(route: AttachedRoute): AttachedRoute[] {
    return listenersOf(route).flatMap((listener) => [...this.#meet(route, listener).keys()]);
  }

  #contestsOf(http: AttachedRoute): Contest[] {
    return listenersOf(http).flatMap((listener) =>
      [...this.#meet(http, listener)].map(([grpc, hostname]) => ({ listener, hostname, http, grpc })),
    );
  }

  /** The routes of the other kind with a host in common at a listener, each with the wider of the two names. */
  #meet(route: AttachedRoute, listener: ListenerView): ReadonlyMap<AttachedRoute, string> {
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
