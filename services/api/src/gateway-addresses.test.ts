import assert from "node:assert/strict";
import { test } from "node:test";
import { type ConfigState, emptyConfigState, evolve, objectsOfKind, refOf } from "@routeledger/config-model";
import type { JsonObject } from "@routeledger/std";
import fc from "fast-check";
import { parseAddressRange } from "./address-range.ts";
import { checkObject } from "./check-object.ts";
import { type Plan, planApply } from "./plan-apply.ts";

const apiVersion = "gateway.networking.k8s.io/v1";
const ours = gatewayClass("routeledger", "routeledger.dev/gateway");

function gatewayClass(name: string, controllerName: string): JsonObject {
  return { apiVersion, kind: "GatewayClass", metadata: { name }, spec: { controllerName } };
}

function gateway(name: string, addresses?: JsonObject[], gatewayClassName = "routeledger"): JsonObject {
  const listeners = [{ name: "web", port: 80, protocol: "HTTP" }];
  const spec = { gatewayClassName, listeners, ...(addresses && { addresses }) };
  return { apiVersion, kind: "Gateway", metadata: { name, namespace: "default" }, spec };
}

/** Folds what is applied one after the other, as the door does. */
class World {
  state: ConfigState = emptyConfigState;
  readonly #range: string;

  constructor(range = "127.1.0.0/16") {
    this.#range = range;
  }

  apply(...objects: JsonObject[]): Plan {
    const checked = objects.map((object, index) =>
      checkObject(
        { object, file: "a.yaml", document: index + 1, prefix: "", lineOf: () => undefined },
        { namespace: "default", keyring: undefined },
      ),
    );
    const plan = planApply(checked, {
      ...{ state: this.state, namespace: "default", source: () => "cli", timeMs: 0, newUid: () => "u" },
      gatewayAddresses: parseAddressRange(this.#range),
    });
    this.#fold(plan.changes);
    return plan;
  }

  delete(...objects: JsonObject[]): void {
    this.#fold(objects.map((object) => ({ type: "deleted" as const, ...refOf(object), source: "cli" })));
  }

  #fold(changes: Plan["changes"]): void {
    const revision = { epoch: 1, sequence: this.state.revision.sequence + 1 };
    this.state = evolve(this.state, {
      ...{ revision, timeMs: 0, term: 0 },
      fact: { type: "changeSet", changes: [...changes] },
    });
  }

  /** By name of the Gateway. */
  addresses(): Record<string, string> {
    const gateways = objectsOfKind(this.state, "gateway.networking.k8s.io", "Gateway");
    return Object.fromEntries(
      gateways.map(({ name, object }) => {
        const { addresses = [] } = object.spec as { addresses?: { value?: string }[] };
        return [name, addresses.map(({ value }) => value).join()];
      }),
    );
  }
}

function outcomes({ results }: Plan): string[] {
  return results.map(({ outcome }) => outcome);
}

function refusal({ results }: Plan): { field?: string; message?: string } {
  const { field, message } = results.find(({ outcome }) => outcome === "refused")?.errors?.[0] ?? {};
  return { ...(field && { field }), ...(message && { message }) };
}

test("G17: a Gateway that names no address gets the lowest that no Gateway has", () => {
  const world = new World();
  world.apply(ours, gateway("a"), gateway("b"));
  assert.deepEqual(world.addresses(), { a: "127.1.0.1", b: "127.1.0.2" });
  world.delete(gateway("a"));
  world.apply(gateway("c"), gateway("d"));
  assert.deepEqual(world.addresses(), { b: "127.1.0.2", c: "127.1.0.1", d: "127.1.0.3" });
});

test("G17: an IPAddress without a value gets one, beside those that the Gateway names", () => {
  const world = new World();
  const named = { type: "IPAddress", value: "127.1.0.1" };
  world.apply(ours, gateway("a", [{ type: "IPAddress" }, named, { type: "IPAddress" }]));
  assert.deepEqual(world.addresses(), { a: "127.1.0.2,127.1.0.1,127.1.0.3" });
});

test("an equal manifest is unchanged, and a changed one keeps the address", () => {
  const world = new World();
  world.apply(ours, gateway("a"), gateway("b"));
  assert.deepEqual(outcomes(world.apply(gateway("b"))), ["unchanged"]);
  world.delete(gateway("a"));
  const labelled = gateway("b");
  (labelled.metadata as JsonObject).labels = { team: "x" };
  assert.deepEqual(outcomes(world.apply(labelled)), ["configured"]);
  assert.deepEqual(world.addresses(), { b: "127.1.0.2" });
  const [written] = objectsOfKind(world.state, "gateway.networking.k8s.io", "Gateway");
  assert.deepEqual(outcomes(world.apply(written?.object ?? {})), ["unchanged"]);
});

test("what an object of the same apply names is given to nobody else, wherever it stands", () => {
  const world = new World();
  world.apply(ours, gateway("a"), gateway("b", [{ value: "127.1.0.1" }]));
  assert.deepEqual(world.addresses(), { a: "127.1.0.2", b: "127.1.0.1" });
});

test("an address of the range that another Gateway has is refused, and its owner keeps it", () => {
  const world = new World();
  world.apply(ours, gateway("a"));
  const wrong = {
    field: "spec.addresses[0].value",
    message: "127.1.0.1 is the address of Gateway default/a",
  };
  assert.deepEqual(refusal(world.apply(gateway("b", [{ value: "127.1.0.1" }]))), wrong);
  assert.deepEqual(refusal(world.apply(gateway("a"), gateway("b", [{ value: "127.1.0.1" }]))), wrong);
  assert.deepEqual(world.addresses(), { a: "127.1.0.1" });
});

test("addresses outside of the range are anybody's, also several Gateways'", () => {
  const world = new World();
  const local = [{ value: "127.0.0.1" }];
  const plan = world.apply(ours, gateway("a", local), gateway("b", local));
  assert.deepEqual(outcomes(plan), ["created", "created", "created"]);
});

test("a range without a free address refuses the Gateway and says what to do, and the others stay", () => {
  const world = new World("127.1.0.0/30");
  world.apply(ours, gateway("a"), gateway("b"));
  const plan = world.apply(gateway("c"), gateway("a"));
  assert.deepEqual(outcomes(plan), ["refused", "unchanged"]);
  assert.deepEqual(refusal(plan), {
    field: "spec.addresses",
    message: "Gateway default/c gets no address: Gateways have all 2 of 127.1.0.0/30",
  });
  const more = world.apply(gateway("a", [{ type: "IPAddress" }, { type: "IPAddress" }]), gateway("b"));
  assert.deepEqual(outcomes(more), ["refused", "unchanged"]);
  assert.deepEqual(world.addresses(), { a: "127.1.0.1", b: "127.1.0.2" });
});

test("G103: a Gateway of another controller's class is left alone", () => {
  const world = new World();
  world.apply(gatewayClass("other", "example.com/other"), gateway("a", undefined, "other"));
  assert.deepEqual(world.addresses(), { a: "" });
});

test("a class may stand behind its Gateway in one apply; where it comes later, the next apply gives the address", () => {
  const together = new World();
  together.apply(gateway("a"), ours);
  assert.deepEqual(together.addresses(), { a: "127.1.0.1" });
  const later = new World();
  later.apply(gateway("a"));
  later.apply(ours);
  assert.deepEqual(later.addresses(), { a: "" });
  assert.deepEqual(outcomes(later.apply(gateway("a"))), ["configured"]);
  assert.deepEqual(later.addresses(), { a: "127.1.0.1" });
});

test("no history gives one address to two Gateways, and no Gateway loses the one that it has", () => {
  const names = ["a", "b", "c", "d", "e"];
  const address = fc.constantFrom<JsonObject | undefined>(
    undefined,
    { type: "IPAddress" },
    ...[1, 2, 3, 4].map((last) => ({ value: `127.1.0.${last}` })),
  );
  const object = fc.record({ name: fc.constantFrom(...names), address });
  const step = fc.oneof(
    fc.record({ delete: fc.constantFrom(...names) }),
    fc.record({ apply: fc.uniqueArray(object, { minLength: 1, selector: ({ name }) => name }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const world = new World("127.1.0.0/29");
      world.apply(ours);
      for (const one of steps) {
        const before = world.addresses();
        if ("delete" in one) world.delete(gateway(one.delete));
        else world.apply(...one.apply.map(({ name, address: its }) => gateway(name, its && [its])));
        const after = world.addresses();
        const given = Object.values(after);
        assert.equal(new Set(given).size, given.length, JSON.stringify(after));
        const asksAgain =
          "delete" in one ? [] : one.apply.filter(({ address: its }) => its?.value === undefined);
        for (const { name } of asksAgain)
          if (before[name] !== undefined) assert.equal(after[name], before[name]);
      }
    }),
  );
});
