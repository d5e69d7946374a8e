/** What the model sends, in the words of its scenarios; `test/envoy/` compares it with real Envoys. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Protocol } from "@routeledger/xds-stream";
import { playModel } from "./play-model.ts";
import { textOfRequest } from "./scenario.ts";
import { scenarios } from "./scenarios.ts";

/** What the model sends at one move of the scenario whose name has these words. */
function sent(words: string, protocol: Protocol, move: number): string[] {
  const scenario = scenarios.find(({ name }) => name.includes(words));
  assert.ok(scenario !== undefined, `a scenario "${words}"`);
  return (playModel(scenario, protocol)[move] ?? []).map(textOfRequest);
}

test("1.2.1: of a changed cluster SotW asks for endpoints in words that look like an ACK, delta not at all", () => {
  assert.deepEqual(sent("a changed cluster withholds", "sotw", 5), ["EDS a answers 2, holds v2"]);
  assert.deepEqual(sent("a changed cluster withholds", "delta", 5), []);
});

test("1.3.2: the CDS answer comes when the cluster is warm", () => {
  const warm = ["CDS  answers 5, holds v5", "EDS a answers 6, holds v6"];
  assert.deepEqual(sent("a changed cluster withholds", "sotw", 6), warm);
  assert.deepEqual(sent("a changed cluster withholds", "delta", 6), ["CDS  answers 5", "EDS  answers 6"]);
});

test("1.3.2: a CDS NACK is withheld as well, and endpoints of what was applied are asked for before it", () => {
  assert.deepEqual(sent("a CDS NACK is withheld", "delta", 5), ["EDS b"]);
  assert.deepEqual(sent("a CDS NACK is withheld", "delta", 6), [
    "CDS  answers 5 with an error",
    "EDS  answers 6",
  ]);
});

test("1.2.6: after a rejected response a new delta stream does not name what was applied of it", () => {
  const [first] = sent("a CDS NACK is withheld", "delta", 7);
  assert.equal(first, "CDS , holds a=v1");
});

test("1.3.2: a superseded CDS response is answered by delta only", () => {
  assert.deepEqual(
    sent("superseded", "sotw", 7).filter((text) => text.startsWith("CDS")),
    ["CDS  answers 6, holds v6"],
  );
  assert.deepEqual(
    sent("superseded", "delta", 7).filter((text) => text.startsWith("CDS")),
    ["CDS  answers 5", "CDS  answers 6"],
  );
});

test("1.3.10: on a new stream while a cluster warms there is no CDS request, and EDS shows the old version", () => {
  assert.deepEqual(sent("a reconnect while a cluster warms", "delta", 6), [
    "EDS a, holds a=v2",
    "LDS , holds l=v3",
    "RDS r, holds r=v4",
  ]);
});

test("1.1.5: what nobody watches is answered with the old version and no error", () => {
  assert.deepEqual(sent("that nobody watches are answered", "sotw", 6), ["EDS  answers 6, holds v2"]);
});

test("1.3.5: while the old listener drains delta asks for nothing, after that it asks again", () => {
  assert.deepEqual(sent("to routes inside and back", "delta", 6), ["LDS  answers 6"]);
  assert.deepEqual(sent("to routes inside and back", "delta", 9), ["RDS  -r"]);
  assert.deepEqual(sent("to routes inside and back", "delta", 10), ["RDS r", "LDS  answers 9"]);
});

test("every scenario begins with a request for clusters and has something to compare at its last send", () => {
  for (const scenario of scenarios) {
    for (const protocol of scenario.protocols ?? (["sotw", "delta"] as const)) {
      const trace = playModel(scenario, protocol);
      assert.equal(trace[0]?.map(textOfRequest).join(), "CDS ", scenario.name);
      const sends = scenario.moves.flatMap((move, index) => (move.do === "send" ? [index + 1] : []));
      const answered = sends.some((index) => (trace[index] ?? []).some(({ nonce }) => nonce !== ""));
      assert.ok(answered, `${scenario.name} (${protocol})`);
    }
  }
});
