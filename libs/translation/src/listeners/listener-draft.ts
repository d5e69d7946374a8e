import type { ConfigObject } from "@routeledger/config-model";
import type { JsonObject } from "@routeledger/std";
import { anyHost, parseHostname } from "../hostnames.ts";
import { gatewayGroup, routeKinds } from "../kinds.ts";
import { joinProblems, Problem } from "../problem.ts";
import { type Condition, condition } from "../statuses/condition.ts";
import { listOf, objectOf, objectsOf, portOf, shown, textOf } from "../untrusted.ts";
import type { ListenerTlsResolver } from "./listener-tls.ts";
import type { ListenerView } from "./listener-view.ts";
import { namespaceRule } from "./namespace-rule.ts";

/** What one listener says, before it is compared with the others. */
export interface ListenerDraft
  extends Omit<ListenerView, "programmed" | "conflicted" | "serves" | "overlappingTls"> {
  /** What can share a port: `http`, `tls`, `tcp`, `udp` (G8, G9); empty for a protocol that nobody knows. */
  readonly portClass: string;
}

const portClasses: ReadonlyMap<string, string> = new Map([
  ["HTTP", "http"],
  ["HTTPS", "tls"],
  ["TLS", "tls"],
  ["TCP", "tcp"],
  ["UDP", "udp"],
]);

const servedProtocols: readonly string[] = ["HTTP", "HTTPS"];

/** @param owner the Gateway or ListenerSet that the listener stands in */
export function draftListener(
  owner: ConfigObject,
  listener: JsonObject,
  resolveTls: ListenerTlsResolver,
): ListenerDraft {
  const protocol = textOf(listener.protocol) ?? "";
  const port = portOf(listener.port);
  const writtenHostname = textOf(listener.hostname) ?? "";
  const hostname = writtenHostname === "" ? anyHost : parseHostname(writtenHostname);
  const served = servedProtocols.includes(protocol);
  const kinds = allowedKinds(listener, served ? implementedKinds : []);
  const tls = protocol === "HTTPS" ? resolveTls(owner, listener, port ?? 0) : undefined;
  const refused = refusal(listener, { served, port, hostname }) ?? tls?.refused;
  return {
    owner,
    name: textOf(listener.name) ?? "",
    port: port ?? 0,
    protocol,
    hostname: hostname ?? anyHost,
    portClass: portClasses.get(protocol) ?? "",
    supportedKinds: kinds.supported,
    namespaces: namespaceRule(objectOf(listener.allowedRoutes), "Same"),
    tls: tls?.tls,
    accepted:
      refused === undefined
        ? condition("Accepted", "True", "Accepted")
        : condition("Accepted", "False", refused.reason, refused.message),
    resolvedRefs: resolution([...(tls?.problems ?? []), ...kinds.refused.map(refusedKind)]),
  };
}

function refusal(
  listener: JsonObject,
  found: { served: boolean; port: number | undefined; hostname: string | undefined },
): Problem | undefined {
  if (!found.served) {
    return new Problem("UnsupportedProtocol", `protocol ${shown(listener.protocol)} is not served`);
  }
  const hasTls = listener.tls !== undefined && listener.tls !== null;
  const wrong = [
    found.port === undefined ? `port ${shown(listener.port)}` : "",
    found.hostname === undefined ? `hostname ${shown(listener.hostname)}` : "",
    listener.protocol === "HTTP" && hasTls ? "tls on a listener of protocol HTTP" : "",
  ].filter((text) => text !== "");
  return wrong.length > 0 ? new Problem("UnsupportedValue", `not served: ${wrong.join(", ")}`) : undefined;
}

function resolution(problems: readonly Problem[]): Condition {
  const joined = joinProblems(problems);
  return joined === undefined
    ? condition("ResolvedRefs", "True", "ResolvedRefs")
    : condition("ResolvedRefs", "False", joined.reason, joined.message);
}

function refusedKind(kind: string): Problem {
  return new Problem("InvalidRouteKinds", `allowedRoutes.kinds: ${kind} is not served`);
}

const implementedKinds: readonly string[] = ["GRPCRoute", "HTTPRoute"];

/**
 * Rule G5: no kinds means all that the protocol carries; unknown ones are refused and the others go on.
 * @param carried none for a protocol that is not served
 */
function allowedKinds(
  listener: JsonObject,
  carried: readonly string[],
): { supported: readonly string[]; refused: readonly string[] } {
  const kinds = objectsOf(objectOf(listener.allowedRoutes).kinds);
  if (kinds.length === 0) return { supported: carried, refused: [] };
  const supported = new Set<string>();
  const refused = new Set<string>();
  for (const { group, kind } of kinds) {
    const name = textOf(kind) ?? "";
    const groupName = textOf(group) ?? gatewayGroup;
    if (groupName === gatewayGroup && carried.includes(name)) supported.add(name);
    else refused.add(groupName === gatewayGroup && isRouteKind(name) ? name : `${groupName}/${name}`);
  }
  return { supported: [...supported].sort(), refused: [...refused].sort() };
}

function isRouteKind(name: string): boolean {
  return routeKinds.some((kind) => kind === name);
}

/** Listeners as a spec lists them; a second one of a name is ignored, as the schema forbids it. */
export function listenersOf(spec: JsonObject): readonly JsonObject[] {
  const names = new Set<string>();
  return listOf(spec.listeners)
    .map(objectOf)
    .filter(({ name }) => {
      const text = textOf(name) ?? "";
      if (names.has(text)) return false;
      names.add(text);
      return true;
    });
}
