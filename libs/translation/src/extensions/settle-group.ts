import { topLevelFields, withMessages } from "@routeledger/protos";
import { concatBytes, sha256Hex } from "@routeledger/std";
import {
  invalidBackendCluster,
  type Part,
  type PartSet,
  partKeyText,
  type Reference,
  referencesOf,
  type Snapshot,
} from "@routeledger/xds-model";
import { virtualHostRoutesField } from "../routes/virtual-host.ts";
import type { ExtendedGroup, Unsettled } from "./extended-group.ts";
import { resourceKinds, resourceName } from "./resource-names.ts";

/** What proxies have of a node group. */
export interface GroupBefore {
  readonly live: PartSet;
  readonly snapshot: Snapshot | undefined;
}

/**
 * The parts of a node group with what is held, and closed: what held parts name and proxies have stays; a part of an
 * extension that names what is nowhere answers an error; a part that names what is held back waits with it. Pure, and
 * the same parts when nothing is unsettled.
 */
export function settleGroup(
  { parts, unsettled }: Pick<ExtendedGroup, "parts" | "unsettled">,
  before: GroupBefore,
): PartSet {
  if (unsettled === undefined) return parts;
  return new Settling(parts, unsettled, before).settle();
}

class Settling {
  readonly #parts: PartSet;
  readonly #unsettled: Unsettled;
  readonly #before: GroupBefore;
  readonly #edits = new Map<string, Part | undefined>();
  readonly #closed = new Set<string>();
  readonly #suspects = new Set<string>();

  constructor(parts: PartSet, unsettled: Unsettled, before: GroupBefore) {
    this.#parts = parts;
    this.#unsettled = unsettled;
    this.#before = before;
  }

  settle(): PartSet {
    const { held, heldRoutes, closings } = this.#unsettled;
    for (const key of held) this.#hold(key);
    for (const [key, names] of heldRoutes) {
      const part = this.#parts.get(key);
      const old = this.#before.live.get(key);
      if (part !== undefined && old !== undefined) this.#edit(key, withHeldRoutes(part, old, names));
    }
    for (const key of closings.keys()) this.#suspects.add(key);
    for (const key of this.#suspects) {
      this.#suspects.delete(key);
      this.#close(key);
    }
    return this.#parts.with(this.#edits);
  }

  #current(key: string): Part | undefined {
    return this.#edits.has(key) ? this.#edits.get(key) : this.#parts.get(key);
  }

  #edit(key: string, part: Part | undefined): void {
    this.#edits.set(key, part);
    this.#suspects.add(key);
  }

  /** What proxies have stays; what they do not have is left out. */
  #hold(key: string): void {
    const old = this.#before.live.get(key);
    if (old === undefined) this.#leaveOut(key);
    else this.#edit(key, old);
  }

  /** Takes along who names it. */
  #leaveOut(key: string): void {
    this.#edit(key, undefined);
    for (const [other, part] of this.#parts)
      if (isHostOf(part, key)) this.#edit(other, undefined);
      else if (referencesOf(part).some((reference) => keyOf(reference) === key)) this.#suspects.add(other);
  }

  /** Mends the first thing that a part names in vain; it is looked at again as long as it changes. */
  #close(key: string): void {
    const part = this.#current(key);
    if (part === undefined) return;
    for (const reference of referencesOf(part)) {
      if (!this.#isMissing(reference) || this.#retain(reference)) continue;
      const closing = this.#unsettled.closings.get(key);
      if (closing !== undefined && !this.#closed.has(key)) {
        this.#closed.add(key);
        const closed = closing((one) => this.#isMissing(one));
        if (closed === undefined) this.#leaveOut(key);
        else this.#edit(key, closed);
      } else if (this.#before.live.get(key) !== part) this.#hold(key);
      return;
    }
  }

  #isMissing(reference: Reference): boolean {
    const exempt = reference.type === "cluster" && reference.name === invalidBackendCluster;
    return !exempt && this.#current(keyOf(reference)) === undefined;
  }

  /** Whether proxies have it: then it stays. */
  #retain({ type, name }: Reference): boolean {
    const { snapshot } = this.#before;
    const resource =
      snapshot?.types[type].resources.get(name) ?? snapshot?.retiring[type].get(name)?.resource;
    if (resource === undefined) return false;
    for (const part of resource.parts) {
      const key = partKeyText(part);
      if (this.#current(key) === undefined) this.#edit(key, part);
    }
    return true;
  }
}

/** Whether a part is a virtual host of the table whose shell has the key. */
function isHostOf(part: Part, key: string): boolean {
  return part.virtualHost !== "" && partKeyText({ ...part, virtualHost: "" }) === key;
}

function keyOf({ type, name }: Reference): string {
  return partKeyText({ type, resource: name, virtualHost: "" });
}

interface NamedRoute {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A virtual host with the held routes that proxies have of it, each before what it stood before. */
function withHeldRoutes(part: Part, old: Part, held: ReadonlySet<string>): Part {
  const { head, routes } = splitHost(part.bytes);
  const before = splitHost(old.bytes).routes;
  const merged: NamedRoute[] = [...routes];
  for (let index = before.length - 1; index >= 0; index--) {
    const route = before[index] as NamedRoute;
    if (!held.has(route.name)) continue;
    const later = new Set(before.slice(index + 1).map(({ name }) => name));
    const at = merged.findIndex(({ name }) => later.has(name));
    merged.splice(at < 0 ? merged.length : at, 0, route);
  }
  const bytes = withMessages(
    head,
    virtualHostRoutesField,
    merged.map((route) => route.bytes),
  );
  return { ...part, bytes, digest: sha256Hex(bytes) };
}

/** @returns the routes in order, each with its name and its place among those of the name */
function splitHost(bytes: Uint8Array): { readonly head: Uint8Array; readonly routes: readonly NamedRoute[] } {
  const fields = topLevelFields(bytes);
  if ("illFormed" in fields) return { head: bytes, routes: [] };
  const isRoute = ({ number }: { readonly number: number }) => number === virtualHostRoutesField;
  const names = new RouteNames();
  return {
    head: concatBytes(fields.filter((field) => !isRoute(field)).map((field) => field.bytes)),
    routes: fields
      .filter(isRoute)
      .flatMap(({ value }) => value ?? [])
      .map((route) => ({ name: names.next(resourceName(resourceKinds.Route, route)), bytes: route })),
  };
}

/** Names of the routes of a virtual host, made unique: a match may be several Envoy routes of one name. */
export class RouteNames {
  readonly #seen = new Map<string, number>();

  next(name: string): string {
    const count = this.#seen.get(name) ?? 0;
    this.#seen.set(name, count + 1);
    return count === 0 ? name : `${name}#${count}`;
  }
}
