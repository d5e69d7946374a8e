import {
  type ConfigObject,
  type ConfigState,
  getObject,
  kindKey,
  type ObjectDifference,
  objectKey,
} from "@routeledger/config-model";
import { Dependents } from "../dependents.ts";
import { gatewayGroup, routeKinds } from "../kinds.ts";
import { StateReader } from "../state-reader.ts";
import { type TranslatedRoute, translateRoute } from "./translated-route.ts";

/** A route of any kind. */
export interface KnownRoute {
  readonly object: ConfigObject;
  /** Undefined for kinds that are not served. */
  readonly translated: TranslatedRoute | undefined;
}

/** A route that is other than it was: undefined where it is not. */
export interface RouteChange {
  readonly key: string;
  readonly before: ConfigObject | undefined;
  readonly after: ConfigObject | undefined;
}

/** All routes of a state, as far as they do not depend on where they are attached. */
export class RouteTranslations {
  readonly #routes = new Map<string, KnownRoute>();
  readonly #dependents = new Dependents();

  get(key: string): KnownRoute | undefined {
    return this.#routes.get(key);
  }

  /**
   * Follows to a state. Translates the routes that changed, and those that rest on an object that did.
   * @param keys of what changed besides objects
   * @returns the routes that may mean something else, each once
   */
  follow(
    state: ConfigState,
    changes: readonly ObjectDifference[],
    keys: readonly string[] = [],
  ): RouteChange[] {
    const changed = new Map<string, RouteChange>();
    for (const { before, after } of changes) {
      const object = after ?? before;
      if (object === undefined || !isRoute(object)) continue;
      const key = objectKey(object);
      changed.set(key, { key, before, after });
      if (after === undefined) this.#forget(key);
      else this.#translate(state, key, after);
    }
    for (const key of this.#dependents.affectedBy(changes, state, keys)) {
      const known = this.#routes.get(key);
      if (known === undefined) continue;
      if (!changed.has(key)) changed.set(key, { key, before: known.object, after: known.object });
      this.#translate(state, key, known.object);
    }
    for (const object of routesOfNamespaces(state, changes)) {
      const key = objectKey(object);
      if (!changed.has(key)) changed.set(key, { key, before: object, after: object });
    }
    return [...changed.values()];
  }

  #translate(state: ConfigState, key: string, object: ConfigObject): void {
    const reader = new StateReader(state);
    const isServed = object.kind === "HTTPRoute" || object.kind === "GRPCRoute";
    this.#routes.set(key, { object, translated: isServed ? translateRoute(reader, object) : undefined });
    this.#dependents.set(key, reader.reads);
  }

  #forget(key: string): void {
    this.#routes.delete(key);
    this.#dependents.delete(key);
  }
}

function isRoute({ group, kind }: ConfigObject): boolean {
  return group === gatewayGroup && routeKinds.some((known) => known === kind);
}

/** The labels of a Namespace decide where its routes may be attached (G4). */
function routesOfNamespaces(state: ConfigState, changes: readonly ObjectDifference[]): ConfigObject[] {
  const namespaces = changes.flatMap(({ before, after }) => {
    const object = after ?? before;
    return object !== undefined && object.group === "" && object.kind === "Namespace" ? [object.name] : [];
  });
  return namespaces.flatMap((namespace) =>
    routeKinds.flatMap((kind) => [
      ...(state.objects.get(kindKey(gatewayGroup, kind))?.get(namespace)?.values() ?? []),
    ]),
  );
}

/** The Namespace object of a route, if there is one. */
export function namespaceOf(state: ConfigState, { namespace }: ConfigObject): ConfigObject | undefined {
  return getObject(state, { group: "", kind: "Namespace", namespace: "", name: namespace });
}
