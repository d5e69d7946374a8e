import type { JsonObject } from "@routeledger/std";
import type { ConformanceCase } from "./case.ts";
import { casePlayers } from "./case-players.ts";
import { mutations } from "./mutations.ts";
import { players } from "./play-step.ts";

const laterProtocols = ["HTTPS", "TLS", "TCP", "UDP"];
const servedKinds = [
  "Deployment",
  "EndpointSlice",
  "Gateway",
  "GatewayClass",
  "HTTPRoute",
  "Namespace",
  "ReferenceGrant",
  "Service",
];

export interface CaseContext {
  /** Of the case's manifests. */
  readonly objects: readonly JsonObject[];
  /** Of base.yaml. */
  readonly base: readonly JsonObject[];
  /** As the GatewayClass's status names them. */
  readonly servedFeatures: ReadonlySet<string>;
}

/** Why a case cannot run: what it needs that is not served or not played. Nothing when it must run. */
export function obstacles(of: ConformanceCase, { objects, base, servedFeatures }: CaseContext): string[] {
  const { name, features, steps, incomplete } = of;
  const found = [
    ...features.filter((feature) => !servedFeatures.has(feature)).map((feature) => `feature ${feature}`),
    ...objects.map(({ kind }) => String(kind)).filter((kind) => !servedKinds.includes(kind)),
    ...gatewaysOf(objects, base).flatMap(beyondPlainHttp),
    ...steps.map(({ fn }) => fn).filter((fn) => !(fn in players) && !(fn in (casePlayers[name] ?? {}))),
  ];
  if (incomplete && !(name in mutations) && !(name in casePlayers))
    found.push("what its Go code changes between the steps");
  return [...new Set(found)];
}

interface Ref {
  readonly name: string;
  readonly namespace?: string;
}

/** The Gateways of the manifests, and those of the base that a route names. */
function gatewaysOf(objects: readonly JsonObject[], base: readonly JsonObject[]): JsonObject[] {
  const own = objects.filter(({ kind }) => kind === "Gateway");
  const named = new Set(
    objects.flatMap(({ metadata, spec }) => {
      const { namespace = "" } = (metadata ?? {}) as unknown as Ref;
      const { parentRefs = [] } = (spec ?? {}) as { parentRefs?: Ref[] };
      return parentRefs.map((ref) => `${ref.namespace ?? namespace}/${ref.name}`);
    }),
  );
  const ofBase = base.filter(({ kind, metadata }) => {
    const { namespace, name } = metadata as unknown as Ref;
    return kind === "Gateway" && named.has(`${namespace}/${name}`);
  });
  return [...own, ...ofBase];
}

/** A protocol that nobody knows is no obstacle: its status is defined. */
function beyondPlainHttp({ spec }: JsonObject): string[] {
  const { listeners = [], tls } = spec as { listeners?: { protocol: string }[]; tls?: unknown };
  const protocols = listeners.map(({ protocol }) => protocol).filter((one) => laterProtocols.includes(one));
  return [
    ...protocols.map((protocol) => `listener of ${protocol}`),
    ...(tls === undefined ? [] : ["Gateway.spec.tls"]),
  ];
}
