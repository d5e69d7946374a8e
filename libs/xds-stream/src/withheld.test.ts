import { deepEqual, ok } from "node:assert/strict";
import { test } from "node:test";
import type { Snapshot } from "@routeledger/xds-model";
import { snapshotOf } from "@routeledger/xds-model/testing";
import { cluster, endpoint, secret, TestClient } from "./testing.ts";

/** The same snapshot, as an edge has it that may not send some secrets. */
function withholding(snapshot: Snapshot, ...names: string[]): Snapshot {
  const { secret: all } = snapshot.types;
  const resources = new Map(
    [...all.resources].map(([name, resource]) => {
      const { bytes, digest, version, changedAt, parts } = resource;
      const same = { type: resource.type, name, parts, bytes, digest, changedAt, version };
      const isWithheld = names.includes(name);
      return [name, { ...same, references: [], warmsByItself: false, ...(isWithheld && { isWithheld }) }];
    }),
  );
  return { ...snapshot, types: { ...snapshot.types, secret: { ...all, resources } } };
}

for (const protocol of ["sotw", "delta"] as const) {
  const parts = [cluster("a"), endpoint("a"), secret("s"), secret("t")];
  const whole = snapshotOf(parts, 1);

  test(`P11, I27: what is withheld is neither sent nor said to be missing, and others go on (${protocol})`, () => {
    const client = new TestClient(protocol).snapshot(withholding(whole, "s")).subscribe("secret", "s", "t");
    deepEqual(client.seen(), ["secret t"]);
    client.subscribe("cluster");
    deepEqual(client.seen(), ["cluster a"]);
  });

  test(`P11, I27: it is sent when it may be, without a new revision (${protocol})`, () => {
    const client = new TestClient(protocol).snapshot(withholding(whole, "s")).subscribe("secret", "s", "t");
    client.ack();
    client.take();
    client.snapshot(whole);
    deepEqual(client.seen(), ["secret s"]);
    client.ack();
    client.snapshot(whole);
    deepEqual(client.seen(), []);
  });

  test(`P11, I27: a client that holds an older edition keeps it while the newer is withheld (${protocol})`, () => {
    const client = new TestClient(protocol).snapshot(whole).subscribe("secret", "s");
    client.ack();
    client.take();
    const newer = snapshotOf([cluster("a"), endpoint("a"), secret("s", "2"), secret("t")], 2, whole);
    client.snapshot(withholding(newer, "s"));
    deepEqual(client.seen(), []);
    client.snapshot(newer);
    deepEqual(client.seen(), ["secret s"]);
  });

  test(`P11, I27: what was rejected is not tried again while it is withheld (${protocol})`, () => {
    const client = new TestClient(protocol).snapshot(whole).subscribe("secret", "s", "t");
    const [first] = client.take();
    ok(first !== undefined);
    client.snapshot(withholding(whole, "s", "t"));
    client.answer(first, "s is wrong");
    deepEqual(client.seen(), []);
    client.snapshot(whole);
    deepEqual(client.seen().slice(0, 1), ["secret s"]);
  });
}
