import type { ConfigObject } from "@routeledger/config-model";
import type { JsonObject } from "@routeledger/std";
import { gatewayGroup } from "../kinds.ts";
import type { Condition } from "../statuses/condition.ts";
import type { ListenerTls } from "./listener-tls.ts";

/** A listener of a Gateway, its own or a ListenerSet's: what it asks for, and whether that is served. */
export interface ListenerView {
  /** The Gateway or ListenerSet that it stands in. */
  readonly owner: ConfigObject;
  readonly name: string;
  readonly port: number;
  readonly protocol: string;
  /** Lower case; `*` when the listener names none. */
  readonly hostname: string;
  /** Route kinds that it takes: what we implement, cut to what it allows (G5). */
  readonly supportedKinds: readonly string[];
  readonly namespaces: NamespaceRule;
  /** Of a listener of protocol HTTPS that can be served. */
  readonly tls: ListenerTls | undefined;
  readonly accepted: Condition;
  readonly resolvedRefs: Condition;
  readonly conflicted: Condition;
  readonly programmed: Condition;
  /** Present only when it is True (G92). */
  readonly overlappingTls: Condition | undefined;
  /** It gets traffic. */
  readonly serves: boolean;
}

export type NamespaceRule =
  | { readonly from: "Same" | "All" | "None" }
  | { readonly from: "Selector"; readonly selector: JsonObject };

/** The conditions of a listener's status. */
export function listenerConditions(view: ListenerView): Condition[] {
  const { accepted, conflicted, programmed, resolvedRefs, overlappingTls } = view;
  return [accepted, conflicted, programmed, resolvedRefs, ...(overlappingTls ? [overlappingTls] : [])];
}

/** Names of the kinds that a status lists. */
export function supportedKindList(view: ListenerView): JsonObject[] {
  return view.supportedKinds.map((kind) => ({ group: gatewayGroup, kind }));
}
