import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeConfigEvent, type ObjectChange } from "@routeledger/config-model";
import { CommitReader, configKinds } from "@routeledger/event-log";
import { type Answer, gatewayClass, outcomes, type RunningApi, withApi } from "./api/running-api.ts";

test("many changes of endpoints are about ten events a second; each is answered, none is lost", () =>
  withApi(
    async ({ apply, logs, get }) => {
      const startedMs = performance.now();
      // Each writer waits for its answer, as a controller does: what it says last must stand.
      const write = async (name: number) => {
        const revisions: number[] = [];
        for (let round = 1; round <= 20; round++) {
          const answer = await apply(slice(name, `10.0.${name}.${round}`));
          assert.deepEqual(outcomes(answer), {
            [`EndpointSlice/s${name}`]: round === 1 ? "created" : "configured",
          });
          revisions.push(sequenceOf(answer));
        }
        return revisions;
      };
      const said = await Promise.all(Array.from({ length: 50 }, (_, name) => write(name)));
      const seconds = (performance.now() - startedMs) / 1_000;
      const events = await changeSets(logs);
      assert.ok(events.size <= 2 + Math.ceil(seconds * 10), `${events.size} events in ${seconds} s`);
      for (const [name, revisions] of said.entries()) {
        for (const revision of revisions) {
          const changed = events.get(revision)?.filter((change) => change.name === `s${name}`);
          assert.equal(changed?.length, 1, `s${name} once at ${revision}`);
        }
      }
      const { body } = await get("/v1/objects/endpointslice?namespace=shop");
      const items = body.items as {
        metadata: { name: string; generation: number };
        endpoints: { addresses: string[] }[];
      }[];
      assert.equal(items.length, 50);
      for (const { metadata, endpoints } of items) {
        const name = metadata.name.slice(1);
        assert.equal(endpoints[0]?.addresses[0], `10.0.${name}.20`);
        assert.equal(metadata.generation, 20);
      }
    },
    { translator: false },
  ));

test("a change of another kind is never overtaken by endpoints that came after it, nor overtakes those before it", () =>
  withApi(
    async (running) => {
      const { apply, post, logs } = running;
      await apply(slice(0, "10.0.0.1"));
      // Within the window, so it waits.
      const before = apply(slice(1, "10.0.0.1"));
      await waits(running);
      const between = await apply(gatewayClass);
      const head = String(between.body.revision);
      const after = apply(slice(1, "10.0.0.2"));
      await waits(running);
      assert.equal((await logs.config.info()).lastSequence, sequenceOf(between));
      // A precondition is about the log as it stands: it does not wait, and sees all before it.
      const refused = await post(
        "/v1/apply",
        { files: [{ path: "a", text: slice(1, "10.0.0.3") }] },
        { "if-match": `"${head}"` },
      );
      assert.deepEqual(outcomes(refused), { "EndpointSlice/s1": "refused" });
      assert.ok(sequenceOf(await before) < sequenceOf(between));
      assert.ok(sequenceOf(await after) > sequenceOf(between));
    },
    { translator: false, options: { coalesceEndpointsMs: 60_000 } },
  ));

test("with coalescing off every change of endpoints is an event of its own", () =>
  withApi(
    async ({ apply, logs }) => {
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) => apply(slice(index % 2, `10.0.0.${index + 1}`))),
      );
      assert.equal(new Set(answers.map(({ body }) => body.revision)).size, 20);
      assert.equal((await changeSets(logs)).size, 20);
    },
    { translator: false, options: { coalesceEndpointsMs: 0 } },
  ));

test("a dry run waits for nobody and sees only what is in the log", () =>
  withApi(
    async (running) => {
      const { api, apply } = running;
      await apply(slice(0, "10.0.0.1"));
      const waiting = apply(slice(0, "10.0.0.2"));
      await waits(running);
      const dry = await apply(slice(0, "10.0.0.1"), "?dryRun=true");
      assert.deepEqual(outcomes(dry), { "EndpointSlice/s0": "unchanged" });
      api.door.flush();
      assert.deepEqual(outcomes(await waiting), { "EndpointSlice/s0": "configured" });
    },
    { translator: false, options: { coalesceEndpointsMs: 60_000 } },
  ));

test("a stop carries out what waits, answers it, and does not wait for connections that live on", () =>
  withApi(
    async (running) => {
      const { api, apply, logs } = running;
      await apply(slice(0, "10.0.0.1"));
      const waiting = apply(slice(0, "10.0.0.2"));
      await waits(running);
      const startedMs = performance.now();
      await api.stop();
      const answer = await waiting;
      assert.deepEqual(outcomes(answer), { "EndpointSlice/s0": "configured" });
      assert.equal((await changeSets(logs)).has(sequenceOf(answer)), true);
      assert.ok(performance.now() - startedMs < 10_000);
    },
    { translator: false, options: { coalesceEndpointsMs: 60_000 } },
  ));

function slice(name: number, address: string): string {
  return JSON.stringify({
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: `s${name}`, namespace: "shop", labels: { "kubernetes.io/service-name": "web" } },
    addressType: "IPv4",
    endpoints: [{ addresses: [address] }],
    ports: [{ port: 8080 }],
  });
}

/** Until a change waits at the door. */
async function waits({ api }: RunningApi): Promise<void> {
  while (api.door.pending === 0) await new Promise((resolve) => setImmediate(resolve));
}

function sequenceOf({ body }: Answer): number {
  return Number(String(body.revision).split(".")[1]);
}

/** What each event changed, by its sequence. */
async function changeSets({ config }: RunningApi["logs"]): Promise<Map<number, readonly ObjectChange[]>> {
  const { lastSequence: until } = await config.info();
  const events = new Map<number, readonly ObjectChange[]>();
  for await (const item of new CommitReader(config, { from: undefined, kinds: configKinds }).read({
    until,
  })) {
    if (item.type !== "commit") continue;
    const { fact } = decodeConfigEvent(item.commit);
    if (fact.type === "changeSet") events.set(item.commit.revision.sequence, fact.changes);
  }
  return events;
}
