import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { openSnapshotStore, projectLogs } from "@routeledger/snapshot-store";
import type { JsonObject } from "@routeledger/std";
import { backend, documents, gateway, gatewayClass, route, withApi } from "./api/running-api.ts";

const base = documents(gatewayClass, gateway, backend);

test("objects are read by any of kubectl's names, now and at any moment", () =>
  withApi(async ({ apply, get }) => {
    await apply(base);
    const old = await apply(route("home", "/old"));
    await apply(route("home", "/new"));
    const path = async (at: string): Promise<unknown> => {
      const { body } = await get(`/v1/objects/HTTPRoute/shop/home${at}`);
      return JSON.stringify(body.spec).match(/"value":"([^"]*)"/)?.[1];
    };
    assert.equal(await path(""), "/new");
    for (const at of [
      `@${old.body.revision}`,
      `${old.body.revision}`,
      `@${String(old.body.revision).slice(2)}`,
      "@-1",
    ]) {
      assert.equal(await path(`?at=${encodeURIComponent(at)}`), "/old");
    }
    assert.equal((await get("/v1/objects/httproute/shop/home?at=@-2")).status, 404);
    for (const kind of [
      "gtw",
      "gateways",
      "gateway.gateway.networking.k8s.io",
      "gateways.v1.gateway.networking.k8s.io",
    ]) {
      assert.equal((await get(`/v1/objects/${kind}/shop/web`)).status, 200, kind);
    }
    const unknown = await get("/v1/objects/flowers");
    assert.equal(unknown.status, 400);
    assert.equal((unknown.body.error as JsonObject).code, "unknownKind");
  }));

test("moments that are none, or not yet, are refused with what was expected", () =>
  withApi(async ({ apply, get }) => {
    await apply(base);
    for (const at of ["yesterday", "@1.2.3", "@99999", "@7.3"]) {
      const { status, body } = await get(`/v1/objects/gateways?at=${at}`);
      assert.equal(status, 400, at);
      assert.equal((body.error as JsonObject).code, "badMoment");
    }
    const future = await get(`/v1/objects/gateways?at=${encodeURIComponent("2999-01-01T00:00:00Z")}`);
    assert.equal(future.status, 200);
    assert.equal((await get("/v1/objects/gateways?at=1999-01-01T00:00:00Z")).status, 410);
  }));

test("the log tells each event with what it changed, newest first, by range, kind and object", () =>
  withApi(async ({ apply, get, post }) => {
    const first = await apply(base, "?actor=ann&summary=begin");
    const second = await apply(documents(route("a"), route("b", "/b")));
    const third = await post("/v1/delete", { refs: [{ kind: "httproute", namespace: "shop", name: "a" }] });
    const revisions = async (query: string) =>
      ((await get(`/v1/log${query}`)).body.events as JsonObject[])
        .filter(({ kind }) => kind === "ChangeSet")
        .map(({ revision }) => revision);
    const [one, two, three] = [first, second, third].map(({ body }) => body.revision);
    assert.deepEqual(await revisions(""), [three, two, one]);
    assert.deepEqual(await revisions(`?range=@${one}..@${two}`), [two]);
    assert.deepEqual(await revisions(`?range=@${one}..`), [three, two]);
    assert.deepEqual(await revisions("?limit=1"), [three]);
    assert.deepEqual(await revisions("?kind=backend"), [one]);
    assert.deepEqual(await revisions("?object=httproute/a&namespace=shop"), [three, two]);
    assert.deepEqual(await revisions("?object=httproute/b"), [two]);
    const { body } = await get(`/v1/events/@${one}`);
    assert.equal(body.actor, "ann");
    assert.equal(body.summary, "begin");
    assert.equal((body.changes as unknown[]).length, 3);
    const { body: deletion } = await get(`/v1/events/@${three}`);
    const [change] = deletion.changes as JsonObject[];
    assert.equal(change?.change, "deleted");
    assert.equal(change?.new, null);
    assert.ok(change?.old);
    assert.ok((deletion.xds as JsonObject[]).some(({ type }) => type === "RDS"));
  }));

test("diff shows objects and xDS between two moments, in both directions", () =>
  withApi(async ({ apply, get }) => {
    await apply(base);
    await apply(route("home", "/old"));
    await apply(route("home", "/new"));
    const forth = (await get("/v1/diff?a=@-1&b=@head")).body;
    const [object] = forth.objects as JsonObject[];
    assert.equal(object?.change, "configured");
    const [table] = (forth.xds as JsonObject[]).filter(({ type }) => type === "RDS");
    assert.equal(table?.change, "changed");
    assert.match(JSON.stringify(table?.old), /\/old/);
    assert.match(JSON.stringify(table?.new), /\/new/);
    const back = (await get("/v1/diff?a=@head&b=@-1")).body;
    const [reversed] = (back.xds as JsonObject[]).filter(({ type }) => type === "RDS");
    assert.deepEqual(reversed?.old, table?.new);
  }));

test("the xDS of a Gateway is shown as canonical proto3 JSON, with versions and owners, at any moment", () =>
  withApi(async ({ apply, get }) => {
    await apply(base);
    const before = await apply(route("home", "/old"));
    await apply(route("home", "/new"));
    const { body } = await get("/v1/xds/shop/web");
    const resources = body.resources as {
      type: string;
      name: string;
      version: string;
      owners: JsonObject[];
      resource: JsonObject;
    }[];
    const table = resources.find(({ type }) => type === "RDS");
    assert.equal(table?.resource["@type"], "type.googleapis.com/envoy.config.route.v3.RouteConfiguration");
    assert.match(JSON.stringify(table?.resource), /\/new/);
    assert.ok(table?.owners.some(({ kind, name }) => kind === "HTTPRoute" && name === "home"));
    assert.ok(resources.some(({ type, name }) => type === "CDS" && name === "backend/shop/local"));
    const past = (await get(`/v1/xds/shop/web?at=@${before.body.revision}`)).body;
    assert.match(JSON.stringify(past.resources), /\/old/);
    assert.equal((await get("/v1/xds/shop/nowhere")).status, 404);
  }));

test("status names Gateways, routes and what is wrong; Programmed waits for a proxy", () =>
  withApi(async ({ apply, get }) => {
    await apply(documents(base, route("home"), route("lost").replace("name: local", "name: missing")));
    const { body } = await get("/v1/status");
    assert.equal(body.head, body.published);
    const [web] = body.gateways as JsonObject[];
    assert.equal(web?.programmed, "False");
    assert.equal(web?.proxies, 0);
    const problems = body.problems as { ref: JsonObject; reason: string; message: string }[];
    assert.ok(problems.some(({ ref, reason }) => ref.name === "lost" && reason === "BackendNotFound"));
    assert.ok(problems.some(({ ref, message }) => ref.name === "web" && message === "no proxy is connected"));
    assert.ok(!problems.some(({ ref }) => ref.name === "home"));
  }));

test("objects are read while no translator runs; what they became is said to be behind", () =>
  withApi(
    async ({ apply, get, store }) => {
      await apply(base);
      assert.equal((await get("/v1/objects/gateway/shop/web")).status, 200);
      assert.equal(store.published.value, 0);
      const { status, body } = await get("/v1/xds/shop/web");
      assert.equal(status, 503);
      assert.equal((body.error as JsonObject).code, "behind");
    },
    { translator: false },
  ));

test("P2: a store that is rebuilt beside the running one has the same content", () =>
  withApi(async ({ apply, get, logs, folder }) => {
    await apply(base);
    for (const path of ["/a", "/b", "/a"]) await apply(route("home", path));
    await get("/v1/xds");
    const { body } = await get("/v1/store/digest");
    const rebuilt = openSnapshotStore({ folder: join(folder, "rebuilt") });
    const stopping = new AbortController();
    const projection = projectLogs(rebuilt, logs, { signal: stopping.signal });
    const { lastSequence } = await logs.config.info();
    await rebuilt.published.waitFor(lastSequence, stopping.signal);
    await rebuilt.config.waitFor(lastSequence, stopping.signal);
    assert.deepEqual(await rebuilt.query("contentDigest", {}), body);
    stopping.abort();
    await projection;
    await rebuilt.close();
  }));

test("the api describes itself, counts what it does, and says that it is ready", () =>
  withApi(async ({ api, apply, get }) => {
    await apply(base);
    assert.equal((await get("/readyz")).status, 200);
    const text = async (path: string) => (await fetch(`http://${api.address}${path}`)).text();
    assert.match(await text("/metrics"), /routeledger_api_changes_total\{outcome="created"\} 3/);
    assert.match(await text("/"), /POST \/v1\/apply/);
    const { body } = await get("/openapi.json");
    for (const [path, methods] of Object.entries(body.paths as Record<string, JsonObject>)) {
      for (const method of Object.keys(methods)) {
        const url = path.replaceAll(/\{\w+\}/g, "x");
        const answer = await fetch(`http://${api.address}${url}`, { method });
        const served = answer.status !== 404 || !(await answer.text()).includes("no such page");
        assert.ok(served, `${method} ${path} is described but not served`);
      }
    }
    assert.equal((await get("/nowhere")).status, 404);
  }));
