import { deepEqual, equal, notEqual } from "node:assert/strict";
import { test } from "node:test";
import { canonicalJson, revision } from "@routeledger/std";
import fc from "fast-check";
import {
  decodeConfigEvent,
  decodeStateCheckpoint,
  encodeChangeSet,
  encodeStateCheckpoint,
} from "./config-codec.ts";
import type { ConfigFact, ObjectChange } from "./config-event.ts";
import { allObjects, type ConfigState, emptyConfigState, getObject, objectsOfKind } from "./config-state.ts";
import { evolve } from "./evolve.ts";
import { objectKey } from "./object-ref.ts";

const gateway = "gateway.networking.k8s.io";

function applied(kind: string, namespace: string, name: string, content = 0): ObjectChange {
  const json = canonicalJson({ kind, metadata: { name, namespace }, spec: { content } });
  return { type: "applied", group: gateway, version: "v1", kind, namespace, name, json, source: "cli" };
}

function deleted(kind: string, namespace: string, name: string): ObjectChange {
  return { type: "deleted", group: gateway, kind, namespace, name, source: "cli" };
}

function fold(state: ConfigState, sequence: number, fact: ConfigFact, term = 0): ConfigState {
  return evolve(state, { revision: revision(1, sequence), timeMs: sequence * 1000, term, fact });
}

const change = fc
  .tuple(
    fc.boolean(),
    fc.constantFrom("Gateway", "HTTPRoute"),
    fc.constantFrom("a", "b"),
    fc.constantFrom("x", "y", "z"),
    fc.nat(3),
  )
  .map(([isDelete, kind, namespace, name, content]) =>
    isDelete ? deleted(kind, namespace, name) : applied(kind, namespace, name, content),
  );

/** One event: at most one change an object, as ChangeSet demands. */
const changeSets = fc.uniqueArray(change, { selector: objectKey, maxLength: 6 });

test("the state holds the last change of every object, and earlier states keep what they held", () => {
  fc.assert(
    fc.property(fc.array(changeSets, { maxLength: 10 }), (events) => {
      const expected = new Map<string, string>();
      let state = emptyConfigState;
      const seen: [ConfigState, string][] = [];
      for (const [index, changes] of events.entries()) {
        state = fold(state, index + 1, { type: "changeSet", changes });
        for (const one of changes) {
          if (one.type === "applied") expected.set(objectKey(one), one.json);
          else expected.delete(objectKey(one));
        }
        deepEqual(new Map(allObjects(state).map((object) => [objectKey(object), object.json])), expected);
        seen.push([state, dump(state)]);
      }
      for (const [earlier, text] of seen) equal(dump(earlier), text);
    }),
  );
});

function dump(state: ConfigState): string {
  return allObjects(state)
    .map((object) => `${objectKey(object)}@${object.revision.sequence}=${object.json}`)
    .join("\n");
}

test("P2: a state that went through a checkpoint is the same, to the byte", () => {
  fc.assert(
    fc.property(fc.array(changeSets, { maxLength: 8 }), (events) => {
      let state = fold(emptyConfigState, 1, { type: "termStarted", term: 3, translator: "t" });
      state = fold(state, 2, { type: "translatorActivated", version: 7, retireGraceMs: 60_000 }, 3);
      for (const [index, changes] of events.entries())
        state = fold(state, index + 3, { type: "changeSet", changes });
      const restored = decodeStateCheckpoint(encodeStateCheckpoint(state));
      deepEqual(encodeStateCheckpoint(restored), encodeStateCheckpoint(state));
      equal(dump(restored), dump(state));
      deepEqual(
        [restored.term, restored.translator, restored.timeMs],
        [state.term, state.translator, state.timeMs],
      );
    }),
  );
});

test("an object that no change names keeps its identity", () => {
  const first = fold(emptyConfigState, 1, {
    type: "changeSet",
    changes: [applied("Gateway", "a", "x"), applied("Gateway", "b", "y")],
  });
  const second = fold(first, 2, { type: "changeSet", changes: [applied("Gateway", "b", "y", 1)] });
  const ref = { group: gateway, kind: "Gateway", namespace: "a", name: "x" };
  equal(getObject(second, ref), getObject(first, ref));
  equal(
    second.objects.get(`${gateway}/Gateway`)?.get("a"),
    first.objects.get(`${gateway}/Gateway`)?.get("a"),
  );
  notEqual(second.objects, first.objects);
});

test("P8: what a deposed translator activates is ignored", () => {
  const led = fold(emptyConfigState, 1, { type: "termStarted", term: 2, translator: "b" });
  const late = fold(led, 2, { type: "translatorActivated", version: 9, retireGraceMs: 1 }, 1);
  equal(late.translator, undefined);
  equal(late.revision.sequence, 2);
});

test("evolve accepts whatever the log holds: JSON that is none is an object without fields", () => {
  const broken = { ...applied("Gateway", "a", "x"), json: "{" } as ObjectChange;
  const state = fold(emptyConfigState, 1, { type: "changeSet", changes: [broken] });
  deepEqual(objectsOfKind(state, gateway, "Gateway")[0]?.object, {});
});

test("time never goes back", () => {
  const later = evolve(emptyConfigState, {
    revision: revision(1, 1),
    timeMs: 5000,
    term: 0,
    fact: { type: "checkpoint" },
  });
  equal(
    evolve(later, { revision: revision(1, 2), timeMs: 4000, term: 0, fact: { type: "checkpoint" } }).timeMs,
    5000,
  );
});

test("a change set is encoded sorted, and decoded to the same facts", () => {
  const changes = [deleted("HTTPRoute", "b", "y"), applied("Gateway", "a", "x", 2)];
  const payload = encodeChangeSet(changes);
  const commit = { revision: revision(1, 4), timeMs: 9, term: 0, kind: "ChangeSet", payload };
  const event = decodeConfigEvent(commit);
  deepEqual(event.fact, { type: "changeSet", changes: [changes[1], changes[0]] });
  deepEqual(encodeChangeSet([...changes].reverse()), payload);
});
