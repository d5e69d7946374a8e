import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compareStrings } from "./ordering.ts";
import { type MapChange, SortedMap } from "./sorted-map.ts";

const keys = fc.stringMatching(/^[a-e]{1,3}$/);
const changes = fc.array(fc.tuple(keys, fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined })), {
  maxLength: 40,
});

function changed(
  map: ReadonlyMap<string, number>,
  edits: [string, number | undefined][],
): Map<string, number> {
  const next = new Map(map);
  for (const [key, value] of edits) {
    if (value === undefined) next.delete(key);
    else next.set(key, value);
  }
  return next;
}

function sorted(map: ReadonlyMap<string, number>): [string, number][] {
  return [...map].sort(([a], [b]) => compareStrings(a, b));
}

function difference(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): MapChange<number>[] {
  return [...new Set([...a.keys(), ...b.keys()])]
    .sort(compareStrings)
    .map((key) => ({ key, before: a.get(key), after: b.get(key) }))
    .filter(({ before, after }) => before !== after);
}

test("a map after any edits holds what a Map would, sorted, and the maps before it stay as they were", () => {
  fc.assert(
    fc.property(fc.array(changes, { maxLength: 20 }), (rounds) => {
      let map = SortedMap.empty<number>();
      let model = new Map<string, number>();
      for (const edits of rounds) {
        const [before, held] = [map, sorted(model)];
        map = map.with(edits);
        model = changed(model, edits);
        deepEqual([...map], sorted(model));
        deepEqual(
          [map.size, [...map.keys()], [...map.values()]],
          [model.size, sorted(model).map(([key]) => key), sorted(model).map(([, value]) => value)],
        );
        deepEqual([...before], held);
        for (const [key] of edits) equal(map.get(key), model.get(key));
      }
    }),
  );
});

test("the changes between any two maps are those that a comparison of all they hold gives", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2000 }), changes, changes, (size, one, other) => {
      const base = SortedMap.of(
        Array.from({ length: size }, (_, index): [string, number] => [`k${index}`, index]),
      );
      const [a, b] = [base.with(one), base.with(other)];
      deepEqual(b.changesSince(a), difference(a, b));
      deepEqual(a.changesSince(SortedMap.empty()), difference(new Map(), a));
      deepEqual(SortedMap.empty<number>().changesSince(a), difference(a, new Map()));
    }),
  );
});

test("edits that change nothing give the map itself", () => {
  const map = SortedMap.of([["a", 1]]);
  equal(
    map.with([
      ["a", 1],
      ["b", undefined],
    ]),
    map,
  );
  equal(SortedMap.empty(), SortedMap.of([]));
});
