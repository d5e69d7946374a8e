import { coveringNames, covers, intersect, isExact } from "../hostnames.ts";
import type { ListenerView } from "../listeners/listener-view.ts";
import type { AttachedRoute } from "../statuses/findings.ts";
import { type RouteTable, routeTableOf } from "./route-table.ts";
import type { TranslatedRoute } from "./translated-route.ts";
import type { HostedRoute } from "./virtual-host.ts";

/** A domain of a route table, with what answers on it. */
export interface Domain {
  readonly table: RouteTable;
  readonly domain: string;
  /** The routes that may answer; undefined where requests came to the wrong listener and get 421 (G91). */
  readonly hosted: readonly HostedRoute[] | undefined;
}

/** A domain that is other than it was; `isGone` when nothing names it any more. */
export interface ChangedDomain extends Domain {
  readonly hosted: readonly HostedRoute[];
  readonly isGone: boolean;
}

/** A listener, and what its routes wrote. */
interface Slot {
  readonly listener: ListenerView;
  readonly table: RouteTable;
  /** Of all listeners of the port that serve. */
  readonly hostnames: ReadonlySet<string>;
  /** Routes by the hostname that they wrote. */
  readonly routes: Map<string, Set<TranslatedRoute>>;
  /** Domains, and the written names that give each. */
  readonly names: Map<string, Set<string>>;
  readonly changed: Set<string>;
  /** Envoy routes of each domain. */
  readonly sizes: Map<string, number>;
}

/**
 * The domains of a Gateway's route tables. Each listener answers for its own hostname, also without routes (G13), and for
 * what its routes name, but for what a more specific listener of the port covers (G12): so each domain of a table has
 * one listener (G21). A change costs the domains that it concerns.
 */
export class DomainIndex {
  readonly #slots: ReadonlyMap<ListenerView, Slot>;
  readonly #settled = new Map<string, ChangedDomain>();
  #envoyRoutes = 0;

  /** @param listeners those of the Gateway that serve */
  constructor(listeners: readonly ListenerView[]) {
    const slots = listeners.map((listener): Slot => {
      const onPort = listeners.filter(({ port }) => port === listener.port);
      return {
        listener,
        table: routeTableOf(listener),
        hostnames: new Set(onPort.map(({ hostname }) => hostname)),
        routes: new Map(),
        names: new Map(),
        changed: new Set([listener.hostname]),
        sizes: new Map(),
      };
    });
    this.#slots = new Map(slots.map((slot) => [slot.listener, slot]));
  }

  /** Envoy routes that are asked for: each match counts once for every domain that it may answer on (G37). */
  get envoyRoutes(): number {
    this.#settleAll();
    return this.#envoyRoutes;
  }

  /** Takes one route for another; undefined for one that is not there before, or not after. */
  replace(before: AttachedRoute | undefined, after: AttachedRoute | undefined): void {
    for (const slot of slotsOf(this.#slots, before)) remove(slot, before?.translated);
    for (const slot of slotsOf(this.#slots, after)) add(slot, after?.translated);
  }

  /** The domains that changed since this was asked last, each once, in no order. */
  takeChanged(): ChangedDomain[] {
    this.#settleAll();
    const changed = [...this.#settled.values()];
    this.#settled.clear();
    return changed;
  }

  /** Hosts of other listeners of the port, on connections that were made to this one (G91). Never change. */
  misdirected(): Domain[] {
    return [...this.#slots.values()].flatMap(({ table, listener, hostnames }) =>
      table.scheme === "http"
        ? []
        : [...hostnames]
            .filter((other) => other !== listener.hostname)
            .map((domain) => ({ table, domain, hosted: undefined })),
    );
  }

  /** How many Envoy routes each route asks for. */
  counts(): ReadonlyMap<TranslatedRoute, number> {
    const counts = new Map<TranslatedRoute, number>();
    for (const slot of this.#slots.values()) {
      for (const domain of slot.sizes.keys()) {
        for (const { route } of hostedOn(slot, domain))
          counts.set(route, (counts.get(route) ?? 0) + wantedEntries(route));
      }
    }
    return counts;
  }

  #settleAll(): void {
    for (const slot of this.#slots.values()) {
      for (const domain of slot.changed) {
        if (isOwned(slot, domain))
          this.#settled.set(`${slot.table.name}\n${domain}`, this.#settle(slot, domain));
      }
      slot.changed.clear();
    }
  }

  #settle(slot: Slot, domain: string): ChangedDomain {
    const { table, sizes, listener } = slot;
    const hosted = hostedOn(slot, domain);
    const isGone = domain !== listener.hostname && !slot.names.has(domain);
    const size = hosted.reduce((sum, { route }) => sum + wantedEntries(route), 0);
    this.#envoyRoutes += (isGone ? 0 : size) - (sizes.get(domain) ?? 0);
    if (isGone) sizes.delete(domain);
    else sizes.set(domain, size);
    return { table, domain, hosted, isGone };
  }
}

/** Of a route that was refused for its size, what it asked for. */
function wantedEntries({ entries, wantedEntries: wanted }: TranslatedRoute): number {
  return wanted ?? entries.length;
}

function slotsOf(slots: ReadonlyMap<ListenerView, Slot>, route: AttachedRoute | undefined): Slot[] {
  if (route?.translated === undefined) return [];
  return route.listeners.flatMap((listener) => slots.get(listener) ?? []);
}

function add(slot: Slot, route: TranslatedRoute | undefined): void {
  if (route === undefined) return;
  for (const written of route.hostnames) {
    const domain = intersect(written, slot.listener.hostname);
    if (domain === undefined) continue;
    put(slot.routes, written, route);
    put(slot.names, domain, written);
    touch(slot, written, domain);
  }
}

function remove(slot: Slot, route: TranslatedRoute | undefined): void {
  if (route === undefined) return;
  for (const written of route.hostnames) {
    const domain = intersect(written, slot.listener.hostname);
    if (domain === undefined) continue;
    touch(slot, written, domain);
    if (take(slot.routes, written, route)) take(slot.names, domain, written);
  }
}

/** What a written name answers on: a wide one on every narrower domain as well (G19). */
function touch(slot: Slot, written: string, domain: string): void {
  slot.changed.add(domain);
  if (isExact(written)) return;
  for (const known of slot.names.keys()) if (covers(written, known)) slot.changed.add(known);
  if (covers(written, slot.listener.hostname)) slot.changed.add(slot.listener.hostname);
}

/** Whether no more specific listener of the port covers a domain. One that is alone on its port owns all that it covers. */
function isOwned({ listener, hostnames }: Slot, domain: string): boolean {
  return (
    hostnames.size === 1 || coveringNames(domain).find((name) => hostnames.has(name)) === listener.hostname
  );
}

/** Each route once, by the most specific name that it wrote. */
function hostedOn({ routes }: Slot, domain: string): HostedRoute[] {
  const hosted = new Map<TranslatedRoute, string>();
  for (const hostname of coveringNames(domain)) {
    for (const route of routes.get(hostname) ?? []) if (!hosted.has(route)) hosted.set(route, hostname);
  }
  return [...hosted].map(([route, hostname]) => ({ route, hostname }));
}

function put<V>(sets: Map<string, Set<V>>, key: string, value: V): void {
  const set = sets.get(key);
  if (set === undefined) sets.set(key, new Set([value]));
  else set.add(value);
}

/** Whether the value was the last one of its key. */
function take<V>(sets: Map<string, Set<V>>, key: string, value: V): boolean {
  const set = sets.get(key);
  set?.delete(value);
  if (set === undefined || set.size > 0) return false;
  sets.delete(key);
  return true;
}
