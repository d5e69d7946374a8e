/** Who is held responsible for what a proxy rejected, and who is not (P7, rules 72 and 73). */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "@routeledger/std";
import { conditionText, deliveriesRead, RejectingEdge } from "./api/rejecting-edge.ts";
import { backend, documents, gateway, gatewayClass, type RunningApi, withApi } from "./api/running-api.ts";

const table = "http/8080";
const own = "routeledger.dev/Programmed";

function route(name: string, prefix = "/"): string {
  return `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: ${name}, namespace: shop }
spec:
  parentRefs: [{ name: web }]
  hostnames: [${name}.example]
  rules:
  - matches: [{ path: { type: PathPrefix, value: "${prefix}" } }]
    backendRefs: [{ group: gateway.envoyproxy.io, kind: Backend, name: local }]
`;
}

async function applied({ apply, get }: RunningApi, text: string): Promise<number> {
  const { body } = await apply(text);
  // Held back until the store has what it became.
  await get(`/v1/xds/shop/web?at=@${body.revision}&names`);
  return Number(String(body.revision).split(".")[1]);
}

/** A proxy that has all of two routes, `a` and `b`. */
async function started(running: RunningApi): Promise<{ edge: RejectingEdge; sequence: number }> {
  const sequence = await applied(running, documents(gatewayClass, gateway, backend, route("a"), route("b")));
  const edge = new RejectingEdge(running);
  await edge.connect();
  await edge.deliversAll(sequence);
  await deliveriesRead(running);
  return { edge, sequence };
}

interface Programmed {
  readonly gateway: string;
  readonly a: string;
  readonly b: string;
}

async function programmed({ get }: RunningApi): Promise<Programmed> {
  const web = (await get("/v1/objects/gateway/shop/web")).body.status as JsonObject;
  const ofRoute = async (name: string): Promise<string> => {
    const { body } = await get(`/v1/objects/httproute/shop/${name}`);
    const [parent] = (body.status as { parents: JsonObject[] }).parents;
    return conditionText(parent?.conditions, own);
  };
  const gatewayText = conditionText(web.conditions, "Programmed");
  return { gateway: gatewayText, a: await ofRoute("a"), b: await ofRoute("b") };
}

const allGood = { gateway: "True Programmed", a: "True Programmed", b: "True Programmed" };

async function rejections({ get }: RunningApi): Promise<JsonObject[]> {
  const { body } = await get("/v1/proxies/envoy-1");
  return body.rejections as JsonObject[];
}

/** `HTTPRoute shop/b at 1.5` of those at fault. */
function atFault(rejection: JsonObject | undefined): string[] {
  const makers = (rejection?.madeBy ?? []) as JsonObject[];
  return makers
    .filter((maker) => maker.atFault)
    .map(({ kind, namespace, name, revision }) => `${kind} ${namespace}/${name} at ${revision}`);
}

test("rule 72: a rejected table is held against the objects that made what changed in it, and nobody else", () =>
  withApi(async (running) => {
    const { edge } = await started(running);
    assert.deepEqual(await programmed(running), allGood);
    const bad = await applied(running, route("b", "/bad"));
    await edge.isRefused("route", bad, { culprits: [table], message: "no such thing" });
    await deliveriesRead(running);
    const [rejection, ...others] = await rejections(running);
    assert.equal(others.length, 0);
    assert.deepEqual(
      [rejection?.type, rejection?.name, rejection?.message, rejection?.isCulprit],
      ["RDS", table, "no such thing", true],
    );
    assert.deepEqual(atFault(rejection), [`HTTPRoute shop/b at 1.${bad}`]);
    assert.deepEqual(await programmed(running), {
      ...allGood,
      b: `False Rejected proxy envoy-1 rejected RDS ${table}: no such thing`,
    });
    const { body } = await running.get("/v1/status");
    const problems = body.problems as { ref: { name: string }; condition: string; reason: string }[];
    assert.deepEqual(
      problems.map(({ ref, condition, reason }) => [ref.name, condition, reason]),
      [["b", own, "Rejected"]],
    );
    const list = (await running.get("/v1/objects/httproutes?namespace=shop")).body.items as JsonObject[];
    const inList = list.map((object) => (object.status as { parents: JsonObject[] }).parents[0]?.conditions);
    assert.deepEqual(
      inList.map((conditions) => conditionText(conditions, own).split(" ", 2).join(" ")),
      ["True Programmed", "False Rejected"],
    );
  }));

test("rule 73: while one resource is in quarantine a revision of others is acknowledged, as its digests say", () =>
  withApi(async (running) => {
    const { edge } = await started(running);
    const bad = await applied(running, route("b", "/bad"));
    await edge.isRefused("route", bad, { culprits: [table], message: "no such thing" });
    const next = await applied(running, backend.replace("9001", "9002"));
    const pending = await running.get(`/v1/revisions/1.${next}/delivery`);
    assert.deepEqual([pending.body.acknowledged, pending.body.rejected], [[], []]);
    await edge.delivers("endpoint", next);
    await deliveriesRead(running);
    const { body } = await running.get(`/v1/revisions/1.${next}/delivery?waitMs=10000`);
    assert.deepEqual([body.acknowledged, body.rejected], [["envoy-1"], []]);
    const refused = await running.get(`/v1/revisions/1.${bad}/delivery`);
    assert.deepEqual(refused.body.acknowledged, []);
    assert.deepEqual(refused.body.rejected, [
      { node: "envoy-1", type: "RDS", resource: table, message: "no such thing" },
    ]);
    const { b, ...rest } = await programmed(running);
    assert.deepEqual(rest, { gateway: "True Programmed", a: "True Programmed" });
    assert.match(b, /^False Rejected/);
    const { state } = (await running.get("/v1/proxies/envoy-1")).body;
    assert.equal(state, "rejected");
  }));

test("rule 72: who wrote what was rejected again, to the same bytes, is told of the same rejection", () =>
  withApi(async (running) => {
    const { edge } = await started(running);
    const bad = await applied(running, route("b", "/bad"));
    await edge.isRefused("route", bad, { culprits: [table], message: "no such thing" });
    const again = await applied(
      running,
      route("b", "/bad").replace("name: b,", "name: b, labels: { x: y },"),
    );
    assert.notEqual(again, bad);
    await deliveriesRead(running);
    const { body } = await running.get(`/v1/revisions/1.${again}/delivery`);
    assert.deepEqual(body.rejected, [
      { node: "envoy-1", type: "RDS", resource: table, message: "no such thing" },
    ]);
    const other = await applied(running, route("a").replace("name: a,", "name: a, labels: { x: y },"));
    const { body: ofOther } = await running.get(`/v1/revisions/1.${other}/delivery`);
    assert.deepEqual(ofOther.rejected, []);
  }));

test("rule 73: what is mended is acknowledged like anything else, and nothing is held against anybody", () =>
  withApi(async (running) => {
    const { edge } = await started(running);
    const bad = await applied(running, route("b", "/bad"));
    await edge.isRefused("route", bad, { culprits: [table], message: "no such thing" });
    const mended = await applied(running, route("b", "/good"));
    await deliveriesRead(running);
    assert.match((await programmed(running)).b, /^False Pending/);
    await edge.delivers("route", mended);
    await deliveriesRead(running);
    assert.deepEqual([await rejections(running), await programmed(running)], [[], allGood]);
    assert.equal((await running.get("/v1/proxies/envoy-1")).body.state, "current");
  }));

test("rule 7: what was rejected beside a culprit is nobody's fault; without a culprit nobody can tell which it was", () =>
  withApi(async (running) => {
    const sequence = await applied(running, documents(gatewayClass, gateway, backend, route("a")));
    const edge = new RejectingEdge(running);
    await edge.connect();
    await edge.delivers("cluster", sequence);
    const [cluster] = await names(running, "cluster", sequence);
    const [listener] = await names(running, "listener", sequence);
    await edge.isRefused("listener", sequence, { message: "some listener" });
    await edge.isRefused("cluster", sequence, { culprits: [cluster!], message: "that cluster" });
    await deliveriesRead(running);
    const found = await rejections(running);
    assert.deepEqual(
      found.map(({ type, name, isCulprit }) => [type, name, isCulprit]),
      [
        ["CDS", cluster, true],
        ["LDS", listener, false],
      ],
    );
    assert.deepEqual(atFault(found[0]), [`Backend shop/local at 1.${sequence}`]);
  }));

test("rule 73: a new stream offers the rejected bytes once; again refused, the same object is at fault as before", () =>
  withApi(async (running) => {
    const { edge } = await started(running);
    const bad = await applied(running, route("b", "/bad"));
    await edge.isRefused("route", bad, { culprits: [table], message: "no such thing" });
    const later = await applied(running, route("a", "/later"));
    await edge.isRefused("route", later, { culprits: [table], message: "still not" });
    await deliveriesRead(running);
    assert.deepEqual(atFault((await rejections(running))[0]), [
      `HTTPRoute shop/a at 1.${later}`,
      `HTTPRoute shop/b at 1.${bad}`,
    ]);
    const again = new RejectingEdge(running, { edgeId: "edge-2" });
    await edge.disconnect();
    await again.connect();
    const nonce = await again.sends("route", later);
    await deliveriesRead(running);
    assert.deepEqual(await rejections(running), [], "it is on its way again");
    await again.say({
      nacked: {
        ...{ type: 4, nonce, version: "v", revision: { epoch: 1, sequence: later }, code: 13, message: "no" },
        resources: [{ name: table, digest: await again.digestOf("route", table, later) }],
        culprits: [table],
      },
    });
    await deliveriesRead(running);
    assert.equal(atFault((await rejections(running))[0]).length, 2);
  }));

test("rule 48: a table that is held back is not acknowledged with the others of its revision", () =>
  withApi(async (running) => {
    const other = gateway.replace(
      "port: 8080, protocol: HTTP }",
      "port: 8080, protocol: HTTP }\n  - { name: two, port: 8090, protocol: HTTP }",
    );
    const sequence = await applied(running, documents(gatewayClass, other, backend, route("a")));
    const edge = new RejectingEdge(running);
    await edge.connect();
    for (const type of ["cluster", "endpoint", "listener"] as const) await edge.delivers(type, sequence);
    const held = { reason: 1, type: 4, name: "http/8090", sinceUnixMs: 1_700_000_000_000 };
    await edge.say({ gates: { gates: [held], total: 1 } });
    await edge.delivers("route", sequence, table);
    await deliveriesRead(running);
    const path = `/v1/revisions/1.${sequence}/delivery`;
    assert.deepEqual((await running.get(path)).body.acknowledged, []);
    const waiting = (await running.get("/v1/proxies/envoy-1")).body;
    assert.deepEqual([waiting.state, (waiting.waits as JsonObject).name], ["waiting", "http/8090"]);
    await edge.say({ gates: { gates: [], total: 0 } });
    await edge.delivers("route", sequence, "http/8090");
    await deliveriesRead(running);
    assert.deepEqual((await running.get(path)).body.acknowledged, ["envoy-1"]);
  }));

test("a proxy that is not known: the answer names those that are", () =>
  withApi(async (running) => {
    await new RejectingEdge(running, { node: "envoy-7" }).connect();
    await deliveriesRead(running);
    const { status, body } = await running.get("/v1/proxies/envoy-8");
    assert.equal(status, 404);
    assert.match(JSON.stringify(body.error), /proxy \\"envoy-8\\" not found.*known are envoy-7/);
  }));

async function names({ store }: RunningApi, type: string, sequence: number): Promise<string[]> {
  const xds = await store.query("xdsAt", { nodeGroup: "shop/web", sequence, as: "names" });
  return (xds?.resources ?? []).filter((resource) => resource.type === type).map(({ name }) => name);
}
