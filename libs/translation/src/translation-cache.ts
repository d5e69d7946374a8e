import {
  asideState,
  type ConfigObject,
  type ConfigState,
  changedObjects,
  type ExtensionPoint,
  emptyConfigState,
  getObject,
  kindKey,
  type ObjectDifference,
  objectsOfKind,
} from "@routeledger/config-model";
import { type JsonObject, SortedMap } from "@routeledger/std";
import type { PartSet } from "@routeledger/xds-model";
import { changedGenerations, generationKey } from "./backends/cluster-generation.ts";
import { SliceIndex } from "./backends/slice-index.ts";
import { withClustersAside } from "./clusters-aside.ts";
import { Dependents } from "./dependents.ts";
import type { ExtendedGroup } from "./extensions/extended-group.ts";
import { extensionStatuses, withProblems } from "./extensions/extension-findings.ts";
import { type ExtensionView, extensionViews } from "./extensions/extension-view.ts";
import { GroupExtensions } from "./extensions/group-extensions.ts";
import { GatewayTranslation } from "./gateway-translation.ts";
import { gatewayGroup, specOf } from "./kinds.ts";
import { type GatewayView, viewGateway } from "./listeners/gateway-view.ts";
import { parentOfSet } from "./listeners/listener-sets.ts";
import { findGateway, nodeGroupPattern } from "./node-groups.ts";
import { parentKey, parentRefsOf } from "./routes/attach.ts";
import { RouteTranslations } from "./routes/route-translations.ts";
import { StateReader } from "./state-reader.ts";
import { type GroupFindings, StatusIndex } from "./statuses/status-index.ts";
import { isCrowded } from "./tls/ancestor-room.ts";
import { policyKind } from "./tls/policy-index.ts";

/** What a state is translated to. States that follow on each other share what stays. */
export interface TranslatedState {
  /** The parts of every node group that there is, by `namespace/name`. */
  readonly groups: SortedMap<PartSet>;
  /** The status of every object that has one, without lastTransitionTime, by `group/kind/namespace/name`. */
  readonly statuses: SortedMap<JsonObject>;
  /** Of the node groups where extensions have a say, what they make of the parts. */
  readonly extended: SortedMap<ExtendedGroup>;
}

interface KnownGateway {
  readonly translation: GatewayTranslation;
  readonly extensions: GroupExtensions;
  view: GatewayView;
}

/**
 * Follows states, and makes anew what a change touches: from a changed object to the routes that read it, from a route
 * to its Gateways, from there to the domains, upstreams and statuses that it has a part in. It never changes a result:
 * a state translates to the same after any others. One cache serves one log.
 */
export class TranslationCache {
  #state = emptyConfigState;
  readonly #routes = new RouteTranslations();
  readonly #slices = new SliceIndex();
  readonly #views = new Dependents();
  readonly #gateways = new Map<string, KnownGateway>();
  readonly #statuses = new StatusIndex();
  #groups = SortedMap.empty<PartSet>();
  #extended = SortedMap.empty<ExtendedGroup>();
  readonly #envoyRoutesMax: number | undefined;
  #aside: TranslationCache | undefined;

  /** @param envoyRoutesMax of a Gateway (G37); tests lower it */
  constructor(envoyRoutesMax?: number) {
    this.#envoyRoutesMax = envoyRoutesMax;
  }

  /** @internal `translateAll` */
  follow(state: ConfigState): TranslatedState {
    const before = this.#state;
    const changes = changedObjects(before, state);
    const generations = changedGenerations(before, state);
    this.#state = state;
    const answered = state.answers.changesSince(before.answers).map(({ key }) => key);
    if (changes.length + generations.length + answered.length > 0) {
      const touched = this.#translate(before, state, changes, generations);
      this.#extend(before, state, { changes, ...touched, answered });
    }
    return {
      groups: this.#withAside(state),
      statuses: this.#statuses.statuses,
      extended: this.#extended,
    };
  }

  /** While a switch is open its other side is translated, too, by a cache of its own. */
  #withAside(state: ConfigState): SortedMap<PartSet> {
    const other = asideState(state);
    if (other === undefined) {
      this.#aside = undefined;
      return this.#groups;
    }
    this.#aside ??= new TranslationCache(this.#envoyRoutesMax);
    return withClustersAside(this.#groups, state, this.#aside.follow(other).groups);
  }

  /** What the followed state knows of questions to extensions that nobody asks any more. */
  unaskedPoints(): ExtensionPoint[] {
    const isAny = extensionViews(this.#state).length > 0;
    return [...this.#state.answers].flatMap(([group, answers]) => {
      const known = isAny ? this.#gateways.get(group) : undefined;
      return known?.extensions.unasked() ?? [...answers.values()].map(({ newest }) => newest);
    });
  }

  #translate(
    before: ConfigState,
    state: ConfigState,
    changes: readonly ObjectDifference[],
    generations: readonly string[],
  ): { readonly followed: readonly string[]; readonly gone: readonly string[] } {
    const routes = new Map<string, string[]>();
    for (const route of this.#routes.follow(state, changes, generations.map(generationKey))) {
      for (const group of gatewaysOf(state, [route.before, route.after])) {
        const keys = routes.get(group);
        if (keys === undefined) routes.set(group, [route.key]);
        else keys.push(route.key);
      }
    }
    const services = [...this.#slices.follow(changes)];
    const { made, gone } = this.#makeViews(state, changes);
    const around = { state, routes: this.#routes, slices: this.#slices };
    const all = concernsPolicies([before, state], changes);
    const followed: string[] = [];
    for (const [group, { view, translation }] of this.#gateways) {
      const reached = services.filter((service) => translation.reaches(service));
      if (!all && !made.has(group) && !routes.has(group) && reached.length === 0) continue;
      translation.follow(around, view, { routes: routes.get(group) ?? [], services: reached });
      followed.push(group);
    }
    return { followed, gone };
  }

  /** Lets extensions have their say on what was translated, where anything of it changed. */
  #extend(before: ConfigState, state: ConfigState, { changes, followed, gone, answered }: Followed): void {
    const extensions = extensionViews(state);
    const concernsAll = extensions !== extensionViews(before) || concernsExtensions(extensions, changes);
    const findings = new Map<string, GroupFindings | undefined>(gone.map((group) => [group, undefined]));
    const groups: [string, PartSet | undefined][] = gone.map((group) => [group, undefined]);
    const extended: [string, ExtendedGroup | undefined][] = gone.map((group) => [group, undefined]);
    for (const group of concernsAll ? this.#gateways.keys() : new Set([...followed, ...answered])) {
      const known = this.#gateways.get(group);
      if (known === undefined) continue;
      const { translation } = known;
      const said = extensions.length === 0 ? undefined : this.#extendGroup(state, group, known);
      findings.set(group, withProblems(translation.findings, said?.problems ?? []));
      groups.push([group, said?.parts ?? translation.parts]);
      extended.push([group, said]);
    }
    this.#groups = this.#groups.with(groups);
    this.#extended = this.#extended.with(extended);
    const problems = [...this.#extended.values()].flatMap((group) => group.problems);
    this.#statuses.follow(changes, findings, extensionStatuses(extensions, problems));
  }

  #extendGroup(
    state: ConfigState,
    nodeGroup: string,
    { translation, extensions, view }: KnownGateway,
  ): ExtendedGroup {
    const { parts, governed, custom, misdirected } = translation;
    const plain = { nodeGroup, gateway: view.object, parts, governed, custom, misdirected };
    return extensions.follow(state, extensionViews(state), plain);
  }

  /** Views the Gateways that may mean something else. */
  #makeViews(
    state: ConfigState,
    changes: readonly ObjectDifference[],
  ): { readonly made: ReadonlySet<string>; readonly gone: readonly string[] } {
    const asked = new Set([...gatewaysAmong(state, changes), ...this.#views.affectedBy(changes, state)]);
    const gone: string[] = [];
    for (const group of asked) {
      const found = nodeGroupPattern.test(group) ? findGateway(state, group) : undefined;
      if (found === undefined) {
        if (this.#gateways.delete(group)) gone.push(group);
        this.#views.delete(group);
        asked.delete(group);
        continue;
      }
      const reader = new StateReader(state);
      const view = viewGateway(reader, found.gateway, found.gatewayClass);
      this.#views.set(group, reader.reads);
      const known = this.#gateways.get(group);
      if (known === undefined)
        this.#gateways.set(group, {
          translation: new GatewayTranslation(this.#envoyRoutesMax),
          extensions: new GroupExtensions(),
          view,
        });
      else known.view = view;
    }
    return { made: asked, gone };
  }
}

/** What of a state changed, and the node groups that this is about. */
interface Followed {
  readonly changes: readonly ObjectDifference[];
  readonly followed: readonly string[];
  readonly gone: readonly string[];
  readonly answered: readonly string[];
}

/** Whether a policy of an extension's kind changed: it may be about any Gateway. */
function concernsExtensions(
  extensions: readonly ExtensionView[],
  changes: readonly ObjectDifference[],
): boolean {
  return changes.some(({ before, after }) => {
    const object = after ?? before;
    if (object === undefined) return false;
    const key = kindKey(object.group, object.kind);
    return extensions.some(({ policyResources }) => policyResources.has(key));
  });
}

/** The Gateways that changed, or whose class did. */
function gatewaysAmong(state: ConfigState, changes: readonly ObjectDifference[]): string[] {
  return changes.flatMap(({ before, after }) => {
    const object = after ?? before;
    if (object === undefined || object.group !== gatewayGroup) return [];
    const { kind, namespace, name } = object;
    if (kind === "Gateway") return [`${namespace}/${name}`];
    if (kind !== "GatewayClass") return [];
    return objectsOfKind(state, gatewayGroup, "Gateway")
      .filter((gateway) => specOf(gateway).gatewayClassName === name)
      .map((gateway) => `${gateway.namespace}/${gateway.name}`);
  });
}

/** The Gateways that routes name, as they were and as they are, directly or by a ListenerSet. */
function gatewaysOf(state: ConfigState, routes: readonly (ConfigObject | undefined)[]): ReadonlySet<string> {
  const groups = new Set<string>();
  for (const route of new Set(routes)) {
    if (route === undefined) continue;
    for (const parentRef of parentRefsOf(route)) {
      const parent = parentKey(parentRef, route.namespace);
      const group = parent === undefined ? undefined : gatewayOf(state, parent);
      if (group !== undefined) groups.add(group);
    }
  }
  return groups;
}

function gatewayOf(state: ConfigState, parent: string): string | undefined {
  const [kind = "", namespace = "", name = ""] = parent.split("/");
  if (kind === "Gateway") return `${namespace}/${name}`;
  const set = getObject(state, { group: gatewayGroup, kind, namespace, name });
  return set && parentOfSet(set);
}

/**
 * Whether any Gateway may find out something else about policies, also one none of whose routes changed: a policy that
 * loses against another changes no route, and a full status makes Gateways depend on each other (G102).
 */
function concernsPolicies(states: readonly ConfigState[], changes: readonly ObjectDifference[]): boolean {
  const isPolicy = ({ group, kind }: ConfigObject): boolean => kindKey(group, kind) === policyKind;
  if (changes.some(({ before, after }) => [before, after].some((one) => one !== undefined && isPolicy(one))))
    return true;
  if (!states.some(({ objects }) => objects.has(policyKind))) return false;
  const hasConfigMap = changes.some(({ before, after }) => (after ?? before)?.kind === "ConfigMap");
  return hasConfigMap || states.some(isCrowded);
}
