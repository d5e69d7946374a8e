import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { canonicalJson, revision } from "@routeledger/std";
import fc from "fast-check";
import {
  decodeConfigEvent,
  decodeStateCheckpoint,
  encodeStateCheckpoint,
  stateCheckpointVersion,
} from "./config-codec.ts";
import type { ConfigFact, ObjectChange } from "./config-event.ts";
import { allObjects, type ConfigState, emptyConfigState } from "./config-state.ts";
import { evolve } from "./evolve.ts";
import { asideState, isSwitched, type SwitchFact } from "./evolve-switch.ts";
import { encodeSwitch } from "./switch-codec.ts";

function applied(name: string, content: string): ObjectChange {
  const json = canonicalJson({ metadata: { name }, spec: { content } });
  return {
    type: "applied",
    group: "",
    version: "v1",
    kind: "Policy",
    namespace: "a",
    name,
    json,
    source: "cli",
  };
}

const gone: ObjectChange = {
  type: "deleted",
  group: "",
  kind: "Policy",
  namespace: "a",
  name: "old",
  source: "cli",
};
const changes = [applied("new", "new"), applied("changed", "after"), gone];
const undo: ObjectChange[] = [
  { ...gone, name: "new" },
  applied("changed", "before"),
  applied("old", "before"),
];
const clusters = [{ name: "x", generationBefore: 1, generation: 2, tried: true, cleared: false }];
const plan = {
  changes,
  clusters,
  nodeGroups: ["a/web"],
  deadlineMs: 30_000,
  trialMs: 5_000,
  watch: undefined,
};
const prepares: SwitchFact = { type: "switchPrepared", ...plan };
const at = revision(1, 2);
const tried: SwitchFact = { type: "switchTried", prepared: at };
const turned: SwitchFact = { type: "switchTurned", prepared: at, changes };
const finished: SwitchFact = { type: "switchFinished", prepared: at };
const reverted: SwitchFact = { type: "switchReverted", prepared: at, reason: "it was wrong", changes: [] };
const revertedTurned: SwitchFact = { ...reverted, changes: undo };

/** The first event puts there what the switch changes. */
const given = (...facts: ConfigFact[]): ConfigState =>
  [
    { type: "changeSet", changes: [applied("changed", "before"), applied("old", "before")] } as const,
    ...facts,
  ].reduce(
    (state, fact, index) =>
      evolve(state, { revision: revision(1, index + 1), timeMs: (index + 1) * 1000, term: 0, fact }),
    emptyConfigState,
  );

const contents = (state: ConfigState | undefined): Record<string, unknown> =>
  Object.fromEntries(
    allObjects(state ?? emptyConfigState).map(({ name, object }) => [
      name,
      (object.spec as { content: string }).content,
    ]),
  );
const generations = (state: ConfigState | undefined) => Object.fromEntries(state?.clusterGenerations ?? []);
const before = { changed: "before", old: "before" };
const after = { changed: "after", new: "new" };

test("rule SW3: what is prepared stays aside, and its generation counts as used", () => {
  const state = given(prepares);
  deepEqual(contents(state), before);
  deepEqual(generations(state), { x: { inUse: 1, highest: 2 } });
  deepEqual(contents(asideState(state)), after);
  deepEqual(generations(asideState(state)), { x: { inUse: 2, highest: 2 } });
  equal(state.openSwitch?.phase, "prepared");
  equal(isSwitched(state, gone), true);
  equal(isSwitched(state, { ...gone, name: "other" }), false);
});

test("rule SW3: after the turn the changes count, and the other side is what was there, with its revision", () => {
  const state = given(prepares, tried, turned);
  deepEqual(contents(state), after);
  deepEqual(generations(state), { x: { inUse: 2, highest: 2 } });
  deepEqual(contents(asideState(state)), before);
  deepEqual(
    allObjects(asideState(state)!).map((object) => object.revision.sequence),
    [1, 1],
  );
  deepEqual([state.openSwitch?.phase, state.openSwitch?.stepped.sequence], ["turned", 4]);
});

test("rule SW4: a finished switch keeps its generation, one that went back never gives it to another", () => {
  const done = given(prepares, turned, finished);
  deepEqual([done.openSwitch, contents(done)], [undefined, after]);
  deepEqual(generations(done), { x: { inUse: 2, highest: 2 } });
  const back = given(prepares, reverted);
  deepEqual([back.openSwitch, contents(back)], [undefined, before]);
  deepEqual(generations(back), { x: { inUse: 1, highest: 2 } });
});

test("rule SW3: after the turn going back writes what its event says, and takes the old names", () => {
  const state = given(prepares, turned, revertedTurned);
  deepEqual([state.openSwitch, contents(state)], [undefined, before]);
  deepEqual(generations(state), { x: { inUse: 1, highest: 2 } });
});

test("rule SW6: a new cluster has no generation to go back to", () => {
  const isNew = {
    ...prepares,
    clusters: [{ name: "y", generationBefore: 0, generation: 1, tried: false, cleared: false }],
  };
  deepEqual(generations(given(isNew, turned)), {});
  deepEqual(generations(given(isNew, turned, revertedTurned)), {});
});

test("rule SW1: a second switch changes nothing while one is open", () => {
  const second = { ...prepares, clusters: [{ ...clusters[0]!, generation: 3 }] };
  const state = given(prepares, second);
  deepEqual(state.openSwitch, given(prepares).openSwitch);
  deepEqual(generations(state), { x: { inUse: 1, highest: 2 } });
});

for (const [what, facts, step] of [
  ["tried after the turn", [prepares, turned], tried],
  ["tried twice", [prepares, tried], tried],
  ["turned twice", [prepares, turned], turned],
  ["finished before the turn", [prepares, tried], finished],
  ["turned after it went back", [prepares, reverted], turned],
  ["reverted after it was finished", [prepares, turned, finished], revertedTurned],
  ["a step of another switch", [prepares], { ...turned, prepared: revision(1, 1) }],
] as const) {
  test(`rule SW2: ${what}: nothing changes`, () => {
    const expected = given(...facts);
    const state = given(...facts, step);
    deepEqual(
      [contents(state), generations(state), state.openSwitch],
      [contents(expected), generations(expected), expected.openSwitch],
    );
  });
}

test("rule SW2: of steps in any order, one side counts: the objects and the names are those of one of the two", () => {
  const steps = [tried, turned, finished, reverted, revertedTurned];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...steps), { maxLength: 8 }), (facts) => {
      // After the turn a way back writes the objects; one that does not is decided on an older state, and fenced.
      const state = facts.reduce<ConfigState>((folded, fact) => {
        const isTurned = folded.openSwitch?.phase === "turned";
        const said = fact.type === "switchReverted" ? (isTurned ? revertedTurned : reverted) : fact;
        const { sequence } = folded.revision;
        return evolve(folded, { revision: revision(1, sequence + 1), timeMs: 0, term: 0, fact: said });
      }, given(prepares));
      const isAfter = generations(state).x?.inUse === 2;
      deepEqual(contents(state), isAfter ? after : before);
    }),
  );
});

test("P2: a switch goes through a checkpoint in every phase, and an older version does not read such a one", () => {
  for (const facts of [[prepares], [prepares, tried], [prepares, turned], [prepares, turned, finished]]) {
    const state = given(...facts);
    const restored = decodeStateCheckpoint(encodeStateCheckpoint(state));
    deepEqual(encodeStateCheckpoint(restored), encodeStateCheckpoint(state));
    deepEqual(contents(asideState(restored)), contents(asideState(state)));
    deepEqual(restored.openSwitch?.plan.clusters, state.openSwitch?.plan.clusters);
    equal(stateCheckpointVersion(state), 2);
  }
  equal(stateCheckpointVersion(given()), 1);
});

test("each fact of a switch is decoded as it was encoded", () => {
  const watch = { periodMs: 10_000, errorsPerMillionMax: 10_000 };
  for (const fact of [
    { ...prepares, watch, changes: [changes[1]!, changes[0]!] },
    tried,
    turned,
    finished,
    reverted,
  ]) {
    const commit = { revision: revision(1, 9), timeMs: 1, term: 0, ...encodeSwitch(fact) };
    const { fact: decoded } = decodeConfigEvent(commit);
    deepEqual(encodeSwitch(decoded as SwitchFact), encodeSwitch(fact));
  }
});
