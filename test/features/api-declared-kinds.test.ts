import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "@routeledger/std";
import { type Answer, documents, gatewayClass, outcomes, withApi } from "./api/running-api.ts";

test("an Extension is applied, read by kubectl's words, and deleted, as other kinds are", () =>
  withApi(async ({ apply, get, post }) => {
    assert.equal(outcomes(await apply(extension()))["Extension/garden"], "created");
    assert.equal(outcomes(await apply(extension()))["Extension/garden"], "unchanged");
    for (const word of ["extensions", "extension", "ext", "extensions.routeledger.dev"])
      assert.equal(((await get(`/v1/objects/${word}`)).body.items as object[]).length, 1, word);
    const shown = await get("/v1/objects/ext/_/garden");
    assert.equal((shown.body.spec as JsonObject).deadline, "2s");
    const refs = [{ kind: "ext", name: "garden" }];
    assert.equal(outcomes(await post("/v1/delete", { refs }))["Extension/garden"], "deleted");
  }));

test("an object of a kind that no Extension declares is refused, and told what would let it in", () =>
  withApi(async ({ apply }) => {
    const alone = await apply(flower());
    assert.equal(alone.status, 422);
    assert.match(errorsOf(alone), /got \\"Flower\\".*"hint":"it is let in when an Extension has/);
    await apply(extension({ kind: "Tree" }));
    const beside = await apply(flower());
    assert.match(
      errorsOf(beside),
      /when an Extension, such as garden, has {group: example\.com, version: v1, kind: Flower} in spec\.resources, spec\.policyResources or spec\.backendResources/,
    );
    assert.equal(
      outcomes(await apply("apiVersion: apps/v1\nkind: Pod\nmetadata: {name: p}\n"))["Pod/p"],
      "ignored",
    );
  }));

for (const list of ["resources", "policyResources", "backendResources"]) {
  test(`${list} of an Extension of the same apply lets objects in, wherever it stands in the input`, () =>
    withApi(async ({ apply }) => {
      const texts = [flower("rose"), extension({ list }), flower("tulip"), gatewayClass];
      assert.deepEqual(outcomes(await apply(documents(...texts))), {
        "Flower/rose": "created",
        "Extension/garden": "created",
        "Flower/tulip": "created",
        "GatewayClass/routeledger": "created",
      });
    }));
}

test("what an Extension of the same apply declares no more is refused, and so is what a refused one would declare", () =>
  withApi(async ({ apply }) => {
    await apply(extension());
    const gone = await apply(documents(flower(), extension({ kind: "Tree" })));
    assert.deepEqual(outcomes(gone), { "Flower/rose": "refused", "Extension/garden": "configured" });
    const wrong = await apply(documents(flower(), extension().replace("deadline: 2s", "deadline: 2h")));
    assert.deepEqual(outcomes(wrong), { "Flower/rose": "refused", "Extension/garden": "refused" });
    const atomic = await apply(documents(flower(), extension()), "?atomic=true");
    assert.deepEqual(outcomes(atomic), { "Flower/rose": "created", "Extension/garden": "configured" });
  }));

test("another version of a declared kind is refused, and told the one that is declared", () =>
  withApi(async ({ apply }) => {
    const answer = await apply(documents(extension(), flower().replace("example.com/v1", "example.com/v2")));
    assert.equal(outcomes(answer)["Flower/rose"], "refused");
    assert.match(
      errorsOf(answer),
      /"field":"apiVersion".*expected \\"example\.com\/v1\\" for kind Flower, as spec\.resources of Extension garden says, got \\"example\.com\/v2\\"/,
    );
  }));

test("all but metadata is free; generation grows with all but metadata, and a status is dropped", () =>
  withApi(async ({ apply, get }) => {
    await apply(documents(extension(), flower()));
    const first = await get("/v1/objects/flower/default/rose");
    assert.deepEqual([first.body.spec, first.body.petals], [{ colour: "red", none: null }, [1, { two: 2 }]]);
    const generation = async () =>
      ((await get("/v1/objects/flower/default/rose")).body.metadata as JsonObject).generation;
    const status = `${flower()}status: {open: true}\n`;
    assert.equal(outcomes(await apply(status))["Flower/rose"], "unchanged");
    const labelled = flower().replace("{ name: rose }", "{ name: rose, labels: { a: b } }");
    assert.equal(outcomes(await apply(labelled))["Flower/rose"], "configured");
    assert.equal(await generation(), 1);
    await apply(labelled.replace("two: 2", "two: 3"));
    assert.equal(await generation(), 2);
  }));

test("metadata is checked as of every object, and so is the size", () =>
  withApi(async ({ apply }) => {
    await apply(extension());
    const refused: [string, RegExp][] = [
      [flower().replace("name: rose", "name: Rose"), /"field":"metadata\.name"/],
      [flower().replace("name: rose", "name: rose, labels: {a: '-'}"), /"field":"metadata\.labels/],
      [flower().replace("name: rose", "name: rose, namespce: a"), /unknown field/],
      [flower().replace("red", "x".repeat(1_600_000)), /1\.5 MiB/],
      [documents(flower(), flower()), /stands in the input more than once/],
    ];
    for (const [text, error] of refused) {
      const answer = await apply(text);
      assert.equal(answer.status, 422);
      assert.match(errorsOf(answer), error);
    }
  }));

test("a deleted Extension leaves its objects: they are shown, logged and deleted, but not changed", () =>
  withApi(async ({ apply, get, post }) => {
    await apply(documents(extension(), flower("rose"), flower("tulip"), flower("lily")));
    await post("/v1/delete", { refs: [{ kind: "extension", name: "garden" }] });
    assert.equal(outcomes(await apply(flower("rose").replace("red", "blue")))["Flower/rose"], "refused");
    for (const word of ["flower", "flowers", "Flower", "flowers.example.com", "flower.v1.example.com"])
      assert.equal(((await get(`/v1/objects/${word}`)).body.items as object[]).length, 3, word);
    const log = await get("/v1/log?object=flower/rose&namespace=default");
    assert.equal((log.body.events as object[]).length, 1);
    const refs = [{ kind: "flowers", name: "rose" }];
    assert.equal(outcomes(await post("/v1/delete", { refs }))["Flower/rose"], "deleted");
    const files = [{ path: "garden.yaml", text: documents(flower("tulip"), flower("lily")) }];
    const byFile = await post("/v1/delete", { files });
    assert.deepEqual(outcomes(byFile), { "Flower/tulip": "deleted", "Flower/lily": "deleted" });
    const unknown = await get("/v1/objects/flowers");
    assert.equal(unknown.status, 400);
    assert.match(JSON.stringify(unknown.body), /doesn't have a resource type/);
  }));

test("a kind is readable while an Extension declares it, though no object has it", () =>
  withApi(async ({ apply, get }) => {
    await apply(extension());
    assert.deepEqual((await get("/v1/objects/flowers")).body.items, []);
    assert.match(JSON.stringify((await get("/v1/objects/bushes")).body), /extensions, flowers, /);
  }));

test("a dry run lets in what the same input declares, and appends nothing", () =>
  withApi(async ({ apply, get }) => {
    const answer = await apply(documents(flower(), extension()), "?dryRun=true");
    assert.deepEqual(outcomes(answer), { "Flower/rose": "created", "Extension/garden": "created" });
    assert.equal((await get("/v1/objects/flowers")).status, 400);
  }));

function extension({ list = "resources", kind = "Flower" } = {}): string {
  return `
apiVersion: routeledger.dev/v1alpha1
kind: Extension
metadata: { name: garden }
spec:
  ${list}: [{ group: example.com, version: v1, kind: ${kind} }]
  hooks: { xdsTranslator: { post: [Route] } }
  service: { fqdn: { hostname: localhost, port: 5005 } }
  deadline: 2s
`;
}

function flower(name = "rose"): string {
  return `
apiVersion: example.com/v1
kind: Flower
metadata: { name: ${name} }
spec: { colour: red, none: null }
petals: [1, { two: 2 }]
`;
}

function errorsOf({ body }: Answer): string {
  return JSON.stringify((body.results as { errors?: object }[]).map(({ errors }) => errors));
}
