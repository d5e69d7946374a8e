import type {
  ProxyRejection,
  RevisionDelivery,
  SnapshotStore,
  StoredObject,
} from "@routeledger/snapshot-store";
import type { JsonObject, JsonValue } from "@routeledger/std";
import { controllerName } from "@routeledger/translation";
import { GroupDelivery } from "./group-delivery.ts";
import { isGateway, publishedStatus } from "./object-answer.ts";
import { deliveredVerdict, rejectedVerdict, type Verdict, verdictCondition } from "./proxy-verdict.ts";

/** Ours, beside the standard ones, on what has no `Programmed` of its own: routes and policies by parent, and others. */
export const programmedType = "routeledger.dev/Programmed";

/**
 * Joins what proxies said into objects' statuses, for one answer: what the translator could program is programmed when
 * every connected proxy of the Gateway, and at least one, acknowledged the object's revision. What a proxy rejected is held
 * against the objects that made it, and against nobody else (P7).
 */
export class Programmed {
  readonly #store: SnapshotStore;
  readonly #groups = new Map<string, GroupDelivery>();
  readonly #sets = new Map<string, Promise<string | undefined>>();
  #rejections: Promise<readonly ProxyRejection[]> | undefined;

  constructor(store: SnapshotStore) {
    this.#store = store;
  }

  /** The object's status with what proxies say of it; undefined: it has none, and nothing is held against it. */
  async status(object: StoredObject): Promise<JsonObject | undefined> {
    const status = publishedStatus(object);
    const blamed = await this.blamedFor(object);
    if (isGateway(object) || isListenerSet(object))
      return status && (await this.#withListeners(object, status, blamed));
    const lists = (["parents", "ancestors"] as const).filter((list) => Array.isArray(status?.[list]));
    if (lists.length === 0) return blamed.length === 0 ? status : withRejection(object, status, blamed);
    const joined: JsonObject = { ...status };
    for (const list of lists) {
      const entries = status?.[list] as JsonObject[];
      joined[list] = await Promise.all(entries.map((entry) => this.#entry(object, entry, blamed)));
    }
    return joined;
  }

  /** What connected proxies rejected of what this object made. */
  async blamedFor(object: StoredObject): Promise<readonly ProxyRejection[]> {
    this.#rejections ??= this.#store.query("rejections", {});
    const all = await this.#rejections;
    return all.filter(({ makers }) => makers.some((maker) => maker.changed && isSame(maker, object)));
  }

  /** The delivery of a Gateway's own revision. */
  async delivery(object: StoredObject): Promise<RevisionDelivery> {
    return this.#deliveryAt(`${object.namespace}/${object.name}`, object);
  }

  #deliveryAt(nodeGroup: string, { revision }: StoredObject): Promise<RevisionDelivery> {
    return this.#group(nodeGroup).exactlyAt(revision.sequence);
  }

  /** Of a Gateway, or of a ListenerSet at the Gateway that it names. */
  async #withListeners(
    object: StoredObject,
    status: JsonObject,
    blamed: readonly ProxyRejection[],
  ): Promise<JsonObject> {
    const nodeGroup = isGateway(object) ? `${object.namespace}/${object.name}` : gatewayOfSet(object);
    if (nodeGroup === undefined) return status;
    const delivery = await this.#deliveryAt(nodeGroup, object);
    const delivered = wholeRejection(delivery) ?? deliveredVerdict(delivery);
    const conditions = joinGateway(status.conditions, rejectedVerdict(blamed) ?? delivered);
    if (!Array.isArray(status.listeners)) return { ...status, conditions };
    const ports = listenerPorts(object);
    const listeners = (status.listeners as JsonObject[]).map((listener) => {
      const own = blamed.filter((rejection) => isOfPort(rejection, ports.get(String(listener.name))));
      return { ...listener, conditions: joinGateway(listener.conditions, rejectedVerdict(own) ?? delivered) };
    });
    return { ...status, conditions, listeners };
  }

  /** A parent or ancestor that is one of our Gateways, and accepted the object. */
  async #entry(
    object: StoredObject,
    entry: JsonObject,
    blamed: readonly ProxyRejection[],
  ): Promise<JsonObject> {
    const nodeGroup = await this.#gatewayOf(
      object,
      (entry.parentRef ?? entry.ancestorRef) as JsonObject | undefined,
    );
    const conditions = conditionsOf(entry.conditions);
    const accepted = conditions.find(({ type }) => type === "Accepted");
    const isOurs = entry.controllerName === controllerName && accepted?.status === "True";
    if (nodeGroup === undefined || accepted === undefined || !isOurs) return entry;
    const own = rejectedVerdict(blamed.filter((rejection) => rejection.nodeGroup === nodeGroup));
    const verdict = own ?? (await this.#group(nodeGroup).verdictOf(object.revision.sequence));
    return { ...entry, conditions: withOwn(conditions, accepted, verdict) };
  }

  /** `namespace/name` of the Gateway that a parent or ancestor is, or that it names where it is a ListenerSet. */
  async #gatewayOf(object: StoredObject, ref: JsonObject | undefined): Promise<string | undefined> {
    const { group = gatewayGroup, kind = "Gateway", namespace = object.namespace, name } = ref ?? {};
    if (group !== gatewayGroup || typeof name !== "string") return undefined;
    if (kind === "Gateway") return `${String(namespace)}/${name}`;
    if (kind !== "ListenerSet") return undefined;
    const key = `${String(namespace)}/${name}`;
    const known = this.#sets.get(key) ?? this.#findSet({ group, kind, namespace: String(namespace), name });
    this.#sets.set(key, known);
    return known;
  }

  async #findSet(ref: Ref): Promise<string | undefined> {
    const { revision } = await this.#store.query("head", {});
    const set = await this.#store.query("objectAt", { ref, sequence: revision.sequence });
    return set && gatewayOfSet(set);
  }

  #group(nodeGroup: string): GroupDelivery {
    const known = this.#groups.get(nodeGroup) ?? new GroupDelivery(this.#store, nodeGroup);
    this.#groups.set(nodeGroup, known);
    return known;
  }
}

function isSame(a: Ref, b: Ref): boolean {
  return a.group === b.group && a.kind === b.kind && a.namespace === b.namespace && a.name === b.name;
}

type Ref = Pick<StoredObject, "group" | "kind" | "namespace" | "name">;

/** A response of which nobody can tell what was wrong, and nothing else came of it. */
function wholeRejection({ proxies }: RevisionDelivery): Verdict | undefined {
  for (const { node, acknowledged, rejected } of proxies) {
    const [first] = rejected.filter(({ resource }) => resource === undefined);
    if (acknowledged || first === undefined) continue;
    const message = `proxy ${node} rejected ${first.type}: ${first.message}`;
    return { status: "False", reason: "Rejected", message, atMs: 0 };
  }
  return undefined;
}

/** What the translator could program. */
function joinGateway(conditions: JsonValue | undefined, verdict: Verdict): JsonObject[] {
  return conditionsOf(conditions).map((condition) =>
    condition.type === "Programmed" && condition.status === "True"
      ? verdictCondition(condition, verdict, { rejected: "Invalid" })
      : condition,
  );
}

/** Sorted by type, as all conditions are. */
function withOwn(conditions: readonly JsonObject[], like: JsonObject, verdict: Verdict): JsonObject[] {
  const { observedGeneration, lastTransitionTime } = like;
  const whole: JsonObject = {
    ...{ type: programmedType, status: "True", reason: "Programmed", message: "" },
    ...(observedGeneration !== undefined && { observedGeneration }),
    ...(lastTransitionTime !== undefined && { lastTransitionTime }),
  };
  return [
    ...conditions.filter(({ type }) => type !== programmedType),
    verdictCondition(whole, verdict, { rejected: "Rejected" }),
  ];
}

/** What belongs to no Gateway alone, such as a Service, says only what is held against it. */
function withRejection(
  object: StoredObject,
  status: JsonObject | undefined,
  blamed: readonly ProxyRejection[],
): JsonObject | undefined {
  const verdict = rejectedVerdict(blamed);
  if (verdict === undefined) return status;
  const { metadata } = JSON.parse(object.json) as { metadata?: JsonObject };
  const generation = metadata?.generation;
  const like = generation === undefined ? {} : { observedGeneration: generation };
  return { ...status, conditions: withOwn(conditionsOf(status?.conditions), like, verdict) };
}

const gatewayGroup = "gateway.networking.k8s.io";

function isListenerSet({ group, kind }: Ref): boolean {
  return group === gatewayGroup && kind === "ListenerSet";
}

/** `namespace/name` of the Gateway that a ListenerSet names. */
function gatewayOfSet({ json, namespace }: StoredObject): string | undefined {
  const { spec } = JSON.parse(json) as { spec?: { parentRef?: { namespace?: string; name?: string } } };
  const { parentRef } = spec ?? {};
  return parentRef?.name === undefined ? undefined : `${parentRef.namespace ?? namespace}/${parentRef.name}`;
}

function listenerPorts(object: StoredObject): Map<string, number> {
  const { spec } = JSON.parse(object.json) as { spec?: { listeners?: { name?: string; port?: number }[] } };
  return new Map((spec?.listeners ?? []).map(({ name = "", port = 0 }) => [name, port]));
}

/** Whether a rejected resource is of a port: `tcp/0.0.0.0/8080`, `http/8080`, `https/443/*.example.com`; others are of all. */
function isOfPort({ type, name }: ProxyRejection, port: number | undefined): boolean {
  const named =
    type === "listener" ? name.split("/").at(-1) : type === "route" ? name.split("/")[1] : undefined;
  return named === undefined || port === undefined || named === String(port);
}

function conditionsOf(value: JsonValue | undefined): JsonObject[] {
  return Array.isArray(value) ? (value as JsonObject[]) : [];
}
