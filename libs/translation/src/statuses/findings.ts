import { type ConfigObject, objectKey } from "@routeledger/config-model";
import type { JsonObject } from "@routeledger/std";
import { controllerName, generationOf } from "../kinds.ts";
import type { GatewayView, ListenerSetView } from "../listeners/gateway-view.ts";
import { type ListenerView, listenerConditions, supportedKindList } from "../listeners/listener-view.ts";
import type { ParentAttachment } from "../routes/attach.ts";
import type { TranslatedRoute } from "../routes/translated-route.ts";
import { ancestorsMax } from "../tls/ancestor-room.ts";
import { type Condition, condition, conditionList } from "./condition.ts";

export interface ParentFinding {
  /** Position of the parentRef in the route's spec. */
  readonly index: number;
  readonly status: JsonObject;
}

/** A route of any kind at a Gateway. */
export interface AttachedRoute {
  readonly object: ConfigObject;
  /** `objectKey` of the object. */
  readonly key: string;
  readonly attachments: readonly ParentAttachment[];
  /** Undefined for kinds that are not served. */
  readonly translated: TranslatedRoute | undefined;
  /** Listeners that take the route and serve, each once, whichever parentRefs chose it. */
  readonly listeners: readonly ListenerView[];
  readonly parents: readonly ParentFinding[];
}

/** Puts together what is known of a route at a Gateway. */
export function attachedRoute(
  object: ConfigObject,
  attachments: readonly ParentAttachment[],
  translated: TranslatedRoute | undefined,
): AttachedRoute {
  const taking = new Set(attachments.flatMap((attachment) => attachment.listeners));
  const listeners = translated === undefined ? [] : [...taking].filter(({ serves }) => serves);
  return {
    object,
    key: objectKey(object),
    attachments,
    translated,
    listeners,
    parents: parentFindings(object, attachments, translated),
  };
}

/** The entries of a route's status for one Gateway, one a parentRef as the spec writes it (G106). */
function parentFindings(
  object: ConfigObject,
  attachments: readonly ParentAttachment[],
  translated: TranslatedRoute | undefined,
): readonly ParentFinding[] {
  return attachments.map(({ index, parentRef, accepted }) => {
    const conditions: Condition[] = [isAccepted(accepted) ? (translated?.refused ?? accepted) : accepted];
    conditions.push(
      translated?.resolvedRefs ?? {
        type: "ResolvedRefs",
        status: "True",
        reason: "ResolvedRefs",
        message: "",
      },
    );
    if (translated?.partiallyInvalid !== undefined) conditions.push(translated.partiallyInvalid);
    const status = {
      parentRef: referenceOf(parentRef),
      controllerName,
      conditions: conditionList(conditions, generationOf(object)),
    };
    return { index, status };
  });
}

const referenceFields = ["group", "kind", "name", "namespace", "port", "sectionName"];

/** A parentRef as the spec writes it, without what a status would not take. */
function referenceOf(parentRef: JsonObject): JsonObject {
  return Object.fromEntries(
    referenceFields.flatMap((field): [string, string | number][] => {
      const value = parentRef[field];
      if (typeof value === "string") return [[field, value.toWellFormed()]];
      return typeof value === "number" ? [[field, value]] : [];
    }),
  );
}

function isAccepted({ status }: Condition): boolean {
  return status === "True";
}

/**
 * The statuses of a Gateway and of the ListenerSets that name it, by object key, without transition times.
 * @param attached how many accepted routes each listener has (G6)
 * @param refused BackendTLSPolicies whose status has no room for it
 */
export function gatewayFindings(
  gateway: GatewayView,
  attached: ReadonlyMap<ListenerView, number>,
  refused: readonly ConfigObject[],
): Map<string, JsonObject> {
  const { accepted, programmed, resolvedRefs, insecureFrontend, addresses, sets } = gateway;
  const conditions = [accepted, programmed, resolvedRefs, insecureFrontend, noRoom(refused)].filter(
    (one) => one !== undefined,
  );
  const status = {
    addresses: addresses.map((value) => ({ type: "IPAddress", value })),
    ...(sets.length === 0
      ? {}
      : { attachedListenerSets: sets.filter((set) => set.accepted.status === "True").length }),
    conditions: conditionList(conditions, generationOf(gateway.object)),
    listeners: listenerStatuses(gateway.object, gateway, attached),
  };
  const own: [string, JsonObject] = [objectKey(gateway.object), status];
  return new Map([own, ...sets.map((set) => setFinding(set, gateway, attached))]);
}

function setFinding(
  { object, accepted, programmed }: ListenerSetView,
  gateway: GatewayView,
  attached: ReadonlyMap<ListenerView, number>,
): [string, JsonObject] {
  const listeners = listenerStatuses(object, gateway, attached);
  const status = {
    conditions: conditionList([accepted, programmed], generationOf(object)),
    ...(listeners.length === 0 ? {} : { listeners }),
  };
  return [objectKey(object), status];
}

/** Rule G102: the policies themselves cannot say it, their list is full. */
function noRoom(refused: readonly ConfigObject[]): Condition | undefined {
  if (refused.length === 0) return undefined;
  const names = refused.map(({ namespace, name }) => `${namespace}/${name}`).join(", ");
  const message = `${ancestorsMax} older Gateways fill status.ancestors of BackendTLSPolicy ${names}: its targets answer 503 here`;
  return condition("routeledger.dev/PoliciesAttached", "False", "AncestorsFull", message);
}

function listenerStatuses(
  owner: ConfigObject,
  { listeners }: GatewayView,
  attached: ReadonlyMap<ListenerView, number>,
): JsonObject[] {
  return listeners
    .filter((listener) => listener.owner === owner)
    .map((listener) => ({
      name: listener.name,
      supportedKinds: supportedKindList(listener),
      attachedRoutes: attached.get(listener) ?? 0,
      conditions: conditionList(listenerConditions(listener), generationOf(owner)),
    }));
}
