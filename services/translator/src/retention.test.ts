import { equal } from "node:assert/strict";
import { test } from "node:test";
import { emptyTail, type LogTail } from "@routeledger/event-log";
import { type CheckpointRound, Retention } from "./retention.ts";

function tail(sequence: number, epoch = 1): LogTail {
  return { ...emptyTail, sequence, epoch };
}

/** A round of which both logs are followed from `sequence` on. */
function round(sequence: number, epoch = 1): CheckpointRound {
  const inLog = { followFrom: tail(sequence, epoch), catalogSequence: sequence + 3 };
  return { config: inLog, xds: inLog };
}

const at = (sequence: number, epoch = 1) => ({ epoch, sequence });

test("the last retainCheckpoints rounds are kept", () => {
  const retention = new Retention({ retainCheckpoints: 2, storesToConfirm: 0 });
  const rounds = [round(10), round(20), round(30)];
  retention.written(rounds[0]!);
  equal(retention.horizon(), undefined);
  retention.written(rounds[1]!);
  equal(retention.horizon(), rounds[0]);
  retention.purged(rounds[0]!);
  equal(retention.horizon(), undefined);
  retention.written(rounds[2]!);
  equal(retention.horizon(), rounds[1]);
});

test("a store counts once, and only for what it holds of both logs", () => {
  const retention = new Retention({ retainCheckpoints: 1, storesToConfirm: 2 });
  const first = round(10);
  retention.written(first);
  retention.confirmed({ storeId: "a", config: at(10), xds: at(10) });
  retention.confirmed({ storeId: "a", config: at(12), xds: at(12) });
  equal(retention.horizon(), undefined);
  retention.confirmed({ storeId: "b", config: at(12), xds: at(9) });
  equal(retention.horizon(), undefined);
  retention.confirmed({ storeId: "b", config: at(12), xds: at(10) });
  equal(retention.horizon(), first);
});

test("of several rounds that may go, the newest that enough stores hold is the horizon", () => {
  const retention = new Retention({ retainCheckpoints: 1, storesToConfirm: 2 });
  const rounds = [round(10), round(20), round(30)];
  for (const one of rounds) retention.written(one);
  retention.confirmed({ storeId: "a", config: at(99), xds: at(99) });
  retention.confirmed({ storeId: "b", config: at(25), xds: at(25) });
  equal(retention.horizon(), rounds[1]);
});

test("what was confirmed in another epoch does not count", () => {
  const retention = new Retention({ retainCheckpoints: 1, storesToConfirm: 1 });
  const adopted = round(10, 2);
  retention.written(adopted);
  retention.confirmed({ storeId: "a", config: at(50, 1), xds: at(50, 2) });
  equal(retention.horizon(), undefined);
  retention.confirmed({ storeId: "a", config: at(50, 2), xds: at(50, 2) });
  equal(retention.horizon(), adopted);
});
