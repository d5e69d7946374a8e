import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { resourceTypes } from "@routeledger/xds-model";
import { snapshotOf } from "@routeledger/xds-model/testing";
import fc from "fast-check";
import { type DeltaNames, deltaInterests, type Interest, type SotwNames, sotwInterests } from "./interest.ts";
import { type InputType, type Phase, type Row, transitions } from "./phase.ts";
import { type SotwRequestKind, sotwRequests } from "./subscribe-sotw.ts";
import { TestClient, wholeParts } from "./testing.ts";

const { timer: _timer, ...withoutTimer } = transitions.serving;
const { behind: _behind, ...withoutBehind } = transitions;
const { star: _star, ...withoutStar } = sotwInterests.named;
const { lastNameGone: _lastNameGone, ...withoutLastName } = deltaInterests.legacy;
const { repeated: _repeated, ...withoutRepeated } = sotwRequests;

// Each of these lacks one cell. Were the tables not total, the lines would compile and the types' check would fail.
// @ts-expect-error an input without a transition
const missingInput: Row = withoutTimer;
// @ts-expect-error a phase without transitions
const missingPhase: Record<Phase, Row> = withoutBehind;
// @ts-expect-error names that change nothing known
const missingNames: Record<SotwNames, Interest> = withoutStar;
// @ts-expect-error a change of names that changes nothing known
const missingChange: Record<DeltaNames, Interest> = withoutLastName;
// @ts-expect-error a kind of request that nobody takes
const missingKind: Record<SotwRequestKind, unknown> = withoutRepeated;

test("the tables are total: one with a cell less does not compile", () => {
  const planted = [missingInput, missingPhase, missingNames, missingChange, missingKind];
  const whole = [transitions.serving, transitions, sotwInterests.named, deltaInterests.legacy, sotwRequests];
  deepEqual(
    planted.map((table, index) => Object.keys(whole[index]!).length - Object.keys(table).length),
    [1, 1, 1, 1, 1],
  );
});

test("a stream that is closed is closed for good, and none closes of itself", () => {
  for (const { next } of Object.values(transitions.closed)) deepEqual(next, ["closed"]);
  for (const row of Object.values(transitions)) {
    for (const input of ["snapshot", "writable", "timer"] as const) {
      const isClosing = row === transitions.closed || row === transitions.connecting;
      ok(isClosing || !(row[input].next as readonly Phase[]).includes("closed"), input);
    }
  }
});

type Move = { readonly input: InputType; readonly pick: number };
const inputs: readonly InputType[] = ["sotwRequest", "deltaRequest", "snapshot", "writable", "timer"];
const moves: fc.Arbitrary<Move> = fc.record({ input: fc.constantFrom(...inputs), pick: fc.nat(1_000) });

for (const protocol of ["sotw", "delta"] as const) {
  test(`whatever comes in whichever order, each step goes where the table says (${protocol})`, () => {
    const reached = new Set<Phase>();
    const walk = (history: readonly Move[]) => {
      const client = new TestClient(protocol);
      client.open = false;
      for (const { input, pick } of history) {
        // The machine itself asserts that it went where the table leads.
        perform(client, input, pick);
        reached.add(client.stream.phase);
      }
    };
    fc.assert(fc.property(fc.array(moves, { minLength: 10, maxLength: 60 }), walk), { numRuns: 200 });
    deepEqual([...reached].sort(), Object.keys(transitions).sort());
  });
}

const snapshots = Array.from({ length: 6 }, (_, index) => snapshotOf(wholeParts(index + 1), index + 1));
const newer = snapshotOf(wholeParts(9), 4).types;

function perform(client: TestClient, input: InputType, pick: number): void {
  if (input === "writable") client.drain();
  else if (input === "timer") {
    const timer = client.timers.splice(pick % Math.max(client.timers.length, 1), 1)[0];
    client.give({ type: "timer", id: timer?.id ?? "grace-0" });
  } else if (input === "snapshot") client.snapshot(snapshots[pick % snapshots.length]!);
  else {
    const type = pick % 97 === 0 ? "" : resourceTypes[pick % resourceTypes.length]!;
    const names = [[], ["a"], ["*"], ["r", "a"]][pick % 4]!;
    const shown = pick % 5 === 0 ? newer.cluster.version : "";
    const errorDetail = pick % 3 === 0 ? { code: 3, message: "no", details: [] } : undefined;
    const responseNonce = client.responses.at(-1)?.nonce ?? "";
    if (client.protocol === "sotw")
      client.sotw(type, names, { versionInfo: shown, responseNonce, errorDetail });
    else
      client.delta(type, names, {
        initialResourceVersions: shown === "" ? {} : { a: shown },
        responseNonce,
        errorDetail,
        resourceNamesUnsubscribe: pick % 2 === 0 ? ["*"] : ["a"],
      });
  }
}

test("a request of the other protocol is a mistake of the caller's", () => {
  const client = new TestClient("sotw").snapshot(snapshots[0]!).subscribe("cluster");
  let failure: unknown;
  try {
    client.delta("cluster", []);
  } catch (error) {
    failure = error;
  }
  equal((failure as Error).message, "a sotw request, got deltaRequest");
});
