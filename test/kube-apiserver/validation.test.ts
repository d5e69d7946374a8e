/**
 * Our validation beside a real API server's: thousands of objects, changed at random, are accepted by both or refused
 * by both, for the same fields, on create and on update. Run by `make test-kube-apiserver`. KUBE_APISERVER_RUNS says
 * how many of each, SEED repeats a run.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { schemaFor, validateObject } from "@routeledger/config-model";
import type { JsonObject } from "@routeledger/std";
import fc from "fast-check";
import { type BaseManifest, baseManifests } from "./base-manifests.ts";
import { installCrds } from "./install-crds.ts";
import { difference, ourVerdict, serverVerdict } from "./judge.ts";
import { type KubeApiserver, startKubeApiserver } from "./kube-apiserver.ts";
import { type Mutation, mutated } from "./mutate-object.ts";

const RUNS = Number(process.env.KUBE_APISERVER_RUNS ?? 4000);
const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
const DRY = "?dryRun=All&fieldValidation=Strict&fieldManager=tests";
const PARALLEL = 4;

const bases = await baseManifests();
let server: KubeApiserver;

before(async () => {
  process.stdout.write(`SEED=${SEED}\n`);
  server = await startKubeApiserver();
  await installCrds(server);
});

after(async () => await server?.stop());

/** Not biased: small numbers are no more likely to matter here. */
const number = fc.noBias(fc.nat());
const mutation = fc.record({ place: number, operation: number, value: number });
const change = fc.record({
  base: fc.noBias(fc.nat({ max: bases.length - 1 })),
  mutations: fc.array(mutation, { minLength: 1, maxLength: 3 }),
});
/** Several at once: most of a request's time is waiting. */
const changes = fc.array(change, { minLength: 1, maxLength: PARALLEL });

test("P7: what an API server accepts of Gateway API's examples is accepted, with the same defaults", async () => {
  assert.ok(bases.length >= 100, `at least 100 objects, got ${bases.length}`);
  for (const { object, collection } of bases) {
    const answer = await server.ask("POST", `${collection}${DRY}`, object);
    assert.equal(
      difference(object, { ours: [], theirs: serverVerdict(answer) }),
      undefined,
      JSON.stringify(object),
    );
    if (answer.code !== 201 || !isCustom(object)) continue;
    assert.deepEqual(answer.body.spec, validateObject(object).object.spec);
  }
});

test("P7: a changed object is created by an API server exactly when it is accepted, else for the same fields", async () => {
  await compare(async ({ object, collection }) => {
    const answer = await server.ask("POST", `${collection}${DRY}`, object);
    return difference(object, { ours: ourVerdict(object), theirs: serverVerdict(answer) });
  });
});

test("P7: a changed object is updated by an API server exactly when it is accepted, else for the same fields", async () => {
  const stored = new Map<string, JsonObject>();
  for (const { object, collection, name } of bases) {
    const answer = await server.ask("POST", `${collection}?fieldManager=tests`, object);
    if (answer.code === 201) stored.set(name, answer.body);
  }
  assert.ok(stored.size >= 100, `at least 100 objects are stored, got ${stored.size}`);
  await compare(async ({ object, collection, name }) => {
    const former = stored.get(name);
    if (former === undefined) return undefined;
    const { resourceVersion } = former.metadata as JsonObject;
    const metadata = { ...(object.metadata as JsonObject), resourceVersion };
    const update: JsonObject = { ...object, metadata: metadata as JsonObject };
    const answer = await server.ask("PUT", `${collection}/${name}${DRY}`, update);
    const ours = ourVerdict(update, formerObject(name));
    return difference(update, { ours, theirs: serverVerdict(answer), isUpdate: true });
  });
});

/** What was there before, as our door keeps it. */
function formerObject(name: string): JsonObject {
  return validateObject(bases.find((base) => base.name === name)!.object).object;
}

function isCustom({ apiVersion }: JsonObject): boolean {
  return String(apiVersion).startsWith("gateway.");
}

async function compare(differs: (changed: BaseManifest) => Promise<string | undefined>): Promise<void> {
  const seen = { accepted: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(changes, async (list) => {
      await Promise.all(
        list.map(async ({ base, mutations }) => {
          const changed = changedManifest(bases[base]!, mutations);
          const wrong = await differs(changed);
          assert.equal(wrong, undefined, `${wrong}\n${JSON.stringify(changed.object)}`);
          seen[ourVerdict(changed.object).length === 0 ? "accepted" : "refused"]++;
        }),
      );
    }),
    {
      numRuns: Math.ceil(RUNS / ((1 + PARALLEL) / 2)),
      seed: SEED,
      endOnFailure: process.env.SHRINK === "no",
    },
  );
  process.stdout.write(`${seen.accepted} accepted, ${seen.refused} refused\n`);
  assert.ok(seen.accepted > 0.05 * RUNS && seen.refused > 0.05 * RUNS, JSON.stringify(seen));
}

function changedManifest(base: BaseManifest, mutations: readonly Mutation[]): BaseManifest {
  const { apiVersion, kind } = base.object;
  const [first, second] = String(apiVersion).split("/") as [string, string | undefined];
  const gvk = { group: second === undefined ? "" : first, version: second ?? first, kind: String(kind) };
  return { ...base, object: mutated(base.object, schemaFor(gvk)!, mutations) };
}
