import type { ConfigObject } from "@routeledger/config-model";
import type { JsonObject } from "@routeledger/std";
import { parseIpAddress } from "../ip-address.ts";
import { specOf } from "../kinds.ts";
import { type Condition, condition } from "../statuses/condition.ts";
import { objectOf, objectsOf, shown, textOf } from "../untrusted.ts";
import { conflictOf } from "./listener-conflicts.ts";
import { draftListener, type ListenerDraft, type ListenerView, listenersOf } from "./listener-view.ts";

/** A Gateway of ours: what it asks for, and what of it is served. */
export interface GatewayView {
  readonly object: ConfigObject;
  readonly accepted: Condition;
  readonly programmed: Condition;
  /** Present only when a reference of the Gateway itself is not served. */
  readonly resolvedRefs: Condition | undefined;
  /** IP addresses to listen on, sorted; never empty when the Gateway is served. */
  readonly addresses: readonly string[];
  /** In the order of the spec. */
  readonly listeners: readonly ListenerView[];
}

/** Where a Gateway that names no address listens. */
const allAddresses = "0.0.0.0";

/** @param gatewayClass the class that the Gateway names, one of ours */
export function viewGateway(object: ConfigObject, gatewayClass: ConfigObject): GatewayView {
  const spec = specOf(object);
  const refused = refusal(spec, gatewayClass);
  const drafts = listenersOf(spec).map(draftListener);
  const addresses = usableAddresses(spec);
  const listeners = drafts.map((draft) =>
    finish(draft, drafts, refused === undefined && addresses.length > 0),
  );
  const wrong = listeners.filter(({ accepted }) => accepted.status !== "True").map(({ name }) => name);
  const serves = listeners.some((listener) => listener.serves);
  return {
    object,
    accepted: refused ?? listenersAccepted(wrong, listeners.length),
    programmed: programmedOf(serves, refused !== undefined, addresses.length > 0),
    resolvedRefs: clientCertificate(spec),
    addresses,
    listeners,
  };
}

function finish(
  draft: ListenerDraft,
  drafts: readonly ListenerDraft[],
  gatewayServes: boolean,
): ListenerView {
  const { portClass: _portClass, ...view } = draft;
  const conflicted = conflictOf(draft, drafts);
  const conflicts = conflicted.status === "True";
  const accepted = conflicts
    ? condition("Accepted", "False", conflicted.reason, conflicted.message)
    : draft.accepted;
  const serves = gatewayServes && accepted.status === "True" && draft.supportedKinds.length > 0;
  const reason = conflicts ? conflicted.reason : "Invalid";
  const programmed = serves
    ? condition("Programmed", "True", "Programmed")
    : condition(
        "Programmed",
        "False",
        reason,
        gatewayServes ? "the listener is not valid" : "the Gateway is not served",
      );
  return { ...view, accepted, conflicted, programmed, serves };
}

/** Rules G11 and G104: some listeners wrong is accepted, with that reason; none right is not. */
function listenersAccepted(wrong: readonly string[], count: number): Condition {
  if (count > 0 && wrong.length === 0) return condition("Accepted", "True", "Accepted");
  const message =
    count === 0 ? "the Gateway has no listeners" : `not accepted: listeners ${wrong.join(", ")}`;
  return condition("Accepted", wrong.length < count ? "True" : "False", "ListenersNotValid", message);
}

function programmedOf(serves: boolean, refused: boolean, hasAddress: boolean): Condition {
  if (serves) return condition("Programmed", "True", "Programmed");
  if (!refused && !hasAddress) {
    return condition("Programmed", "False", "AddressNotUsable", "none of the addresses can be listened on");
  }
  return condition("Programmed", "False", "Invalid", "no listener is served");
}

/** What makes the whole Gateway not served. */
function refusal(spec: JsonObject, gatewayClass: ConfigObject): Condition | undefined {
  const parametersRef = objectOf(spec.infrastructure).parametersRef;
  if (specOf(gatewayClass).parametersRef !== undefined) {
    const message = `GatewayClass ${gatewayClass.name} is not accepted: it has parametersRef`;
    return condition("Accepted", "False", "InvalidParameters", message);
  }
  if (parametersRef !== undefined && parametersRef !== null) {
    const message = `infrastructure.parametersRef ${shown(parametersRef)}: no kind of parameters is served`;
    return condition("Accepted", "False", "InvalidParameters", message);
  }
  const types = addressTypes(spec).filter((type) => type !== "IPAddress" && type !== "Hostname");
  return types.length > 0
    ? condition(
        "Accepted",
        "False",
        "UnsupportedAddress",
        `address types ${[...new Set(types)].sort().join(", ")}`,
      )
    : undefined;
}

function addressTypes(spec: JsonObject): string[] {
  return objectsOf(spec.addresses).map(({ type }) => textOf(type) ?? "IPAddress");
}

/** Rule G17: an IPAddress without a value is ours to choose; a Hostname is known, and not usable. */
function usableAddresses(spec: JsonObject): readonly string[] {
  const given = objectsOf(spec.addresses);
  if (given.length === 0) return [allAddresses];
  const usable = given.flatMap(({ type, value }) => {
    if ((textOf(type) ?? "IPAddress") !== "IPAddress") return [];
    const text = textOf(value) ?? "";
    const address = text === "" ? allAddresses : parseIpAddress(text);
    return address === undefined ? [] : [address];
  });
  // All addresses and one of them cannot be bound side by side.
  if (usable.includes(allAddresses)) return [allAddresses];
  return [...new Set(usable)].sort();
}

function clientCertificate(spec: JsonObject): Condition | undefined {
  const reference = objectOf(objectOf(spec.tls).backend).clientCertificateRef;
  if (reference === undefined || reference === null) return undefined;
  const message = "tls.backend.clientCertificateRef is not served";
  return condition("ResolvedRefs", "False", "InvalidClientCertificateRef", message);
}
