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

type Fits<Table, Whole> = Table extends Whole ? true : false;

/** Tables that lack one cell each, and whether they are what the code takes: were one, `false` would not compile. */
const planted: readonly {
  readonly cut: object;
  readonly whole: object;
  readonly fits: boolean;
}[] = [
  { cut: withoutTimer, whole: transitions.serving, fits: false satisfies Fits<typeof withoutTimer, Row> },
  {
    cut: withoutBehind,
    whole: transitions,
    fits: false satisfies Fits<typeof withoutBehind, Record<Phase, Row>>,
  },
  {
    cut: withoutStar,
    whole: sotwInterests.named,
    fits: false satisfies Fits<typeof withoutStar, Record<SotwNames, Interest>>,
  },
  {
    cut: withoutLastName,
    whole: deltaInterests.legacy,
    fits: false satisfies Fits<typeof withoutLastName, Record<DeltaNames, Interest>>,
  },
  {
    cut: withoutRepeated,
    whole: sotwRequests,
    fits: false satisfies Fits<typeof withoutRepeated, Record<SotwRequestKind, unknown>>,
  },
];

test("I3: the tables are total: one with a cell less does not compile", () => {
  for (const { cut, whole, fits } of planted) {
    equal(Object.keys(cut).length, Object.keys(whole).length - 1);
    equal(fits, false);
  }
  const whole: Fits<typeof transitions, Record<Phase, Row>> = true;
  ok(whole, "a whole table fits");
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
const inputs: readonly InputType[] = ["sotwRequest", "deltaRequest", "snapshot", "writable", "timer", "owed"];
const moves: fc.Arbitrary<Move> = fc.record({ input: fc.constantFrom(...inputs), pick: fc.nat(1_000) });

for (const protocol of ["sotw", "delta"] as const) {
  test(`I3: whatever comes in whichever order, each step goes where the table says (${protocol})`, () => {
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
  } else if (input === "owed") client.give({ type: "owed", names: [{ type: "endpoint", name: "a" }] });
  else if (input === "snapshot") client.snapshot(snapshots[pick % snapshots.length]!);
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
