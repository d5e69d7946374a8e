import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import { testKeyring, testSealingKey } from "@routeledger/config-model/testing";
import type { EventLog } from "@routeledger/event-log";
import { Keyring } from "@routeledger/std";
import { backend, documents, gateway, gatewayClass, outcomes, route, withApi } from "./api/running-api.ts";

const everything = documents(gatewayClass, gateway, backend, route("home"));

test("an apply is one event of its valid objects; an equal one is unchanged and appends nothing", () =>
  withApi(async ({ apply, get, logs }) => {
    const first = await apply(everything);
    assert.equal(first.status, 200);
    assert.deepEqual(new Set(Object.values(outcomes(first))), new Set(["created"]));
    assert.match(String(first.body.revision), /^1\.\d+$/);
    const before = await logs.config.info();
    const second = await apply(everything);
    assert.deepEqual(new Set(Object.values(outcomes(second))), new Set(["unchanged"]));
    assert.equal(second.body.revision, null);
    assert.deepEqual(await logs.config.info(), before);
    const third = await apply(documents(gateway, route("home", "/new")));
    assert.deepEqual(outcomes(third), { "Gateway/web": "unchanged", "HTTPRoute/home": "configured" });
    const shown = await get("/v1/objects/httproute/shop/home");
    const metadata = shown.body.metadata as Record<string, unknown>;
    assert.equal(metadata.resourceVersion, third.body.revision);
    assert.equal(metadata.generation, 2);
  }));

test("P7: what is refused names file, document, line, object and field; the good ones go on", () =>
  withApi(async ({ apply, get }) => {
    const broken = route("broken").replace("type: PathPrefix", "type: Prefix");
    const answer = await apply(documents(gatewayClass, gateway, backend, broken, route("home")));
    assert.equal(answer.status, 200);
    assert.equal(outcomes(answer)["HTTPRoute/home"], "created");
    assert.equal(outcomes(answer)["HTTPRoute/broken"], "refused");
    const refused = (answer.body.results as Record<string, unknown>[]).find(
      ({ outcome }) => outcome === "refused",
    );
    assert.ok(refused);
    const [error] = refused.errors as Record<string, unknown>[];
    assert.equal(error?.file, "test.yaml");
    assert.equal(error?.document, 4);
    assert.equal(error?.field, "spec.rules[0].matches[0].path.type");
    assert.match(String(error?.expected), /PathPrefix/);
    const text = documents(gatewayClass, gateway, backend, broken);
    assert.equal(error?.line, text.slice(0, text.indexOf("type: Prefix")).split("\n").length);
    assert.equal((await get("/v1/objects/httproute/shop/broken")).status, 404);
  }));

test("with atomic, one refused object refuses all", () =>
  withApi(async ({ apply, logs }) => {
    const before = await logs.config.info();
    const answer = await apply(
      documents(gatewayClass, route("broken").replace("rules:", "rulez:")),
      "?atomic=true",
    );
    assert.equal(answer.status, 422);
    assert.deepEqual(new Set(Object.values(outcomes(answer))), new Set(["refused"]));
    assert.deepEqual(await logs.config.info(), before);
  }));

test("an object that stands in the input twice is refused, naming both places", () =>
  withApi(async ({ apply }) => {
    const answer = await apply(documents(gatewayClass, route("home"), route("home", "/other")));
    assert.deepEqual(outcomes(answer), {
      "GatewayClass/routeledger": "created",
      "HTTPRoute/home": "refused",
    });
    const texts = JSON.stringify(answer.body.results);
    assert.match(texts, /also in test\.yaml document 3/);
    assert.match(texts, /also in test\.yaml document 2/);
  }));

test("bad input of every kind is said, with its line, and the rest is applied", () =>
  withApi(async ({ post }) => {
    const large = `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: big\n  annotations: {a: "${"x".repeat(1_600_000)}"}\n`;
    const files = [
      { path: "syntax.yaml", text: "apiVersion: v1\nkind: [\n" },
      { path: "scalar.yaml", text: "just words\n" },
      { path: "unknown.yaml", text: "apiVersion: example.com/v1\nkind: Flower\nmetadata: {name: rose}\n" },
      { path: "binary.yaml", text: "a\0b" },
      { path: "large.yaml", text: large },
      { path: "deep.json", text: `{"kind": ${"[".repeat(700_000)}${"]".repeat(700_000)}}` },
      { path: "pod.yaml", text: "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n" },
      { path: "class.yaml", text: gatewayClass },
      {
        path: "list.yaml",
        text: JSON.stringify({ apiVersion: "v1", kind: "List", items: [namespace("a"), namespace("b")] }),
      },
    ];
    const answer = await post("/v1/apply", { files });
    const results = answer.body.results as {
      file: string;
      outcome: string;
      errors?: { message: string; line?: number }[];
    }[];
    const of = (file: string) => results.filter((result) => result.file === file);
    assert.equal(of("syntax.yaml")[0]?.outcome, "refused");
    assert.match(of("syntax.yaml")[0]?.errors?.[0]?.message ?? "", /syntax error/);
    assert.ok((of("syntax.yaml")[0]?.errors?.[0]?.line ?? 0) >= 2);
    assert.match(of("scalar.yaml")[0]?.errors?.[0]?.message ?? "", /expected an object/);
    assert.match(JSON.stringify(of("unknown.yaml")), /Flower/);
    assert.match(JSON.stringify(of("binary.yaml")), /binary/);
    assert.match(JSON.stringify(of("large.yaml")), /1\.5 MiB/);
    assert.match(JSON.stringify(of("deep.json")), /nested too deeply/);
    assert.equal(of("pod.yaml")[0]?.outcome, "ignored");
    assert.equal(of("class.yaml")[0]?.outcome, "created");
    assert.deepEqual(
      of("list.yaml").map(({ outcome }) => outcome),
      ["created", "created"],
    );
  }));

const secret = "\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {key: very-secret}\n";

test("P11: a Secret is refused while nothing seals it, and the setting is named", () =>
  withApi(async ({ apply, logs }) => {
    const answer = await apply(secret);
    assert.equal(answer.status, 422);
    assert.match(JSON.stringify(answer.body), /--secrets-key-file/);
    assert.equal(await hasText(logs.config, "TermStarted"), true);
    assert.equal(await hasText(logs.config, "very-secret"), false);
  }));

test("P11: a Secret stands in the log sealed, an equal one is unchanged, and what get shows can be applied", () =>
  withApi(
    async ({ apply, get, post, logs }) => {
      assert.equal(outcomes(await apply(secret))["Secret/s"], "created");
      assert.equal(outcomes(await apply(secret))["Secret/s"], "unchanged");
      const shown = await get("/v1/objects/secret/default/s");
      assert.equal(shown.status, 200);
      assert.equal(outcomes(await post("/v1/apply", shown.body))["Secret/s"], "unchanged");
      assert.equal(await hasText(logs.config, "sealedData"), true);
      for (const form of ["very-secret", Buffer.from("very-secret").toString("base64")])
        assert.equal(await hasText(logs.config, form), false);
    },
    { options: { sealingKeys: { keyring: testKeyring } } },
  ));

test("reseal seals with the newest key, once, and then the older one can be dropped", async () => {
  const newer = new Uint8Array(32).fill(9);
  const keys = { keyring: testKeyring };
  await withApi(
    async ({ apply, get, post }) => {
      await apply(documents(secret, secret.replace("{name: s}", "{name: t}")));
      assert.deepEqual((await post("/v1/secrets/reseal", {})).body.results, []);
      keys.keyring = new Keyring([newer, testSealingKey]);
      const resealed = await post("/v1/secrets/reseal", {});
      assert.deepEqual(outcomes(resealed), { "Secret/s": "configured", "Secret/t": "configured" });
      const again = await post("/v1/secrets/reseal", {});
      assert.deepEqual([again.body.revision, again.body.results], [null, []]);
      keys.keyring = new Keyring([newer]);
      const shown = await get("/v1/objects/secret/default/s");
      assert.equal(outcomes(await post("/v1/apply", shown.body))["Secret/s"], "unchanged");
      assert.equal(outcomes(await apply(secret))["Secret/s"], "unchanged");
      keys.keyring = testKeyring;
      const lost = await post("/v1/secrets/reseal", {});
      assert.equal(lost.status, 422);
      assert.match(JSON.stringify(lost.body), /sealed with key [0-9a-f]{8}, which is not in the key file/);
    },
    { options: { sealingKeys: keys } },
  );
});

async function hasText(log: EventLog, text: string): Promise<boolean> {
  const { lastSequence } = await log.info();
  for (let sequence = 1; sequence <= lastSequence; sequence++) {
    const message = await log.at(sequence);
    if (Buffer.from(message?.body ?? []).includes(text)) return true;
  }
  return false;
}

test("a web page cannot apply: neither with the types that browsers send unasked, nor by another name of this host", () =>
  withApi(async ({ api, post }) => {
    for (const type of ["text/plain", "application/x-www-form-urlencoded"]) {
      assert.equal((await post("/v1/apply", gatewayClass, { "content-type": type })).status, 415);
    }
    const answer = await new Promise<number | undefined>((resolve, reject) => {
      const headers = { host: "evil.example.com", "content-type": "application/yaml" };
      const sent = request(`http://${api.address}/v1/apply`, { method: "POST", headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      sent.on("error", reject);
      sent.end(gatewayClass);
    });
    assert.equal(answer, 400);
  }));

test("YAML is taken as it stands, and metadata that a server writes is dropped", () =>
  withApi(async ({ post, get }) => {
    const text = gatewayClass.replace(
      "metadata: { name: routeledger }",
      "metadata: { name: routeledger, uid: x, resourceVersion: '7', generation: 9 }",
    );
    const answer = await post("/v1/apply", `${text}\nstatus: {conditions: []}\n`);
    assert.deepEqual(outcomes(answer), { "GatewayClass/routeledger": "created" });
    const { body } = await get("/v1/objects/gc/_/routeledger");
    const metadata = body.metadata as Record<string, unknown>;
    assert.notEqual(metadata.uid, "x");
    assert.equal(metadata.generation, 1);
    assert.equal(metadata.resourceVersion, answer.body.revision);
  }));

test("If-Match: an object that was written after the revision is refused", () =>
  withApi(async ({ apply, post }) => {
    const first = await apply(everything);
    const match = { "if-match": `"${first.body.revision}"` };
    const body = (path: string) => ({ files: [{ path: "r.yaml", text: route("home", path) }] });
    const second = await post("/v1/apply", body("/a"), match);
    assert.deepEqual(outcomes(second), { "HTTPRoute/home": "configured" });
    const third = await post("/v1/apply", body("/b"), match);
    assert.equal(third.status, 422);
    assert.match(JSON.stringify(third.body), new RegExp(`was written at revision ${second.body.revision}`));
  }));

test("a dry run shows objects and xDS before and after, and appends nothing", () =>
  withApi(async ({ apply, logs }) => {
    await apply(everything);
    const before = await logs.config.info();
    const answer = await apply(documents(route("home", "/new"), route("second", "/second")), "?dryRun=true");
    assert.deepEqual(outcomes(answer), { "HTTPRoute/home": "configured", "HTTPRoute/second": "created" });
    const [home, second] = answer.body.results as { diff: { old: unknown; new: unknown } }[];
    assert.match(JSON.stringify(home?.diff.old), /"value":"\/"/);
    assert.match(JSON.stringify(home?.diff.new), /"value":"\/new"/);
    assert.equal(second?.diff.old, null);
    const xds = answer.body.xds as { type: string; change: string; nodeGroup: string }[];
    assert.ok(
      xds.some(
        ({ type, change, nodeGroup }) => type === "RDS" && change === "changed" && nodeGroup === "shop/web",
      ),
    );
    assert.deepEqual(await logs.config.info(), before);
  }));

test("delete is one event; what is not there is said; 10 routes and over half of them must be allowed", () =>
  withApi(async ({ apply, post }) => {
    const names = Array.from({ length: 12 }, (_, index) => `r${index}`);
    await apply(documents(gatewayClass, gateway, backend, ...names.map((name) => route(name, `/${name}`))));
    const refs = (some: readonly string[]) => ({
      refs: some.map((name) => ({ kind: "httproutes", namespace: "shop", name })),
    });
    const refused = await post("/v1/delete", refs(names));
    assert.equal(refused.status, 409);
    assert.match(JSON.stringify(refused.body), /12 of 12 routes/);
    const some = await post("/v1/delete", refs([...names.slice(0, 3), "nowhere"]));
    assert.deepEqual(outcomes(some), {
      "HTTPRoute/r0": "deleted",
      "HTTPRoute/r1": "deleted",
      "HTTPRoute/r2": "deleted",
      "HTTPRoute/nowhere": "notFound",
    });
    assert.deepEqual(outcomes(await post("/v1/delete?ignoreNotFound=true", refs(["nowhere"]))), {});
    const files = {
      files: [{ path: "all.yaml", text: documents(gateway, ...names.slice(3).map((name) => route(name))) }],
    };
    const all = await post("/v1/delete?allowMassDelete=true", files);
    assert.equal(all.status, 200);
    assert.ok(Object.values(outcomes(all)).every((outcome) => outcome === "deleted"));
  }));

test("writers that race are rebased: nothing is lost, and each revision is one of them", () =>
  withApi(async ({ apply, get }) => {
    await apply(documents(gatewayClass, gateway, backend));
    const names = Array.from({ length: 8 }, (_, index) => `race${index}`);
    const answers = await Promise.all(names.map((name) => apply(route(name, `/${name}`))));
    assert.equal(new Set(answers.map(({ body }) => body.revision)).size, names.length);
    const { body } = await get("/v1/objects/httproutes?namespace=shop");
    assert.equal((body.items as unknown[]).length, names.length);
  }));

function namespace(name: string): object {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name } };
}
