import type { JsonObject } from "@routeledger/std";
import { anyHost, parseHostname } from "../hostnames.ts";
import { gatewayGroup, routeKinds } from "../kinds.ts";
import { type Condition, condition } from "../statuses/condition.ts";
import { listOf, objectOf, objectsOf, portOf, shown, textOf } from "../untrusted.ts";

/** A listener of a Gateway: what it asks for, and whether that is served. */
export interface ListenerView {
  readonly name: string;
  readonly port: number;
  readonly protocol: string;
  /** Lower case; `*` when the listener names none. */
  readonly hostname: string;
  /** Route kinds that it takes: what we implement, cut to what it allows (G5). */
  readonly supportedKinds: readonly string[];
  readonly namespaces: NamespaceRule;
  readonly accepted: Condition;
  readonly resolvedRefs: Condition;
  readonly conflicted: Condition;
  readonly programmed: Condition;
  /** It gets traffic. */
  readonly serves: boolean;
}

export type NamespaceRule =
  | { readonly from: "Same" | "All" | "None" }
  | { readonly from: "Selector"; readonly selector: JsonObject };

/** What one listener says, before it is compared with the others. */
export interface ListenerDraft extends Omit<ListenerView, "programmed" | "conflicted" | "serves"> {
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

export function draftListener(listener: JsonObject): ListenerDraft {
  const protocol = textOf(listener.protocol) ?? "";
  const port = portOf(listener.port);
  const writtenHostname = textOf(listener.hostname) ?? "";
  const hostname = writtenHostname === "" ? anyHost : parseHostname(writtenHostname);
  const served = protocol === "HTTP";
  const kinds = served ? allowedKinds(listener) : { supported: [], refused: [] };
  return {
    name: textOf(listener.name) ?? "",
    port: port ?? 0,
    protocol,
    hostname: hostname ?? anyHost,
    portClass: portClasses.get(protocol) ?? "",
    supportedKinds: kinds.supported,
    namespaces: namespaceRule(listener),
    accepted: acceptance(listener, { served, port, hostname }),
    resolvedRefs:
      kinds.refused.length > 0
        ? condition(
            "ResolvedRefs",
            "False",
            "InvalidRouteKinds",
            `kinds that are not served: ${kinds.refused.join(", ")}`,
          )
        : condition("ResolvedRefs", "True", "ResolvedRefs"),
  };
}

function acceptance(
  listener: JsonObject,
  found: { served: boolean; port: number | undefined; hostname: string | undefined },
): Condition {
  if (!found.served) {
    const message = `protocol ${shown(listener.protocol)} is not served`;
    return condition("Accepted", "False", "UnsupportedProtocol", message);
  }
  const wrong = [
    found.port === undefined ? `port ${shown(listener.port)}` : "",
    found.hostname === undefined ? `hostname ${shown(listener.hostname)}` : "",
    listener.tls !== undefined && listener.tls !== null ? "tls on a listener of protocol HTTP" : "",
  ].filter((text) => text !== "");
  return wrong.length > 0
    ? condition("Accepted", "False", "UnsupportedValue", `not served: ${wrong.join(", ")}`)
    : condition("Accepted", "True", "Accepted");
}

const implementedKinds: readonly string[] = ["HTTPRoute"];

/** Rule G5: no kinds means all that the protocol carries; unknown ones are refused and the others go on. */
function allowedKinds(listener: JsonObject): { supported: readonly string[]; refused: readonly string[] } {
  const kinds = objectsOf(objectOf(listener.allowedRoutes).kinds);
  if (kinds.length === 0) return { supported: implementedKinds, refused: [] };
  const supported = new Set<string>();
  const refused = new Set<string>();
  for (const { group, kind } of kinds) {
    const name = textOf(kind) ?? "";
    const groupName = textOf(group) ?? gatewayGroup;
    if (groupName === gatewayGroup && implementedKinds.includes(name)) supported.add(name);
    else refused.add(groupName === gatewayGroup && isRouteKind(name) ? name : `${groupName}/${name}`);
  }
  return { supported: [...supported].sort(), refused: [...refused].sort() };
}

function isRouteKind(name: string): boolean {
  return routeKinds.some((kind) => kind === name);
}

function namespaceRule(listener: JsonObject): NamespaceRule {
  const namespaces = objectOf(objectOf(listener.allowedRoutes).namespaces);
  const from = textOf(namespaces.from) ?? "Same";
  if (from === "Selector") return { from, selector: objectOf(namespaces.selector) };
  return { from: from === "All" || from === "Same" ? from : "None" };
}

/** Names of the kinds that a status lists. */
export function supportedKindList(view: ListenerView): JsonObject[] {
  return view.supportedKinds.map((kind) => ({ group: gatewayGroup, kind }));
}

/** Listeners as a Gateway's spec lists them; a second one of a name is ignored, as the schema forbids it. */
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
