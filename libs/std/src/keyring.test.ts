import { deepEqual, equal, match, notEqual, ok, throws } from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import fc from "fast-check";
import { AssertionFailed } from "./assert.ts";
import { fromUtf8, utf8 } from "./digest.ts";
import { Keyring, tokenKeyId } from "./keyring.ts";
import { parseKeyFile } from "./parse-key-file.ts";

const oldKey = new Uint8Array(32).fill(1);
const newKey = new Uint8Array(32).fill(2);
const keyring = new Keyring([newKey, oldKey]);
const place = "default/shop/tls.key";

test("the bytes of a token are for ever: key, place and value give these", () => {
  const token = new Keyring([oldKey]).seal(place, utf8("value"));
  equal(token, "v1.19324773.C6iJlPhkyD7C4RaLxy5SHlZPDMGQt-UEmV2I44DSioNy");
  equal(new Keyring([oldKey]).digest(place, utf8("value")), "676b0ecd20798080fe0cad24890c5367");
});

test("P2: equal input gives equal bytes, and what is sealed opens where it was sealed", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.string(), (value, name) => {
      const at = `default/${name.replaceAll("\0", "")}/k`;
      const token = keyring.seal(at, value);
      equal(token, keyring.seal(at, value));
      deepEqual(keyring.open(at, token), { value });
    }),
  );
});

test("a token opens only at its place, only with its key, and only unchanged", () => {
  const token = keyring.seal(place, utf8("value"));
  match(problemOf(keyring.open("default/shop/tls.crt", token)), /sealed for another/);
  match(problemOf(new Keyring([oldKey]).open(place, token)), /sealed with key [0-9a-f]{8}, which is not/);
  for (let index = 0; index < token.length; index++) {
    const changed = `${token.slice(0, index)}${token[index] === "A" ? "B" : "A"}${token.slice(index + 1)}`;
    ok("problem" in keyring.open(place, changed), `changed at ${index}`);
  }
  for (const odd of ["", "v1", "v1..", `v2${token.slice(2)}`, `${token}=`, token.slice(0, 30), `${token}\n`])
    ok("problem" in keyring.open(place, odd), odd);
});

test("place and value are kept apart, so that one nonce never serves two values", () => {
  const [a = "", b = ""] = [keyring.seal("n/s/ab", utf8("c")), keyring.seal("n/s/a", utf8("bc"))];
  notEqual(nonceOf(a), nonceOf(b));
  equal(nonceOf(a), nonceOf(keyring.seal("n/s/ab", utf8("c"))));
});

test("the newest key seals, older ones open", () => {
  const old = new Keyring([oldKey]).seal(place, utf8("value"));
  const opened = keyring.open(place, old);
  equal("value" in opened && fromUtf8(opened.value), "value");
  equal(tokenKeyId(keyring.seal(place, utf8("value"))), keyring.sealingKeyId);
  deepEqual(keyring.keyIds, [keyring.sealingKeyId, tokenKeyId(old)]);
});

test("P11: a keyring shows no key, however it is printed", () => {
  equal(JSON.stringify(keyring), "{}");
  equal(inspect(keyring, { depth: 9 }), "Keyring {}");
  throws(() => new Keyring([utf8("too short a key")]), AssertionFailed);
});

test("a key file holds keys in base64 or hexadecimal, the newest first", () => {
  const hex = Buffer.from(newKey).toString("hex");
  const base64 = Buffer.from(oldKey).toString("base64");
  const read = parseKeyFile(`${hex}\n\n ${base64} \r\n`);
  deepEqual("keyIds" in read && read.keyIds, keyring.keyIds);
  const unpadded = parseKeyFile(base64.slice(0, -1));
  ok(unpadded instanceof Keyring);
});

test("what is no key file is refused by its line, without showing it", () => {
  const base64 = Buffer.from(oldKey).toString("base64");
  const refused: [string, string][] = [
    ["", "it holds no key"],
    ["\n\n", "it holds no key"],
    [`${base64}\nhunter2`, "line 2: expected 32 bytes in base64 or hexadecimal"],
    [base64.slice(4), "line 1: expected 32 bytes in base64 or hexadecimal"],
    [`${base64}\n${base64}`, "line 2: the same key stands above"],
    [
      Array.from({ length: 17 }, (_, index) => Buffer.alloc(32, index).toString("hex")).join("\n"),
      "17 keys, expected at most 16",
    ],
  ];
  for (const [text, problem] of refused) deepEqual(parseKeyFile(text), { problem });
});

function problemOf(opened: object): string {
  return "problem" in opened ? String(opened.problem) : "it opened";
}

function nonceOf(token: string): string {
  return Buffer.from(token.split(".")[2] ?? "", "base64url")
    .subarray(0, 12)
    .toString("hex");
}
