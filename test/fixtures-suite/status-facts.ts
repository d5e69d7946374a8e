import type { JsonObject, JsonValue } from "@routeledger/std";

/**
 * What a status says, a fact a line, without messages, times and the name of the controller:
 * `listener http: attachedRoutes` is `1`, `parent Gateway infra/web http: Accepted` is `True Accepted`.
 *
 * `Conflicted=False` is no fact, because absence means the same (G105). An ancestor is the Gateway, whichever of its
 * sections the entry names (G102).
 *
 * @param namespace of the object: where a reference without a namespace looks
 */
export function statusFacts(status: JsonObject, namespace: string): Map<string, string> {
  const facts = new Map<string, string>();
  const add = (place: string, fact: string, value: string): void => {
    const name = place === "" ? fact : `${place}: ${fact}`;
    facts.set(facts.has(name) ? `${name} (again)` : name, value);
  };
  addConditions(add, "", status);
  if (typeof status.attachedListenerSets === "number" && status.attachedListenerSets > 0)
    add("", "attachedListenerSets", String(status.attachedListenerSets));
  for (const listener of listOf(status.listeners)) {
    const place = `listener ${listener.name}`;
    add(place, "attachedRoutes", String(listener.attachedRoutes ?? 0));
    add(place, "supportedKinds", listOf(listener.supportedKinds).map(kindName).sort().join(" ") || "none");
    addConditions(add, place, listener);
  }
  for (const parent of listOf(status.parents))
    addConditions(add, `parent ${refName(parent.parentRef as JsonObject, namespace)}`, parent);
  for (const ancestor of listOf(status.ancestors)) {
    const { sectionName: _sectionName, ...ref } = ancestor.ancestorRef as JsonObject;
    addConditions(add, `ancestor ${refName(ref, namespace)}`, ancestor);
  }
  return facts;
}

function addConditions(
  add: (place: string, fact: string, value: string) => void,
  place: string,
  { conditions }: JsonObject,
): void {
  for (const { type, status, reason } of listOf(conditions)) {
    if (type === "Conflicted" && status === "False") continue;
    add(place, String(type), `${status} ${reason}`);
  }
}

/** Every condition in a status, wherever it stands. */
export function allConditions(status: JsonObject): JsonObject[] {
  const places = [
    status,
    ...listOf(status.listeners),
    ...listOf(status.parents),
    ...listOf(status.ancestors),
  ];
  return places.flatMap(({ conditions }) => listOf(conditions));
}

function listOf(value: JsonValue | undefined): JsonObject[] {
  return (value ?? []) as JsonObject[];
}

function kindName({ group = "gateway.networking.k8s.io", kind }: JsonObject): string {
  return group === "gateway.networking.k8s.io" ? String(kind) : `${group}/${kind}`;
}

function refName(ref: JsonObject, namespace: string): string {
  const { kind = "Gateway", namespace: own = namespace, name, sectionName, port } = ref;
  return [kind, `${own}/${name}`, sectionName, port].filter((part) => part !== undefined).join(" ");
}
