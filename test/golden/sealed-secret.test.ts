/** The form of a Secret in the log is for ever: what was written once must open, and be written again, as it is here. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { openSecret, sealSecret } from "@routeledger/config-model";
import { canonicalJson, Keyring, parseKeyFile } from "@routeledger/std";

const golden = (name: string) => readFile(new URL(`sealed-secret/${name}`, import.meta.url), "utf8");
const keyring = parseKeyFile(await golden("key"));

for (const name of ["tls", "opaque"]) {
  test(`P2: the Secret ${name} seals to the recorded bytes, and they open to it`, async () => {
    ok(keyring instanceof Keyring);
    const input = JSON.parse(await golden(`${name}.input.json`));
    const recorded = await golden(`${name}.sealed.json`);
    equal(`${canonicalJson(sealSecret(input, keyring))}\n`, recorded);
    const opened = openSecret(JSON.parse(recorded), keyring);
    ok("object" in opened);
    deepEqual(opened.object, withoutStringData(input));
  });
}

/** As an API server keeps it: `stringData` in `data`. */
function withoutStringData({ stringData = {}, data = {}, ...rest }: Record<string, Record<string, string>>) {
  const moved = Object.entries(stringData).map(([key, text]) => [key, Buffer.from(text).toString("base64")]);
  return { ...rest, data: { ...data, ...Object.fromEntries(moved) } };
}
