import {
  type ConfigObject,
  type ExtensionPoint,
  type GroupAnswers,
  kindKey,
} from "@routeledger/config-model";
import { type Part, type Reference, referencesOf } from "@routeledger/xds-model";
import { makePart, remadePart } from "../parts.ts";
import type { EncodedHost } from "../routes/route-table.ts";
import { encodeVirtualHost, type HostRoute } from "../routes/virtual-host.ts";
import { errorEndpoints, errorHost, errorListener, errorRoute } from "./error-answers.ts";
import type { Closing } from "./extended-group.ts";
import type { AttachedPolicy } from "./extension-policies.ts";
import type { ExtensionView } from "./extension-view.ts";
import {
  type ChainLink,
  type ChainResult,
  type ChainSubject,
  type ExtensionProblem,
  runChain,
  type WantedCall,
} from "./hook-chain.ts";
import type { ResourceHook } from "./hook-questions.ts";
import { RouteNames } from "./settle-group.ts";

/** A part as the hooks that are about it leave it. */
export interface ExtendedPart {
  /** Undefined: it is held whole. */
  readonly part: Part | undefined;
  /** Of a virtual host, the routes that are held. */
  readonly heldRoutes: ReadonlySet<string>;
  readonly closing: Closing | undefined;
  /** What extensions made of it, and names what must be there. */
  readonly claims: readonly Claim[];
  readonly calls: readonly WantedCall[];
  readonly problems: readonly ExtensionProblem[];
  /** `answerKey`s of all that it rests on. */
  readonly keys: readonly string[];
}

/** Something that an extension made. */
export interface Claim {
  readonly extension: ExtensionView;
  readonly point: ExtensionPoint;
  readonly owner: ConfigObject;
  readonly references: readonly Reference[];
}

/** What the parts of a node group have in common. */
export interface ExtendingGroup {
  readonly nodeGroup: string;
  readonly gateway: ConfigObject;
  /** In the order of their chain. */
  readonly extensions: readonly ExtensionView[];
  readonly answers: GroupAnswers;
  /** Of extensions' kinds, that name the Gateway. */
  readonly policies: readonly AttachedPolicy[];
}

const noHeldRoutes: ReadonlySet<string> = new Set();

/** What the listener and endpoints hooks make of a part; undefined where none is about it. */
export function extendPlainPart(group: ExtendingGroup, part: Part): ExtendedPart | undefined {
  if (part.type === "listener") {
    const links = linksOf(group, "HTTPListener", (extension) => ({
      question: (resource) => ({
        hook: "HTTPListener",
        resource,
        extensionResources: policyTexts(
          extension,
          group.policies.map(({ object }) => object),
        ),
      }),
    }));
    return extendWhole({ group, part, hook: "HTTPListener", links, close: errorListener });
  }
  if (part.type !== "endpoint") return undefined;
  const links = linksOf(group, "Endpoints", () => ({
    question: (resource) => ({ hook: "Endpoints", resource }),
  }));
  return extendWhole({ group, part, hook: "Endpoints", links, close: () => errorEndpoints(part.resource) });
}

/** What the cluster hook makes of the cluster of an extension's own kind of backend, which is none without it. */
export function extendCustomCluster(
  group: ExtendingGroup,
  part: Part,
  backend: ConfigObject,
): ExtendedPart | undefined {
  const key = kindKey(backend.group, backend.kind);
  const links = linksOf(group, "Cluster", ({ backendResources }) =>
    backendResources.has(key)
      ? { question: (resource) => ({ hook: "Cluster", resource, extensionResources: [backend.json] }) }
      : undefined,
  );
  return extendWhole({ group, part, hook: "Cluster", links, close: (bytes) => bytes });
}

interface WholePart {
  readonly group: ExtendingGroup;
  readonly part: Part;
  readonly hook: ResourceHook;
  readonly links: readonly ChainLink[];
  /** What stands for it where an extension fails closed. */
  readonly close: (bytes: Uint8Array) => Uint8Array;
}

function extendWhole({ group, part, hook, links, close }: WholePart): ExtendedPart | undefined {
  if (links.length === 0) return undefined;
  const subject = subjectOf(group, hook, part.resource);
  const result = runChain(subject, links, part.bytes);
  const closed = () => withBytes(part, close(part.bytes), result);
  return finish(subject, result, {
    part: result.outcome.type === "closed" ? closed() : servedPart(part, result),
    closing: result.by.length === 0 ? undefined : closed,
  });
}

/** What the route and virtual host hooks make of a virtual host; undefined where none is about it. */
export function extendHost(
  group: ExtendingGroup,
  part: Part,
  host: EncodedHost | undefined,
): ExtendedPart | undefined {
  const links = linksOf(group, "VirtualHost", () => ({
    question: (resource) => ({ hook: "VirtualHost", resource }),
  }));
  const routes = host === undefined ? undefined : extendRoutes(group, part, host);
  if (links.length === 0) return routes;
  const waits = routes !== undefined && (routes.part === undefined || routes.heldRoutes.size > 0);
  const base = routes?.part ?? part;
  const subject = subjectOf(group, "VirtualHost", `${part.resource}/${part.virtualHost}`);
  const result = runChain(subject, links, waits ? undefined : base.bytes);
  const closed = () => withBytes(base, errorHost(part.bytes), result);
  const whole = finish(subject, result, {
    part: result.outcome.type === "closed" ? closed() : servedPart(base, result),
    closing: result.by.length === 0 ? routes?.closing : closed,
  });
  if (routes === undefined) return whole;
  return {
    ...whole,
    calls: [...routes.calls, ...whole.calls],
    problems: [...routes.problems, ...whole.problems],
    claims: [...routes.claims, ...whole.claims],
    keys: [...routes.keys, ...whole.keys],
  };
}

interface RouteOutcome {
  readonly name: string;
  readonly subject: ChainSubject;
  readonly route: HostRoute;
  readonly result: ChainResult;
}

function extendRoutes(group: ExtendingGroup, part: Part, host: EncodedHost): ExtendedPart | undefined {
  const names = new RouteNames();
  const outcomes = host.routes.map((route): RouteOutcome => {
    const name = names.next(route.entry.route.name ?? "");
    const subject = {
      ...subjectOf(group, "Route", `${part.resource}/${part.virtualHost}/${name}`),
      owner: route.object,
      holdsStill: true,
    };
    return {
      name,
      subject,
      route,
      result: runChain(subject, routeLinks(group, route, host.domain), route.bytes),
    };
  });
  const results = outcomes.map(({ result }) => result);
  const by = new Set(results.flatMap((result) => result.by));
  const extensionObjects = host.routes.flatMap(({ entry }) => [
    ...(entry.extension?.objects ?? []),
    ...(entry.extension?.policies ?? []),
  ]);
  const owners = [...[...by].map(({ object }) => object), ...extensionObjects];
  const joined = (isMissing?: (reference: Reference) => boolean): Part =>
    remadePart(
      part,
      encodeVirtualHost(
        host.domain,
        outcomes.flatMap((one) => servedRoute(one, host, isMissing)),
      ),
      owners,
    );
  return {
    part: joined(),
    heldRoutes: new Set(
      outcomes.filter(({ result }) => result.outcome.type === "held").map(({ name }) => name),
    ),
    closing: by.size === 0 ? undefined : joined,
    claims: outcomes.flatMap((one) => claimOf(one, host.domain)),
    calls: results.flatMap(({ calls }) => calls),
    problems: results.flatMap(({ problems }) => problems),
    keys: results.flatMap(({ keys }) => keys),
  };
}

/** @param isMissing given: a route that an extension made and that names such a thing answers an error */
function servedRoute(
  { route, result: { outcome, by } }: RouteOutcome,
  { domain }: EncodedHost,
  isMissing: ((reference: Reference) => boolean) | undefined,
): Uint8Array[] {
  if (outcome.type === "held") return [];
  const { failureStatus } = route.entry;
  if (outcome.type === "closed") return [errorRoute(route.bytes, failureStatus)];
  if (isMissing === undefined || by.length === 0) return [outcome.bytes];
  const isWrong = referencesOfRoute(outcome.bytes, domain).some(isMissing);
  return [isWrong ? errorRoute(route.bytes, failureStatus) : outcome.bytes];
}

const routeReferences = new WeakMap<Uint8Array, readonly Reference[]>();

function referencesOfRoute(bytes: Uint8Array, domain: string): readonly Reference[] {
  let references = routeReferences.get(bytes);
  if (references === undefined) {
    const key = { type: "route", resource: domain, virtualHost: domain } as const;
    references = referencesOf(makePart(key, encodeVirtualHost(domain, [bytes]), []));
    routeReferences.set(bytes, references);
  }
  return references;
}

function claimOf({ subject, result: { outcome, by } }: RouteOutcome, domain: string): Claim[] {
  const extension = by.at(-1);
  if (extension === undefined || outcome.type !== "served") return [];
  const references = referencesOfRoute(outcome.bytes, domain);
  return [{ extension, point: { ...subject, extension: extension.name }, owner: subject.owner, references }];
}

/** The extensions of whose kinds the route names objects, or is named by policies. */
function routeLinks(group: ExtendingGroup, { entry }: HostRoute, domain: string): readonly ChainLink[] {
  const { extension: asks } = entry;
  if (asks === undefined) return [];
  return linksOf(group, "Route", (extension) => {
    const extensionResources = texts(asks.objects, extension.resources);
    const extensionPolicies = policyTexts(extension, asks.policies);
    if (extensionResources.length + extensionPolicies.length === 0) return undefined;
    return {
      question: (resource) => ({
        hook: "Route",
        resource,
        hostnames: [domain],
        extensionResources,
        extensionPolicies,
      }),
    };
  });
}

function linksOf(
  { extensions }: ExtendingGroup,
  hook: ResourceHook,
  link: (extension: ExtensionView) => Omit<ChainLink, "extension"> | undefined,
): readonly ChainLink[] {
  return extensions.flatMap((extension) => {
    if (!extension.hooks.has(hook)) return [];
    const made = link(extension);
    return made === undefined ? [] : [{ extension, ...made }];
  });
}

function policyTexts(
  { policyResources }: ExtensionView,
  policies: readonly ConfigObject[],
): readonly string[] {
  return texts(policies, policyResources);
}

function texts(objects: readonly ConfigObject[], kinds: ReadonlySet<string>): readonly string[] {
  return objects.filter(({ group, kind }) => kinds.has(kindKey(group, kind))).map(({ json }) => json);
}

function subjectOf(
  { nodeGroup, gateway, answers }: ExtendingGroup,
  hook: ResourceHook,
  name: string,
): ChainSubject {
  return { nodeGroup, hook, name, owner: gateway, answers, holdsStill: false };
}

function servedPart(part: Part, result: ChainResult): Part | undefined {
  const { outcome } = result;
  return outcome.type === "served" ? withBytes(part, outcome.bytes, result) : undefined;
}

/** A part with other bytes belongs to those who made them as well. */
function withBytes(part: Part, bytes: Uint8Array, { by }: ChainResult): Part {
  if (bytes === part.bytes) return part;
  return remadePart(
    part,
    bytes,
    by.map(({ object }) => object),
  );
}

function finish(
  subject: ChainSubject,
  { outcome, by, calls, problems, keys }: ChainResult,
  { part, closing }: { readonly part: Part | undefined; readonly closing: Closing | undefined },
): ExtendedPart {
  const served = outcome.type === "held" ? undefined : part;
  const extension = outcome.type === "served" ? by.at(-1) : undefined;
  const claims =
    served === undefined || extension === undefined
      ? []
      : [
          {
            extension,
            point: { ...subject, extension: extension.name },
            owner: subject.owner,
            references: referencesOf(served),
          },
        ];
  return { part: served, heldRoutes: noHeldRoutes, closing, claims, calls, problems, keys };
}
