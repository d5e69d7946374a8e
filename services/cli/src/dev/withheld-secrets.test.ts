import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import type { WithheldSecret } from "@routeledger/xds-edge";
import { WithheldSecrets } from "./withheld-secrets.ts";

test("what is withheld is told after the begin, a line a Gateway, with the next step", () => {
  const { lines, withheld } = told();
  withheld.add(sealed("shop/web", "cert"));
  withheld.add(sealed("shop/other", "cert"));
  deepEqual(lines, []);
  withheld.begin();
  deepEqual(lines, [
    "gateway shop/web waits for what is not sent: cert: sealed with 1 (put the old sealing-keys file back, or apply the Secrets again)",
    "gateway shop/other waits for what is not sent: cert: sealed with 1 (put the old sealing-keys file back, or apply the Secrets again)",
  ]);
});

test("what comes together is one line, which names five", async () => {
  const { lines, withheld } = told();
  withheld.begin();
  for (const name of ["a", "b", "c", "d", "e", "f", "g"])
    withheld.add({ ...sealed("shop/web", name), reason: "inClear", why: "w" });
  await Promise.resolve();
  deepEqual(lines, ["gateway shop/web waits for what is not sent: a: w; b: w; c: w; d: w; e: w; and 2 more"]);
});

test("a secret is told again only when the reason is another", async () => {
  const { lines, withheld } = told();
  withheld.begin();
  for (const key of [1, 1, 2]) {
    withheld.add(sealed("shop/web", "cert", key));
    await Promise.resolve();
  }
  deepEqual(lines.length, 2);
});

function sealed(nodeGroup: string, name: string, key = 1): WithheldSecret {
  return { nodeGroup, name, reason: "sealed", why: `sealed with ${key}` };
}

function told() {
  const lines: string[] = [];
  return { lines, withheld: new WithheldSecrets((line) => lines.push(line)) };
}
