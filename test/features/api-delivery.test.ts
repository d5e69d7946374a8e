import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "@routeledger/std";
import { typeNumbers } from "@routeledger/xds-model";
import { FakeEdge } from "./api/fake-edge.ts";
import {
  backend,
  documents,
  gateway,
  gatewayClass,
  type RunningApi,
  route,
  withApi,
} from "./api/running-api.ts";

const everything = documents(gatewayClass, gateway, backend, route("home"));
const { cluster, endpoint, listener, route: table } = typeNumbers;
const all = [cluster, endpoint, listener, table];

test("a revision that no proxy is connected for is settled at once, with nobody", () =>
  withApi(async ({ apply, get }) => {
    const { body } = await apply(everything);
    const delivery = await get(`/v1/revisions/@${body.revision}/delivery?waitMs=20000`);
    assert.deepEqual(delivery.body.connected, []);
    assert.deepEqual(delivery.body.acknowledged, []);
  }));

test("a proxy has acknowledged a revision when it has acknowledged each type; the answer waits for that", () =>
  withApi(async (running) => {
    const sequence = await applied(running, everything);
    const edge = new FakeEdge(running.logs.delivery);
    await edge.connect();
    for (const type of all.slice(0, 3)) {
      await edge.sent(type, sequence, `n${type}`);
      await edge.acked(type, sequence, `n${type}`);
    }
    const now = await deliveryOf(running, sequence, 0);
    assert.deepEqual(
      [now.connected, now.acknowledged],
      [["envoy-1"], []],
      "an Envoy with listeners asks for routes",
    );
    const waiting = deliveryOf(running, sequence, 20_000);
    await edge.sent(table, sequence, "n4");
    await edge.acked(table, sequence, "n4");
    assert.deepEqual((await waiting).acknowledged, ["envoy-1"]);
    assert.equal(await programmed(running), "True Programmed ");
  }));

test("a revision is acknowledged by what was acknowledged before, when it changes nothing of a type; a change is not", () =>
  withApi(async (running) => {
    const first = await applied(running, everything);
    const edge = new FakeEdge(running.logs.delivery);
    await edge.connect();
    for (const type of all) {
      await edge.sent(type, first, `n${type}`);
      await edge.acked(type, first, `n${type}`);
    }
    const second = await applied(running, route("home", "/new"));
    assert.deepEqual((await deliveryOf(running, second, 0)).acknowledged, []);
    await edge.sent(table, second, "m4");
    assert.deepEqual((await deliveryOf(running, second, 0)).acknowledged, []);
    await edge.acked(table, second, "m4");
    assert.deepEqual((await deliveryOf(running, second, 20_000)).acknowledged, ["envoy-1"]);
    assert.deepEqual(
      (await deliveryOf(running, first, 0)).acknowledged,
      ["envoy-1"],
      "a later revision counts",
    );
    const back = await applied(running, route("home"));
    assert.deepEqual(
      (await deliveryOf(running, back, 0)).acknowledged,
      [],
      "digests decide, not revision numbers",
    );
  }));

test("another response of the same revision that is under way is waited for", () =>
  withApi(async (running) => {
    const sequence = await applied(running, everything);
    const edge = new FakeEdge(running.logs.delivery);
    await edge.connect();
    for (const type of all) {
      await edge.sent(type, sequence, `n${type}`);
      await edge.acked(type, sequence, `n${type}`);
      // Another response of the same revision is under way.
      await edge.sent(type, sequence, `o${type}`);
    }
    const pending = await deliveryOf(running, sequence, 0);
    assert.deepEqual(pending.acknowledged, []);
    for (const type of all) await edge.acked(type, sequence, `o${type}`);
    assert.deepEqual((await deliveryOf(running, sequence, 20_000)).acknowledged, ["envoy-1"]);
  }));

test("a rejection is told in the proxy's own words, by delivery, status and proxies", () =>
  withApi(async (running) => {
    const sequence = await applied(running, everything);
    const edge = new FakeEdge(running.logs.delivery);
    await edge.connect();
    for (const type of all) {
      await edge.sent(type, sequence, `n${type}`);
      if (type === table) await edge.nacked(type, sequence, `n${type}`, "no such thing");
      else await edge.acked(type, sequence, `n${type}`);
    }
    const delivery = await deliveryOf(running, sequence, 20_000);
    assert.deepEqual(delivery.rejected, [{ node: "envoy-1", type: "RDS", message: "no such thing" }]);
    assert.equal(await programmed(running), "False Invalid proxy envoy-1 rejected RDS: no such thing");
    const { body } = await running.get("/v1/proxies/envoy-1");
    const rds = (body.types as JsonObject[]).find(({ type }) => type === "RDS") as JsonObject;
    assert.equal((rds.rejected as JsonObject).message, "no such thing");
    assert.equal(rds.sent, `1.${sequence}-x`);
    assert.equal(rds.acked, "");
    assert.equal(rds.current, false);
    assert.equal((body.history as JsonObject[])[0]?.what, "nacked");
    await edge.sent(table, sequence, "later");
    await edge.acked(table, sequence, "later");
    const { lastSequence } = await running.logs.delivery.info();
    await running.store.deliveries.waitFor(lastSequence, AbortSignal.timeout(10_000));
    assert.deepEqual((await deliveryOf(running, sequence, 20_000)).rejected, []);
  }));

test("a proxy that left is not waited for, one whose edge started again is not connected", () =>
  withApi(async (running) => {
    const sequence = await applied(running, everything);
    const edge = new FakeEdge(running.logs.delivery);
    await edge.connect();
    await until(running, (proxies) => proxies[0]?.connected === true);
    await edge.disconnect();
    await until(running, (proxies) => proxies[0]?.connected === false);
    assert.deepEqual((await deliveryOf(running, sequence, 20_000)).connected, []);
    await edge.connect();
    await until(running, (proxies) => proxies[0]?.connected === true);
    const again = new FakeEdge(running.logs.delivery, { node: "envoy-2", startedMs: 2_000 });
    await again.connect();
    await until(running, (proxies) => proxies.length === 2 && proxies[0]?.connected === false);
  }));

test("a proxy that comes back is asked nothing of its former stream: what it says it holds counts", () =>
  withApi(async (running) => {
    const sequence = await applied(running, everything);
    const edge = new FakeEdge(running.logs.delivery);
    await edge.connect();
    for (const type of all) {
      await edge.sent(type, sequence, `n${type}`);
      if (type === table) await edge.nacked(type, sequence, "n4", "no such thing");
      else if (type !== endpoint) await edge.acked(type, sequence, `n${type}`);
    }
    assert.equal(((await deliveryOf(running, sequence, 0)).rejected as unknown[]).length, 1);
    await edge.connect();
    const again = await deliveryOf(running, sequence, 0);
    assert.deepEqual([again.rejected, again.acknowledged], [[], []]);
    for (const type of all) await edge.acked(type, sequence, "");
    assert.deepEqual((await deliveryOf(running, sequence, 0)).acknowledged, ["envoy-1"]);
  }));

test("records that come twice count once; those that were dropped are counted as lost", () =>
  withApi(async (running) => {
    await applied(running, everything);
    const edge = new FakeEdge(running.logs.delivery);
    await edge.connect();
    await edge.repeat({ disconnected: { reason: "an old record" } });
    await edge.say(
      { sent: { type: cluster, nonce: "n", version: "v", revision: { epoch: 1, sequence: 1 } } },
      { lost: 3 },
    );
    await until(running, (proxies, lost) => proxies[0]?.connected === true && lost === 3);
  }));

async function applied({ apply }: RunningApi, text: string): Promise<number> {
  const { body } = await apply(text);
  return Number(String(body.revision).split(".")[1]);
}

async function deliveryOf({ get, store, logs }: RunningApi, sequence: number, waitMs: number) {
  const { lastSequence } = await logs.delivery.info();
  if (waitMs === 0) await store.deliveries.waitFor(lastSequence, AbortSignal.timeout(10_000));
  const { body, status } = await get(`/v1/revisions/1.${sequence}/delivery?waitMs=${waitMs}`);
  assert.equal(status, 200);
  return body;
}

async function programmed({ get }: RunningApi): Promise<string> {
  const { body } = await get("/v1/objects/gateway/shop/web");
  const { conditions } = body.status as { conditions: JsonObject[] };
  const found = conditions.find(({ type }) => type === "Programmed");
  return `${found?.status} ${found?.reason} ${found?.message ?? ""}`;
}

/** Asks again whenever the store has more deliveries. */
async function until(
  running: RunningApi,
  holds: (proxies: JsonObject[], lost: number) => boolean,
): Promise<void> {
  const signal = AbortSignal.timeout(10_000);
  for (;;) {
    const seen = running.store.deliveries.value;
    const { body } = await running.get("/v1/proxies");
    if (holds(body.proxies as JsonObject[], Number(body.lost))) return;
    const { lastSequence } = await running.logs.delivery.info();
    assert.ok(seen < lastSequence, `a state that never came: ${JSON.stringify(body)}`);
    await running.store.deliveries.waitFor(lastSequence, signal);
  }
}
