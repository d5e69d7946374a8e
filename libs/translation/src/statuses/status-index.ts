import { type ConfigObject, type ObjectDifference, objectKey } from "@routeledger/config-model";
import { type JsonObject, SortedMap } from "@routeledger/std";
import { envoyGatewayGroup, gatewayGroup } from "../kinds.ts";
import { isOurs } from "../node-groups.ts";
import { sameValue } from "../same-value.ts";
import { backendStatus } from "./backend-status.ts";
import { classStatus } from "./class-status.ts";
import type { ParentFinding } from "./findings.ts";

/** What one node group says of objects, by object key. */
export interface GroupFindings {
  /** Whole statuses: of the Gateway and the ListenerSets that name it. */
  readonly own: SortedMap<JsonObject>;
  /** Of routes: the entries of `status.parents` that speak of the Gateway. */
  readonly parents: SortedMap<readonly ParentFinding[]>;
  /** Of BackendTLSPolicies: the entry of `status.ancestors` that speaks of it. */
  readonly ancestors: SortedMap<JsonObject>;
}

const nothing: GroupFindings = {
  own: SortedMap.empty(),
  parents: SortedMap.empty(),
  ancestors: SortedMap.empty(),
};

/**
 * The status of every object that has one, by object key, without lastTransitionTime, which `publish` adds. Objects that
 * speak only of other controllers have none (G1).
 */
export class StatusIndex {
  #groups = new Map<string, GroupFindings>();
  readonly #speakers = new Map<string, Set<string>>();
  #extensions: readonly string[] = [];
  #statuses = SortedMap.empty<JsonObject>();

  get statuses(): SortedMap<JsonObject> {
    return this.#statuses;
  }

  /**
   * Follows to what the node groups say now.
   * @param findings of those that may have changed; undefined for one that is no more
   * @param extensions statuses of all Extensions
   */
  follow(
    changes: readonly ObjectDifference[],
    findings: ReadonlyMap<string, GroupFindings | undefined>,
    extensions: ReadonlyMap<string, JsonObject>,
  ): void {
    const edits = new Map<string, JsonObject | undefined>();
    for (const key of this.#extensions) edits.set(key, undefined);
    for (const [key, status] of extensions) edits.set(key, unlessSame(status, this.#statuses.get(key)));
    this.#extensions = [...extensions.keys()];
    for (const { before, after } of changes) {
      const object = after ?? before;
      if (object !== undefined && speaksForItself(object))
        edits.set(objectKey(object), after && ownStatus(after));
    }
    const joined = new Set<string>();
    for (const [group, after] of findings) {
      const before = this.#groups.get(group) ?? nothing;
      for (const { key, after: status } of (after ?? nothing).own.changesSince(before.own))
        if (status !== undefined || !edits.has(key)) edits.set(key, status);
      for (const key of this.#speak(group, before, after ?? nothing)) joined.add(key);
      if (after === undefined) this.#groups.delete(group);
      else this.#groups.set(group, after);
    }
    for (const key of joined) edits.set(key, this.#join(key));
    this.#statuses = this.#statuses.with(edits);
  }

  /** Keeps who says something of which object; returns the objects of which something else is said. */
  #speak(group: string, before: GroupFindings, after: GroupFindings): string[] {
    const changes = [
      ...after.parents.changesSince(before.parents),
      ...after.ancestors.changesSince(before.ancestors),
    ];
    for (const { key, after: said } of changes) {
      const speakers = this.#speakers.get(key) ?? new Set();
      if (said === undefined) speakers.delete(group);
      else speakers.add(group);
      if (speakers.size === 0) this.#speakers.delete(key);
      else this.#speakers.set(key, speakers);
    }
    return changes.map(({ key }) => key);
  }

  /** What the node groups say of a route or a policy together: parents in the order of the spec's parentRefs. */
  #join(key: string): JsonObject | undefined {
    const speakers = [...(this.#speakers.get(key) ?? [])].sort();
    const said = speakers.map((group) => this.#groups.get(group) ?? nothing);
    const ancestors = said.flatMap((findings) => findings.ancestors.get(key) ?? []);
    if (ancestors.length > 0) return { ancestors };
    const parents = said.flatMap((findings) => findings.parents.get(key) ?? []);
    if (parents.length === 0) return undefined;
    return { parents: parents.sort((a, b) => a.index - b.index).map(({ status }) => status) };
  }
}

/** The known status where it says the same: then it is no change. */
function unlessSame(status: JsonObject, known: JsonObject | undefined): JsonObject {
  return known !== undefined && sameValue(known, status) ? known : status;
}

/** Kinds whose status is a function of the object alone. */
function speaksForItself({ group, kind }: ConfigObject): boolean {
  return (
    (group === gatewayGroup && kind === "GatewayClass") || (group === envoyGatewayGroup && kind === "Backend")
  );
}

function ownStatus(object: ConfigObject): JsonObject | undefined {
  if (object.kind === "Backend") return backendStatus(object);
  return isOurs(object) ? classStatus(object) : undefined;
}
