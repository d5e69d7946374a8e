import { deepEqual, equal, match, ok } from "node:assert/strict";
import { test } from "node:test";
import { canonicalJson, type JsonObject, Keyring } from "@routeledger/std";
import { validateChange } from "../schema/validate-object.ts";
import { sealedSecret, sealedTlsSecret, testKeyring, testSealingKey } from "../testing.ts";
import { commonName, ed25519, encryptedKey, p256, p384, rsa1024 } from "../testing-certificates.ts";
import { readCertificates } from "./certificates.ts";
import { keepSealed, openSecret, sealSecret } from "./seal-secret.ts";
import { mayHaveSameValues, secretFacts } from "./sealed-secret.ts";

const canary = "canary-4711";
const base64 = (text: string) => Buffer.from(text).toString("base64");
const plain: JsonObject = {
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "token", namespace: "default", labels: { a: "b" } },
  type: "Opaque",
  immutable: false,
  data: { a: base64(canary), b: base64("overwritten") },
  stringData: { b: canary },
};
const sealed = sealSecret(plain, testKeyring);

test("P11: a sealed Secret keeps metadata and type, and shows no value in any form", () => {
  deepEqual(Object.keys(sealed).sort(), [
    "apiVersion",
    "facts",
    "immutable",
    "kind",
    "metadata",
    "sealedData",
    "type",
  ]);
  deepEqual(sealed.metadata, plain.metadata);
  const json = canonicalJson(sealed);
  for (const form of [canary, base64(canary), Buffer.from(canary).toString("hex")])
    ok(!json.includes(form), form);
  deepEqual(secretFacts(sealed)?.data.a?.bytes, canary.length);
});

test("P2: a Secret seals to the same bytes again, and equal values of two keys do not look alike", () => {
  equal(canonicalJson(sealSecret(plain, testKeyring)), canonicalJson(sealed));
  const facts = secretFacts(sealed);
  ok(facts?.data.a?.digest !== facts?.data.b?.digest);
});

test("stringData wins over data, and a sealed Secret opens to its values in data", () => {
  const opened = openSecret(sealed, testKeyring);
  ok("object" in opened);
  deepEqual(opened.object, {
    apiVersion: "v1",
    kind: "Secret",
    metadata: plain.metadata,
    type: "Opaque",
    immutable: false,
    data: { a: base64(canary), b: base64(canary) },
  });
  equal(canonicalJson(sealSecret(opened.object, testKeyring)), canonicalJson(sealed));
});

test("the output of get is accepted as it is, also when an older key sealed it", () => {
  for (const keyring of [testKeyring, new Keyring([new Uint8Array(32), testSealingKey])]) {
    const opened = openSecret(sealed, keyring);
    ok("object" in opened);
    const kept = keepSealed(sealed, opened.object, keyring);
    ok("object" in kept);
    equal(canonicalJson(kept.object), canonicalJson(sealed));
  }
});

test("a sealed form that was tampered with is refused, and the field is named", () => {
  const moved = { ...sealed, metadata: { name: "other", namespace: "default" } };
  const withPlain = { ...sealed, stringData: { a: canary } };
  const noTokens = { ...sealed, sealedData: "x" };
  const notText = { ...sealed, sealedData: { a: 1 } };
  const paths = [moved, withPlain, noTokens, notText].map((object) => {
    const opened = openSecret(object, testKeyring);
    return "errors" in opened ? opened.errors.map(({ path, message }) => `${path}: ${message}`) : [];
  });
  const unopened = "expected a token that opens; it was changed, or sealed for another Secret or key";
  deepEqual(paths, [
    [`sealedData.a: ${unopened}`, `sealedData.b: ${unopened}`],
    ["stringData: expected nothing beside sealedData: one form or the other"],
    ["sealedData: required: expected a token for each key, as facts are there"],
    ["sealedData.a: expected a token that opens; it is not a string"],
  ]);
  const opened = openSecret(sealed, testKeyring);
  ok("object" in opened);
  const lied = { ...sealed, facts: { data: {}, tls: { problem: "none" } } };
  const kept = keepSealed(lied, opened.object, testKeyring);
  ok("errors" in kept);
  equal(kept.errors[0]?.path, "facts");
});

test("G86: the facts of a certificate and its key", () => {
  const facts = secretFacts(
    sealedTlsSecret({
      name: "web",
      certificate: `comment\n${p256.certificate}${p384.certificate}`,
      key: p256.key,
    }),
  );
  deepEqual(facts?.tls, {
    chain: `${p256.certificate}${p384.certificate}`,
    names: ["*.z.example", "192.0.2.7", "p256.example"],
    notBefore: "2026-11-21T17:38:11Z",
    notAfter: "2126-10-28T17:38:11Z",
    keyAlgorithm: "ECDSA-P-256",
    keyMatches: true,
  });
  equal(facts?.ca, undefined);
});

test("G86: a key of another certificate is a fact of its own", () => {
  const facts = secretFacts(sealedTlsSecret({ name: "web", certificate: p384.certificate, key: p256.key }));
  ok(facts?.tls !== undefined && "keyMatches" in facts.tls);
  equal(facts.tls.keyMatches, false);
});

test("the common name is a name only where there is no SAN", () => {
  const read = readCertificates(commonName.certificate);
  deepEqual("names" in read && read.names, ["plain.example"]);
});

test("G86: what no proxy can serve is a problem that names the key of data and shows nothing of it", () => {
  const broken = `-----BEGIN CERTIFICATE-----\n${base64(canary)}\n-----END CERTIFICATE-----\n`;
  const cases: [Record<string, string>, string][] = [
    [{ "tls.key": p256.key }, "tls.crt: missing"],
    [{ "tls.crt": p256.certificate }, "tls.key: missing"],
    [{ "tls.crt": canary, "tls.key": p256.key }, "tls.crt: no PEM block CERTIFICATE"],
    [{ "tls.crt": broken, "tls.key": p256.key }, "tls.crt: certificate 1 cannot be parsed"],
    [
      { "tls.crt": p256.certificate + broken, "tls.key": p256.key },
      "tls.crt: certificate 2 cannot be parsed",
    ],
    [{ "tls.crt": p256.certificate.slice(0, -30), "tls.key": p256.key }, "tls.crt: a PEM block has no end"],
    [{ "tls.crt": p256.certificate, "tls.key": canary }, "tls.key: no PEM block PRIVATE KEY"],
    [
      { "tls.crt": p256.certificate, "tls.key": broken.replaceAll("CERTIFICATE", "PRIVATE KEY") },
      "tls.key: the key cannot be parsed",
    ],
    [
      { "tls.crt": p256.certificate, "tls.key": encryptedKey },
      "tls.key: the key is encrypted; a proxy cannot ask for its passphrase",
    ],
    [
      { "tls.crt": rsa1024.certificate, "tls.key": rsa1024.key },
      "tls.key: RSA with 1024 bits, expected 2048 to 8192",
    ],
    [
      { "tls.crt": rsa1024.certificate, "tls.key": p256.key },
      "tls.crt: RSA with 1024 bits, expected 2048 to 8192",
    ],
    [
      { "tls.crt": ed25519.certificate, "tls.key": ed25519.key },
      "tls.key: ed25519, expected RSA, or ECDSA on P-256, P-384, P-521",
    ],
  ];
  for (const [data, problem] of cases)
    deepEqual(secretFacts(sealedSecret({ name: "web", data }))?.tls, { problem });
});

test("G94: ca.crt is read apart, and a private key beside the certificates is left out", () => {
  const facts = secretFacts(
    sealedSecret({ name: "ca", data: { "ca.crt": `${p256.key}${p256.certificate}\n${p384.certificate}` } }),
  );
  deepEqual(facts?.ca, { certificates: `${p256.certificate}${p384.certificate}` });
  const empty = secretFacts(sealedSecret({ name: "ca", data: { "ca.crt": "" } }));
  deepEqual(empty?.ca, { problem: "ca.crt: no PEM block CERTIFICATE" });
});

test("an immutable Secret keeps its values, and may be sealed with another key", () => {
  const other = new Keyring([new Uint8Array(32)]);
  const of = (data: Record<string, string>, keyring = testKeyring) =>
    sealedSecret({ name: "s", data, keyring });
  equal(mayHaveSameValues(of({ a: "1" }), of({ a: "1" })), true);
  equal(mayHaveSameValues(of({ a: "1" }), of({ a: "1" }, other)), true);
  for (const data of [{ a: "2" }, { a: "12" }, {}, { a: "1", b: "1" }, { b: "1" }] as Record<
    string,
    string
  >[])
    equal(mayHaveSameValues(of({ a: "1" }), of(data)), false, JSON.stringify(data));
  const fixed = { ...of({ a: "1" }), immutable: true };
  deepEqual(validateChange({ ...fixed }, fixed), []);
  const changed = validateChange({ ...of({ a: "2" }), immutable: true }, fixed);
  deepEqual(
    changed.map(({ path, message }) => `${path}: ${message}`),
    ["data: expected what it was: the object is immutable"],
  );
});

test("a text of many begun blocks is read in proportion to its length", () => {
  const start = performance.now();
  const read = readCertificates("-----BEGIN CERTIFICATE-----\n".repeat(40_000));
  match("problem" in read ? read.problem : "", /has no end/);
  ok(performance.now() - start < 2_000);
});

test("facts of any shape are read without trust", () => {
  const shapes: JsonObject[] = [
    {},
    { facts: null },
    { facts: [] },
    { facts: { data: 1, tls: [], ca: null } },
    { facts: { data: { a: { bytes: "x" } }, tls: { chain: "x" }, ca: { certificates: 1 } } },
  ];
  const problem = "facts: not in a form that this version knows; apply the Secret again";
  deepEqual(shapes.map(secretFacts), [
    undefined,
    undefined,
    undefined,
    { data: {}, tls: { problem }, ca: { problem } },
    { data: {}, tls: { problem }, ca: { problem } },
  ]);
});
