import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import { test } from "node:test";
import { testKeyring } from "@routeledger/config-model/testing";
import { type JsonObject, Keyring, utf8 } from "@routeledger/std";
import { BusMembers } from "./bus-members.ts";
import { checkObject } from "./check-object.ts";
import { checkSecret } from "./check-secret.ts";
import { readDocuments } from "./read-documents.ts";

const canary = "canary-4711";
const secret = (more: JsonObject): JsonObject => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "s", namespace: "default" },
  ...more,
});
const base64 = Buffer.from(canary).toString("base64");

async function checked(text: string, { keyring }: { keyring?: Keyring } = { keyring: testKeyring }) {
  const { objects, refusals } = await readDocuments([{ path: "a.yaml", text }]);
  return [...objects.map((object) => checkObject(object, { namespace: "default", keyring })), ...refusals];
}

test("P11: a Secret is sealed at the door, in the namespace that it gets there", async () => {
  const yaml = `apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {key: ${canary}}\n`;
  const [object] = await checked(yaml);
  ok(object !== undefined && "defaulted" in object);
  deepEqual(object.defaulted, checkSecret(secret({ stringData: { key: canary } }), testKeyring).object);
  ok(!JSON.stringify(object.defaulted).includes(canary));
});

test("P11: without a key a Secret is refused, and the setting is named", async () => {
  const [object] = await checked(
    `apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {k: ${base64}}\n`,
    {},
  );
  match(JSON.stringify(object && "problems" in object && object.problems), /ROUTELEDGER_SECRETS_KEY_FILE/);
});

test("a Secret in sealed form stays as it is, and one that was changed is refused by its field", () => {
  const { object: sealed } = checkSecret(secret({ data: { key: base64 } }), testKeyring);
  deepEqual(checkSecret(sealed, testKeyring), { object: sealed, errors: [] });
  const refused: [JsonObject, string][] = [
    [{ ...sealed, facts: {} }, "facts"],
    [{ ...sealed, metadata: { name: "t", namespace: "default" } }, "sealedData.key"],
    [{ ...sealed, sealedData: {} }, "facts"],
    [{ ...sealed, type: "kubernetes.io/tls" }, "data[tls.crt]"],
    [{ ...sealed, spec: {} }, "spec"],
  ];
  for (const [object, path] of refused) equal(checkSecret(object, testKeyring).errors[0]?.path, path);
  const other = checkSecret(sealed, new Keyring([new Uint8Array(32)]));
  match(other.errors[0]?.message ?? "", /which is not in the key file/);
});

test("P11: no refusal of a Secret shows a value of it", async () => {
  const head = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n";
  const texts = [
    `${head}data: {key: "${canary}!"}\n`,
    `${head}data: ${canary}\n`,
    `${head}data: [${canary}]\n`,
    `${head}data: {key: [${canary}]}\n`,
    `${head}stringData: {key: {${canary}: 1}}\n`,
    `${head}stringDate: {key: ${canary}}\n`,
    `${head}type: kubernetes.io/tls\nstringData: {tls.crt: ${canary}}\n`,
    `${head}stringData: {key: *${canary}}\n`,
    `${head}stringData: {key: ! ${canary}: }\n`,
    `${head}stringData: {key: !${canary}! x}\n`,
    `${head}stringData: {key: !a!${canary} x}\n`,
    `${head}stringData: {key: !<${canary} x}\n`,
    `${head}stringData:\n  key: |${canary}\n   x\n`,
    `${head}stringData:\n  key: "a"\n ${canary}\n`,
    `${head}stringData: {key: "${canary}\n`,
    `${head}stringData: {key: 'a' ${canary}}\n`,
    `${head}stringData:\n- a: b\n${canary}\n`,
    `-----BEGIN PRIVATE KEY-----\n${canary}\n-----END PRIVATE KEY-----\n`,
    canary,
  ];
  for (const text of texts) {
    const shown = JSON.stringify((await checked(text)).map(problemsOf));
    match(shown, /message/, text);
    ok(!shown.includes(canary), shown);
  }
});

test("P11: nor does a request that is no JSON", () => {
  const texts = [`{"a": ${canary}}`, `{"a": "${canary}`, `{"a": "b" ${canary}}`, canary];
  for (const text of texts) {
    throws(
      () => BusMembers.of(utf8(text)),
      (error: Error) => /expected JSON/.test(error.message) && !/4711|canary/.test(error.message),
    );
  }
});

function problemsOf(found: object): unknown {
  return "problems" in found ? found.problems : "problem" in found ? found.problem : undefined;
}
