import { deepEqual, equal, fail, match } from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { EnvoyVersion } from "@routeledger/cli";
import { type ConfigState, emptyConfigState } from "@routeledger/config-model";
import { codec } from "@routeledger/protos";
import type { JsonObject } from "@routeledger/std";
import { TranslationCache, translateAll } from "@routeledger/translation";
import { applyObjects, deleteObject, stateOf } from "@routeledger/translation/testing";
import type { Part } from "@routeledger/xds-model";
import fc from "fast-check";
import { envoyVerdict } from "./translation/envoy-verdict.ts";
import { faultsOf } from "./translation/faults-of-parts.ts";
import { faultsOfStatuses } from "./translation/faults-of-statuses.ts";
import { anyObject, objects, patternObjects, route, unique } from "./translation/nasty-state.ts";
import { oneRefused, smallestRefused } from "./translation/smallest-refused.ts";
import { throughTheDoor } from "./translation/through-the-door.ts";
import { spoilt } from "./translation/untrusted-objects.ts";

// SEED repeats a run; STATES makes it longer.
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000_000);
const statesPerRun = Number(process.env.STATES ?? 100);
const property = { seed, numRuns: Math.ceil(statesPerRun / 2) };
const versions: readonly EnvoyVersion[] = ["1.40.0", "1.36.4"];

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "translation-fuzz-"));
  process.stderr.write(`SEED=${seed}\n`);
});
after(() => rm(folder, { recursive: true, force: true }));

const throughDoor = (proposed: readonly JsonObject[]): JsonObject[] =>
  proposed.map(throughTheDoor).filter((object) => object !== undefined);
const accepted = objects.map(throughDoor);
const untrusted = fc
  .tuple(accepted, fc.array(spoilt(anyObject), { minLength: 1, maxLength: 8 }))
  .map(([good, others]) => unique([...good, ...others]));
const origins = [
  { name: "that the door accepts", states: accepted },
  { name: "that no door looked at", states: untrusted },
  { name: "of regular expressions", states: patternObjects.map(throughDoor) },
];

for (const { name, states } of origins) {
  const sample = (): JsonObject[][] => fc.sample(states, { seed, numRuns: statesPerRun });

  test(`P3, rule G111: states ${name} become closed snapshots without faults, each domain once`, () => {
    fc.assert(
      fc.property(states, (state) => {
        for (const [group, parts] of translateAll(stateOf(state)).groups)
          deepEqual(faultsOf([...parts.values()]), [], group);
      }),
      property,
    );
  });

  for (const version of versions) {
    test(`rule G111: Envoy ${version} accepts what states ${name} become`, async () => {
      const batch = sample();
      const verdict = await envoyVerdict(version, translated(batch), folder);
      if (verdict !== "") fail(`SEED=${seed}: ${verdict}${await counterexample(version, batch)}`);
    });
  }

  test(`P2: states ${name} give the same bytes in whatever order they were filled`, () => {
    const permuted = states.chain((state) =>
      fc.tuple(fc.constant(state), fc.shuffledSubarray(state, { minLength: state.length })),
    );
    fc.assert(
      fc.property(permuted, ([state, shuffled]) => {
        deepEqual(outputs(stateOf(shuffled)), outputs(stateOf(state)));
      }),
      property,
    );
  });
}

for (const version of versions) {
  test(`Envoy ${version} refuses what is planted in one state of many: the check can fail`, async () => {
    const groups = translated(fc.sample(accepted, { seed, numRuns: 20 }));
    const spoiltGroup = groups.findLastIndex((parts) => parts.some(({ virtualHost }) => virtualHost !== ""));
    const planted = groups.map((parts, index) => (index === spoiltGroup ? parts.map(spoilHost) : parts));
    match(await envoyVerdict(version, planted, folder), /missing \)/);
  });
}

test("rule G106: the statuses of states that the door accepts are ones that an API server accepts", () => {
  fc.assert(
    fc.property(accepted, (objectsOfState) => {
      const state = stateOf(objectsOfState);
      deepEqual(faultsOfStatuses(state, translateAll(state).statuses), []);
    }),
    property,
  );
});

test("P2: after any changes a translation with a cache gives the bytes of one without", () => {
  const change = fc.record({ object: fc.oneof(anyObject, spoilt(anyObject)), deleted: fc.boolean() });
  fc.assert(
    fc.property(accepted, fc.array(change, { minLength: 1, maxLength: 12 }), (start, changes) => {
      const cache = new TranslationCache();
      let state = applyObjects(emptyConfigState, start);
      translateAll(state, cache);
      for (const { object, deleted } of changes) {
        state = deleted ? deleteObject(state, object) : applyObjects(state, [object]);
        deepEqual(outputs(state, cache), outputs(state));
      }
    }),
    property,
  );
});

test("P7: one more route, however broken, changes no virtual host of other hosts, nobody's cluster or status", () => {
  const added = fc.oneof(route, spoilt(route)).map((made): JsonObject => {
    return { ...made, metadata: { ...(made.metadata as JsonObject), name: "added" } };
  });
  fc.assert(
    fc.property(accepted, added, (all, broken) => {
      // An older route takes its hosts from those of the other kind (G16).
      const state = all.filter(({ kind }) => kind !== "GRPCRoute");
      const stateBefore = stateOf(state);
      const before = translateAll(stateBefore);
      const after = translateAll(applyObjects(stateBefore, [broken]));
      for (const [key, status] of before.statuses) {
        if (key.includes("/HTTPRoute/")) deepEqual(after.statuses.get(key), status, key);
      }
      for (const [group, parts] of before.groups) {
        const now = new Map(
          [...(after.groups.get(group)?.values() ?? [])].map((part) => [keyOf(part), part.digest]),
        );
        for (const part of [...parts.values()].filter((one) => !mayTouch(broken, one))) {
          equal(now.get(keyOf(part)), part.digest, keyOf(part));
        }
      }
    }),
    property,
  );
});

function translated(states: readonly (readonly JsonObject[])[]): (readonly Part[])[] {
  return states.flatMap((state) =>
    [...translateAll(stateOf(state)).groups.values()].map((parts) => [...parts.values()]),
  );
}

/** The smallest state that Envoy refuses, and what it says. */
async function counterexample(
  version: EnvoyVersion,
  batch: readonly (readonly JsonObject[])[],
): Promise<string> {
  const verdictOf = (states: readonly (readonly JsonObject[])[]): Promise<string> =>
    envoyVerdict(version, translated(states), folder);
  const one = await oneRefused(batch, async (states) => (await verdictOf(states)) !== "");
  const smallest = await smallestRefused(one, async (state) => (await verdictOf([state])) !== "");
  return `smallest: ${await verdictOf([smallest])}\n${JSON.stringify(smallest, null, 1)}`;
}

/** All bytes, and the statuses, of a state, in a form that compares. */
function outputs(state: ConfigState, cache?: TranslationCache): unknown {
  const { groups, statuses } = translateAll(state, cache);
  const parts = [...groups].map(([group, list]) => [
    group,
    [...list.values()].map((part) => [keyOf(part), part.digest]),
  ]);
  return { parts, statuses: [...statuses] };
}

function keyOf({ type, resource, virtualHost }: Part): string {
  return `${type} ${resource} ${virtualHost}`;
}

/** Whether a part is a virtual host of a domain that a route may answer on. */
function mayTouch({ spec }: JsonObject, { virtualHost, bytes }: Part): boolean {
  if (virtualHost === "") return false;
  const { hostnames } = (spec ?? {}) as JsonObject;
  if (!Array.isArray(hostnames) || hostnames.length === 0) return true;
  const { domains } = codec("envoy.config.route.v3.VirtualHost").decode(bytes);
  return hostnames.some((hostname) =>
    domains.some((domain) => covers(String(hostname).toLowerCase(), domain)),
  );
}

function covers(wide: string, narrow: string): boolean {
  return wide === narrow || (wide.startsWith("*.") && narrow.replace(/^\*/, "").endsWith(wide.slice(1)));
}

/** The same virtual host with a regular expression that no RE2 takes. */
function spoilHost(part: Part): Part {
  if (part.virtualHost === "") return part;
  const hosts = codec("envoy.config.route.v3.VirtualHost");
  const routes = [{ match: { safeRegex: { regex: "(" } }, directResponse: { status: 500 } }];
  return { ...part, bytes: hosts.encode({ ...hosts.decode(part.bytes), routes }) };
}
