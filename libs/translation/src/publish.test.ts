import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { type JsonObject, revision, SortedMap } from "@routeledger/std";
import { emptyPublished, type Part, type PartSet, type Published, partSet } from "@routeledger/xds-model";
import { partOf } from "@routeledger/xds-model/testing";
import { publish } from "./publish.ts";

const group = "default/web";
const object = "gateway.networking.k8s.io/HTTPRoute/default/shop";

function at(sequence: number, parts: readonly Part[], status?: JsonObject) {
  return {
    revision: revision(1, sequence),
    timeMs: Date.UTC(2026, 0, 1, 0, 0, sequence),
    retireGraceMs: 60_000,
    groups: SortedMap.of([[group, partSet(parts)]]),
    statuses: SortedMap.of(status === undefined ? [] : [[object, status]]),
  };
}

function statusOf(published: Published): JsonObject {
  return JSON.parse(published.statuses.get(object)?.json ?? "{}") as JsonObject;
}

function accepted(status: string, reason: string): JsonObject {
  const condition = { type: "Accepted", status, reason, message: "", observedGeneration: 1 };
  const parentRef = { name: "web", namespace: "default" };
  return { parents: [{ parentRef, controllerName: "routeledger.dev/gateway", conditions: [condition] }] };
}

function transitionTime(published: Published): unknown {
  const [parent] = statusOf(published).parents as { conditions: { lastTransitionTime: string }[] }[];
  return parent?.conditions[0]?.lastTransitionTime;
}

test("G108: lastTransitionTime is the event's, and moves only when the status does", () => {
  const first = publish(emptyPublished, at(1, [], accepted("True", "Accepted")));
  equal(transitionTime(first.published), "2026-01-01T00:00:01Z");
  const otherReason = publish(first.published, at(2, [], accepted("True", "Fine")));
  equal(transitionTime(otherReason.published), "2026-01-01T00:00:01Z");
  const refused = publish(otherReason.published, at(3, [], accepted("False", "Refused")));
  equal(transitionTime(refused.published), "2026-01-01T00:00:03Z");
});

test("an equal status is not said again, one that goes is said once", () => {
  const first = publish(emptyPublished, at(1, [], accepted("True", "Accepted")));
  equal(publish(first.published, at(2, [], accepted("True", "Accepted"))).delta, undefined);
  const gone = publish(first.published, at(3, []));
  deepEqual(
    gone.delta?.statuses.map(({ name, json }) => [name, json]),
    [["shop", ""]],
  );
  equal(publish(gone.published, at(4, [])).delta, undefined);
});

test("P3: a snapshot that is not closed is not published: the node group keeps its last one, and an alarm says what is missing", () => {
  const whole = [
    partOf("cluster", "shop", { type: "EDS", edsClusterConfig: { edsConfig: { ads: {} } } }),
    partOf("endpoint", "shop"),
  ];
  const good = publish(emptyPublished, at(1, whole));
  deepEqual(good.alarms, []);
  const torn = publish(good.published, at(2, whole.slice(0, 1)));
  equal(torn.delta, undefined);
  equal(torn.published.snapshots.get(group), good.published.snapshots.get(group));
  const [alarm] = torn.alarms;
  equal(alarm?.nodeGroup, group);
  deepEqual(
    alarm?.dangling.map(({ from, to }) => [from.name, to.type, to.name]),
    [["shop", "endpoint", "shop"]],
  );
});

test("a node group is said when it begins, though empty, and when it ends", () => {
  const begun = publish(emptyPublished, at(1, []));
  deepEqual(
    begun.delta?.groups.map(({ nodeGroup, deleted }) => [nodeGroup, deleted]),
    [[group, false]],
  );
  const ended = publish(begun.published, { ...at(2, []), groups: SortedMap.empty<PartSet>() });
  deepEqual(
    ended.delta?.groups.map(({ nodeGroup, deleted }) => [nodeGroup, deleted]),
    [[group, true]],
  );
  equal(ended.published.snapshots.size, 0);
});
