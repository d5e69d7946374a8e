import { type ConfigObject, objectKey } from "@routeledger/config-model";
import type { JsonObject } from "@routeledger/std";
import { controllerName, generationOf } from "../kinds.ts";
import type { GatewayView } from "../listeners/gateway-view.ts";
import { type ListenerView, supportedKindList } from "../listeners/listener-view.ts";
import type { ParentAttachment } from "../routes/attach.ts";
import type { TranslatedRoute } from "../routes/translated-route.ts";
import { type Condition, conditionList } from "./condition.ts";

/** What the translation of one node group found out about objects: what `statuses` is made of. */
export interface Findings {
  /** The status of the Gateway, without transition times. */
  readonly gateway: { readonly key: string; readonly status: JsonObject };
  /** By object key: the entries of `status.parents` that speak of this Gateway. */
  readonly parents: ReadonlyMap<string, readonly ParentFinding[]>;
}

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

/** The status of a Gateway; counts the accepted routes of each listener, each once (G6). */
export function gatewayFinding(gateway: GatewayView, routes: readonly AttachedRoute[]): Findings["gateway"] {
  const generation = generationOf(gateway.object);
  const { accepted, programmed, resolvedRefs, addresses } = gateway;
  const conditions = [accepted, programmed, ...(resolvedRefs === undefined ? [] : [resolvedRefs])];
  const listeners = gateway.listeners.map((listener) => ({
    name: listener.name,
    supportedKinds: supportedKindList(listener),
    attachedRoutes: routes.filter(
      ({ attachments, translated }) =>
        translated?.refused === undefined &&
        attachments.some((attachment) => attachment.listeners.some(({ name }) => name === listener.name)),
    ).length,
    conditions: conditionList(
      [listener.accepted, listener.conflicted, listener.programmed, listener.resolvedRefs],
      generation,
    ),
  }));
  const status = {
    addresses: addresses.map((value) => ({ type: "IPAddress", value })),
    conditions: conditionList(conditions, generation),
    listeners,
  };
  return { key: objectKey(gateway.object), status };
}
