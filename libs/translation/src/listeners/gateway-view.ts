import type { ConfigObject, ConfigState } from "@routeledger/config-model";
import { specOf } from "../kinds.ts";
import { sameValue } from "../same-value.ts";
import type { StateReader } from "../state-reader.ts";
import { type Condition, condition } from "../statuses/condition.ts";
import type { TlsSecret } from "../tls/tls-secret.ts";
import { hasInsecureMode } from "./client-validation.ts";
import { addressTypeRefusal, unusableAddresses, usableAddresses } from "./gateway-addresses.ts";
import { clientCertificate } from "./gateway-client-certificate.ts";
import { parametersRefusal } from "./gateway-parameters.ts";
import { findConflicts } from "./listener-conflicts.ts";
import { draftListener, type ListenerDraft, listenersOf } from "./listener-draft.ts";
import { allowsSet, listenerSetsNaming } from "./listener-sets.ts";
import { listenerTlsResolver } from "./listener-tls.ts";
import type { ListenerView } from "./listener-view.ts";
import { overlapsOf } from "./overlapping-tls.ts";

/** A Gateway of ours: what it asks for, and what of it is served. */
export interface GatewayView {
  readonly object: ConfigObject;
  readonly accepted: Condition;
  readonly programmed: Condition;
  /** Present only when the Gateway itself refers to something. */
  readonly resolvedRefs: Condition | undefined;
  /** Shown to TLS backends that ask for one (G101). */
  readonly clientCertificate: TlsSecret | undefined;
  /** Present only when it is True (G95). */
  readonly insecureFrontend: Condition | undefined;
  /** IP addresses to listen on, sorted; never empty when the Gateway is served. */
  readonly addresses: readonly string[];
  /** The Gateway's own in the order of the spec, then those of its ListenerSets in their precedence (G10). */
  readonly listeners: readonly ListenerView[];
  /** All that name the Gateway, in their precedence. */
  readonly sets: readonly ListenerSetView[];
}

/** A ListenerSet at the Gateway that it names. */
export interface ListenerSetView {
  readonly object: ConfigObject;
  readonly accepted: Condition;
  readonly programmed: Condition;
}

/**
 * What a Gateway is at a state.
 * @param gatewayClass the class that the Gateway names, one of ours
 */
export function viewGateway(
  reader: StateReader,
  object: ConfigObject,
  gatewayClass: ConfigObject,
): GatewayView {
  const spec = specOf(object);
  const refused = parametersRefusal(spec, gatewayClass) ?? addressTypeRefusal(spec);
  const addresses = usableAddresses(spec);
  const { certificate, resolvedRefs } = clientCertificate(reader, object);
  const resolveTls = listenerTlsResolver(reader, object);
  const draftAll = (owner: ConfigObject): ListenerDraft[] =>
    listenersOf(specOf(owner)).map((listener) => draftListener(owner, listener, resolveTls));
  const own = draftAll(object);
  const naming = reader.list("gateway.networking.k8s.io/ListenerSet", (state: ConfigState) =>
    listenerSetsNaming(state, `${object.namespace}/${object.name}`),
  );
  const allowed = naming.filter((set) => allowsSet(reader, object, set));
  const sets = allowed.map(draftAll);
  const conflicts = findConflicts(own, sets);
  const gatewayServes = refused === undefined && addresses.length > 0;
  const finished = [...own, ...sets.flat()].map((draft) =>
    finish(draft, conflicts.get(draft) as Condition, gatewayServes),
  );
  const overlaps = overlapsOf(finished);
  const listeners = finished.map((listener) => ({ ...listener, overlappingTls: overlaps.get(listener) }));
  const ownViews = listeners.filter(({ owner }) => owner === object);
  const wrong = ownViews.filter(({ accepted }) => accepted.status !== "True").map(({ name }) => name);
  const serves = listeners.some((listener) => listener.serves);
  return {
    object,
    accepted: refused ?? listenersAccepted(wrong, { own: ownViews.length, all: listeners.length }),
    programmed: programmedOf(serves, refused !== undefined, unusableAddresses(spec)),
    resolvedRefs,
    clientCertificate: certificate,
    insecureFrontend: hasInsecureMode(object)
      ? condition("InsecureFrontendValidationMode", "True", "ConfigurationChanged", insecureMessage)
      : undefined,
    addresses,
    listeners,
    sets: naming.map((set) => viewSet(set, { listeners, allowed: allowed.includes(set), gatewayServes })),
  };
}

const insecureMessage =
  "tls.frontend: mode AllowInsecureFallback lets clients in whose certificate nobody vouches for";

/** The view itself when nothing of it is other than before: what rests on it stands as well. */
export function sameView(before: GatewayView | undefined, view: GatewayView): GatewayView {
  return before !== undefined && sameValue(before, view) ? before : view;
}

function finish(draft: ListenerDraft, conflicted: Condition, gatewayServes: boolean): ListenerView {
  const { portClass: _portClass, ...view } = draft;
  const conflicts = conflicted.status === "True";
  const accepted = conflicts
    ? condition("Accepted", "False", conflicted.reason, conflicted.message)
    : draft.accepted;
  const speaks = draft.protocol !== "HTTPS" || draft.tls !== undefined;
  const serves = gatewayServes && accepted.status === "True" && draft.supportedKinds.length > 0 && speaks;
  const reason = conflicts ? conflicted.reason : "Invalid";
  const message = gatewayServes ? "the listener is not valid" : "the Gateway is not served";
  const programmed = serves
    ? condition("Programmed", "True", "Programmed")
    : condition("Programmed", "False", reason, message);
  return { ...view, accepted, conflicted, programmed, overlappingTls: undefined, serves };
}

/** Rules G11 and G104: some of its own listeners wrong is accepted, with that reason; none right is not. */
function listenersAccepted(
  wrong: readonly string[],
  count: { readonly own: number; readonly all: number },
): Condition {
  if (count.all > 0 && wrong.length === 0) return condition("Accepted", "True", "Accepted");
  const message =
    count.all === 0 ? "the Gateway has no listeners" : `not accepted: listeners ${wrong.join(", ")}`;
  return condition("Accepted", wrong.length < count.own ? "True" : "False", "ListenersNotValid", message);
}

/** Rule G17: one address that is not usable is said, also while the others are listened on. */
function programmedOf(serves: boolean, refused: boolean, unusable: readonly string[]): Condition {
  if (!refused && unusable.length > 0) {
    const message = `addresses ${unusable.join(", ")} cannot be listened on; name IP addresses`;
    return condition("Programmed", "False", "AddressNotUsable", message);
  }
  if (serves) return condition("Programmed", "True", "Programmed");
  return condition("Programmed", "False", "Invalid", "no listener is served");
}

/** Rule G10. A listener without a certificate is not valid here: a set of such only changes nothing. */
function viewSet(
  object: ConfigObject,
  at: {
    readonly listeners: readonly ListenerView[];
    readonly allowed: boolean;
    readonly gatewayServes: boolean;
  },
): ListenerSetView {
  const both = (reason: string, message: string): ListenerSetView => ({
    object,
    accepted: condition("Accepted", "False", reason, message),
    programmed: condition("Programmed", "False", reason, message),
  });
  if (!at.allowed) return both("NotAllowed", "the Gateway's allowedListeners does not let this namespace in");
  if (!at.gatewayServes) {
    return {
      object,
      accepted: condition("Accepted", "False", "ParentNotAccepted", "the Gateway is not served"),
      programmed: condition("Programmed", "False", "ParentNotProgrammed", "the Gateway is not served"),
    };
  }
  const own = at.listeners.filter(({ owner }) => owner === object);
  const wrong = own.filter(({ serves }) => !serves).map(({ name }) => name);
  if (wrong.length === own.length)
    return both("ListenersNotValid", `not valid: listeners ${wrong.join(", ")}`);
  return {
    object,
    accepted:
      wrong.length === 0
        ? condition("Accepted", "True", "Accepted")
        : condition("Accepted", "True", "ListenersNotValid", `not valid: listeners ${wrong.join(", ")}`),
    programmed: condition("Programmed", "True", "Programmed"),
  };
}
