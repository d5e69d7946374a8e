import { equal } from "node:assert/strict";
import { test } from "node:test";
import { digestOfNames } from "@routeledger/xds-model";
import { snapshotOf } from "@routeledger/xds-model/testing";
import { cluster, endpoint, settledClient, wholeParts } from "./testing.ts";

for (const protocol of ["sotw", "delta"] as const) {
  test(`I26: the digest of what is held is that of the sorted names and digests, at every ACK (${protocol})`, () => {
    let snapshot = snapshotOf([...wholeParts(), cluster("ü"), endpoint("ü")], 1);
    const client = settledClient(protocol, snapshot);
    let asked = 0;
    for (let at = 2; at < 30; at++) {
      const spare = at % 3 === 0 ? [cluster("ü", at), endpoint("ü", at)] : [];
      snapshot = snapshotOf([...wholeParts(at % 5), ...spare, endpoint(`e${at % 4}`)], at, snapshot);
      client.snapshot(snapshot);
      if (at % 7 === 0) client.fire("grace");
      for (const response of client.take()) {
        client.facts.length = 0;
        client.answer(response);
        const { acked } = client.stream.types[response.resourceType];
        const sorted = [...acked.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
        for (const fact of client.facts) {
          if (fact.type !== "acked" || fact.fact.nonce !== response.nonce) continue;
          equal(fact.fact.heldDigest, digestOfNames(sorted));
          asked++;
        }
        if (at % 4 === 0) client.subscribe("endpoint", ...(at % 8 === 0 ? ["a"] : ["a", "ü"]));
      }
    }
    equal(asked > 20, true);
  });
}
