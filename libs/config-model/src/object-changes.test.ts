import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { revision } from "@routeledger/std";
import type { ObjectChange } from "./config-event.ts";
import { type ConfigState, emptyConfigState } from "./config-state.ts";
import { evolve } from "./evolve.ts";
import { changedObjects } from "./object-changes.ts";

let sequence = 0;

function after(state: ConfigState, ...changes: [string, string, string | undefined][]): ConfigState {
  const at = { revision: revision(1, ++sequence), timeMs: 0, term: 0 };
  return evolve(state, {
    ...at,
    fact: {
      type: "changeSet",
      changes: changes.map(([place, name, value]): ObjectChange => {
        const [kind = "", namespace = ""] = place.split("/");
        const ref = { group: "g", kind, namespace, name, source: "test" };
        return value === undefined
          ? { type: "deleted", ...ref }
          : { type: "applied", ...ref, version: "v1", json: JSON.stringify({ value }) };
      }),
    },
  });
}

function said(before: ConfigState, later: ConfigState): string[] {
  return changedObjects(before, later).map(({ before: old, after: now }) => {
    const { kind, namespace, name } = now ?? old ?? { kind: "", namespace: "", name: "" };
    return `${kind}/${namespace}/${name} ${old?.object.value} -> ${now?.object.value}`;
  });
}

test("what differs between two states is told object by object, sorted, whatever stays", () => {
  const first = after(
    emptyConfigState,
    ["K/a", "x", "1"],
    ["K/a", "y", "1"],
    ["K/b", "x", "1"],
    ["L/a", "x", "1"],
  );
  const second = after(first, ["K/a", "y", "2"], ["K/b", "x", undefined], ["M/c", "z", "3"]);
  deepEqual(said(first, second), ["K/a/y 1 -> 2", "K/b/x 1 -> undefined", "M/c/z undefined -> 3"]);
  deepEqual(said(second, first), ["K/a/y 2 -> 1", "K/b/x undefined -> 1", "M/c/z 3 -> undefined"]);
  deepEqual(said(emptyConfigState, after(emptyConfigState, ["K/a", "x", "1"])), ["K/a/x undefined -> 1"]);
});

test("an object that is written again is another one, an event without changes makes no other objects", () => {
  const first = after(emptyConfigState, ["K/a", "x", "1"]);
  deepEqual(said(first, after(first, ["K/a", "x", "1"])), ["K/a/x 1 -> 1"]);
  equal(after(first).objects, first.objects);
  equal(after(first, ["K/b", "missing", undefined]).objects, first.objects);
});
