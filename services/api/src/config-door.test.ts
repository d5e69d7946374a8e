import assert from "node:assert/strict";
import { test } from "node:test";
import { type EventLog, MemoryEventLog, MemoryStorage } from "@routeledger/event-log";
import { type Clock, Failure, sha256, systemClock, utf8 } from "@routeledger/std";
import { ConfigDoor, pendingMax } from "./config-door.ts";

const author = { actor: "ann", source: "http", traceContext: "" };
const revision = { epoch: 1, sequence: 1 };

/** Applies a service of that name. */
function change(name: string) {
  const ref = { group: "", kind: "Service", namespace: "shop", name };
  return {
    changes: [{ type: "applied" as const, ...ref, version: "v1", json: "{}", source: "http" }],
    summary: name,
  };
}

/** A door on a log that answers nothing until it is let, with a clock that also passes as the test says. */
async function slowDoor() {
  const log = new MemoryEventLog("CONFIG", new MemoryStorage("one"));
  const gate = { open: Promise.resolve(), passedMs: 0 };
  const slow: EventLog = new Proxy(log, {
    get(target, name) {
      const member = Reflect.get(target, name, target);
      if (name === "info") return () => gate.open.then(() => target.info());
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
  const clock: Clock = { ...systemClock, monotonicMs: () => performance.now() + gate.passedMs };
  const randomBytes = (count: number) => sha256(utf8(String(performance.now()))).subarray(0, count);
  const door = await ConfigDoor.open({ name: "api", config: slow, clock, randomBytes });
  const running = door.run();
  const close = async () => {
    door.stop();
    await running;
  };
  return { door, gate, log, close };
}

function busy(pattern: RegExp) {
  return (error: unknown) =>
    error instanceof Failure && error.code === "busy" && error.retryable && pattern.test(error.message);
}

test("a change whose turn does not come within 10 s is refused, and nothing of it is appended", async () => {
  const { door, gate, log, close } = await slowDoor();
  const letGo = Promise.withResolvers<void>();
  gate.open = letGo.promise;
  const first = door.change(() => change("first"), author);
  const second = door.change(() => change("second"), author);
  const confirmed = door.confirm({ storeId: "0".repeat(32), config: revision, xds: revision });
  await new Promise((resolve) => setImmediate(resolve));
  gate.passedMs = 10_001;
  letGo.resolve();
  assert.equal((await first).commit?.summary, "first");
  await assert.rejects(second, busy(/over 10 s; nothing was appended/));
  assert.equal((await confirmed).kind, "StoreConfirmed");
  assert.equal((await log.info()).lastSequence, 2);
  await close();
});

test("while 10,000 changes are pending one more is refused at once", async () => {
  const { door, gate, log, close } = await slowDoor();
  const letGo = Promise.withResolvers<void>();
  gate.open = letGo.promise;
  const unchanged = { changes: [], summary: "" };
  const pending = Array.from({ length: pendingMax }, () => door.change(() => unchanged, author));
  await assert.rejects(
    door.change(() => change("one"), author),
    busy(/10000 changes wait/),
  );
  letGo.resolve();
  await Promise.all(pending);
  assert.equal(door.pending, 0);
  assert.equal((await log.info()).lastSequence, 0);
  await close();
});
