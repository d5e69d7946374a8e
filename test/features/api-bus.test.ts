import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "@routeledger/std";
import { FakeBus } from "./api/fake-bus.ts";
import {
  backend,
  documents,
  gateway,
  gatewayClass,
  outcomes,
  type RunningApi,
  route,
  withApi,
} from "./api/running-api.ts";

const everything = documents(gatewayClass, gateway, backend, route("home"));
const files = [{ path: "all.yaml", text: everything }];

test("the bus applies, gets and deletes as HTTP does, and the log names who asked", () =>
  withBus(async (bus, { get }) => {
    const headers = { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" };
    const request = { files, actor: "deployer", summary: "the shop" };
    const applied = await bus.request("routeledger.api.apply", request, headers);
    assert.equal(applied.error, undefined);
    assert.match(String(applied.body.revision), /^1\.\d+$/);
    assert.equal(outcomes({ status: 200, body: applied.body })["HTTPRoute/home"], "created");
    const { body } = await get("/v1/log?limit=1");
    const [event] = body.events as JsonObject[];
    const { actor, source, summary, revision, traceContext } = event ?? {};
    assert.deepEqual(
      { actor, source, summary, revision, traceContext },
      {
        actor: "bus/deployer",
        source: "bus",
        summary: "the shop",
        revision: applied.body.revision,
        traceContext: headers.traceparent,
      },
    );
    const words = { kind: "httproute", namespace: "shop", name: "home" };
    const got = await bus.request("routeledger.api.get", words);
    assert.deepEqual(got.body, (await get("/v1/objects/httproute/shop/home")).body);
    const list = await bus.request("routeledger.api.get", { kind: "httproutes" });
    assert.deepEqual(list.body, (await get("/v1/objects/httproute")).body);
    const deleted = await bus.request("routeledger.api.delete", { refs: [words] });
    assert.deepEqual(outcomes({ status: 200, body: deleted.body }), { "HTTPRoute/home": "deleted" });
    const gone = await bus.request("routeledger.api.get", words);
    assert.equal(gone.error?.code, 404);
    assert.deepEqual(gone.body, (await get("/v1/objects/httproute/shop/home")).body);
    const before = await bus.request("routeledger.api.get", { ...words, at: String(applied.body.revision) });
    assert.equal(before.error, undefined);
  }));

test("objects may stand in the request as they are, and a refusal says which one and why, as over HTTP", () =>
  withBus(async (bus, { post }) => {
    const service = {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "a" },
      spec: { ports: [{ port: 1 }] },
    };
    const broken = { apiVersion: "v1", kind: "Service", metadata: { name: "b" }, spec: { ports: "none" } };
    const request = { objects: [service, broken], namespace: "shop" };
    const { body, error } = await bus.request("routeledger.api.apply", { ...request, dryRun: true });
    assert.equal(error, undefined, "a part refused is no error");
    assert.deepEqual(outcomes({ status: 200, body }), { "Service/a": "created", "Service/b": "refused" });
    assert.equal((body.results as JsonObject[])[1]?.file, "objects[1]");
    const overHttp = await post("/v1/apply?namespace=shop", { objects: [broken] });
    const onBus = await bus.request("routeledger.api.apply", { objects: [broken], namespace: "shop" });
    assert.deepEqual(onBus.error, { code: 422, description: "all objects are refused" });
    assert.equal(overHttp.status, 422);
    assert.deepEqual(onBus.body, overHttp.body);
  }));

test("what is no request is said with a code, and a misspelt option is named", () =>
  withBus(async (bus) => {
    const apply = "routeledger.api.apply";
    const cases: readonly [subject: string, body: unknown, code: number, message: RegExp][] = [
      [apply, "not json", 400, /expected JSON/],
      [apply, "[1]", 400, /expected a JSON object/],
      [apply, {}, 400, /expected one of files, objects/],
      [apply, { files, objects: [] }, 400, /expected one of files, objects/],
      [apply, { objects: [] }, 400, /the input is empty/],
      [apply, { files, dryrun: true }, 400, /unknown dryrun/],
      [apply, { files, dryRun: "yes" }, 400, /dryRun: expected true or false/],
      [apply, { files, source: "folder/0123/a.yaml" }, 400, /only a watched folder/],
      [apply, { files, actor: 7 }, 400, /actor: expected a string/],
      [apply, { files, ifRevision: "soon" }, 400, /ifRevision: expected a revision/],
      ["routeledger.api.delete", { refs: [{ kind: "flower", name: "rose" }] }, 400, /resource type "flower"/],
      ["routeledger.api.get", {}, 400, /kind: expected/],
      ["routeledger.api.get", { kind: "httproute", at: "@999" }, 400, /no such revision|nothing was applied/],
    ];
    for (const [subject, request, code, message] of cases) {
      const { body, error } = await bus.request(subject, request);
      const said = body.error as JsonObject;
      assert.equal(error?.code, code, JSON.stringify(request));
      assert.match(String(said.message), message);
      assert.equal(error?.description, said.message);
    }
  }));

test("a precondition holds on the bus, and a mass delete needs to be allowed", () =>
  withBus(async (bus) => {
    const routes = Array.from({ length: 12 }, (_, index) => route(`r${index}`));
    const text = documents(gatewayClass, gateway, backend, ...routes);
    const first = await bus.request("routeledger.api.apply", { files: [{ path: "a", text }] });
    const ifRevision = String(first.body.revision);
    const edited = { files: [{ path: "a", text: route("r0", "/new") }], ifRevision };
    assert.equal((await bus.request("routeledger.api.apply", edited)).error, undefined);
    const late = await bus.request("routeledger.api.apply", {
      ...edited,
      files: [{ path: "a", text: route("r0", "/later") }],
    });
    assert.equal(late.error?.code, 422);
    assert.match(JSON.stringify(late.body), /was written at revision/);
    const refs = routes.map((_, index) => ({ kind: "httproute", namespace: "shop", name: `r${index}` }));
    const refused = await bus.request("routeledger.api.delete", { refs });
    assert.equal(refused.error?.code, 409);
    const allowed = await bus.request("routeledger.api.delete", { refs, allowMassDelete: true });
    assert.equal(allowed.error, undefined);
  }));

test("an answer that no message holds says so; of a change it still says what was appended", () =>
  withBus(async (bus, { get }) => {
    const longName = "x".repeat(60);
    const service = (index: number) => ({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: `s${longName.slice(0, 50)}${index}`, namespace: longName },
      spec: { ports: [{ port: 80 }] },
    });
    const objects = Array.from({ length: 6_000 }, (_, index) => service(index));
    const broken = { apiVersion: "v1", kind: "Service", metadata: { name: "b" }, spec: { ports: "none" } };
    const { body, error } = await bus.request("routeledger.api.apply", { objects: [...objects, broken] });
    assert.equal(error, undefined);
    assert.deepEqual(body.shortened, { created: 6_000, refused: 1 });
    assert.deepEqual(
      (body.results as JsonObject[]).map(({ file }) => file),
      ["objects[6000]"],
    );
    assert.equal((await get("/v1/head")).body.head, body.revision);
    const list = await bus.request("routeledger.api.get", { kind: "services" });
    assert.equal(list.error?.code, 413);
    assert.match(list.error?.description ?? "", /the answer is \d+ bytes/);
  }));

test("an api that stops leaves the bus first", () =>
  withBus(async (bus, { api }) => {
    await bus.request("routeledger.api.get", { kind: "httproute" });
    await api.stop();
    assert.equal(bus.stopped, true);
  }));

function withBus(use: (bus: FakeBus, running: RunningApi) => Promise<void>): Promise<void> {
  const bus = new FakeBus();
  return withApi((running) => use(bus, running), { options: { bus } });
}
