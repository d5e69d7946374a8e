import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type ConfigState,
  completeObject,
  emptyConfigState,
  evolve,
  getObject,
} from "@routeledger/config-model";
import { apiFailure } from "./api-failure.ts";
import { type Decide, type DoorMoment, decideJointly, jointBytesMax } from "./joint-decision.ts";
import { planDelete, summaryOf } from "./plan-delete.ts";

const timeMs = 1_700_000_000_000;
const refOfSlice = (name: string) => ({
  group: "discovery.k8s.io",
  kind: "EndpointSlice",
  namespace: "shop",
  name,
});

function slice(name: string, address: string) {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name, namespace: "shop" },
    addressType: "IPv4",
    endpoints: [{ addresses: [address] }],
  };
}

/** What an apply decides. */
function apply(name: string, address: string, uid = `uid of ${address}`): Decide {
  return ({ state, timeMs: at }) => {
    const existing = getObject(state, refOfSlice(name));
    const change = completeObject(slice(name, address), { existing, source: "http", uid, timeMs: at });
    const changes = change === "unchanged" ? [] : [change];
    return { changes, summary: summaryOf(changes, state) };
  };
}

function remove(name: string): Decide {
  return ({ state }) => {
    const options = { source: "http", ignoreNotFound: false, allowMassDelete: false };
    const { changes } = planDelete([{ ref: refOfSlice(name) }], { state, ...options });
    return { changes, summary: summaryOf(changes, state) };
  };
}

function stateAfter(decides: readonly Decide[], state: ConfigState = emptyConfigState): ConfigState {
  const { changes, answers } = decideJointly(decides, moment(state));
  assert.equal(answers.length, decides.length);
  const revision = { epoch: 1, sequence: state.revision.sequence + 1 };
  return evolve(state, { revision, timeMs, term: 0, fact: { type: "changeSet", changes } });
}

function moment(state: ConfigState): DoorMoment {
  return { state, timeMs };
}

test("of several changes of one object the newest stays, and each is decided on those before it", () => {
  const { changes, answers, summary } = decideJointly(
    [apply("a", "10.0.0.1"), apply("b", "10.0.0.2"), apply("a", "10.0.0.3"), apply("a", "10.0.0.3")],
    moment(emptyConfigState),
  );
  assert.equal(summary, "create: EndpointSlice shop/a and 1 more");
  assert.deepEqual(
    changes.map(({ name }) => name),
    ["a", "b"],
  );
  const [newest] = changes;
  assert.ok(newest?.type === "applied");
  const { metadata, endpoints } = JSON.parse(newest.json);
  assert.deepEqual(endpoints[0].addresses, ["10.0.0.3"]);
  assert.equal(metadata.uid, "uid of 10.0.0.1", "the object is the one that was created first");
  assert.equal(metadata.generation, 2, "every acknowledged change counts");
  assert.equal(answers.length, 4);
  const last = answers[3];
  assert.deepEqual(last?.outcome === "decided" && last.decision.changes, [], "the last one changes nothing");
});

test("the joint event makes the same of the state as the events one by one would", () => {
  const before = stateAfter([apply("a", "10.0.0.1"), apply("b", "10.0.0.1"), apply("c", "10.0.0.1")]);
  const decides = [
    apply("a", "10.0.0.2"),
    remove("b"),
    apply("d", "10.0.0.1"),
    remove("c"),
    apply("c", "10.0.0.9"),
  ];
  let oneByOne = before;
  for (const decide of decides) oneByOne = stateAfter([decide], oneByOne);
  const jointly = stateAfter(decides, before);
  for (const name of ["a", "b", "c", "d"]) {
    const ref = refOfSlice(name);
    assert.equal(getObject(jointly, ref)?.json, getObject(oneByOne, ref)?.json, name);
  }
});

test("a delete of what only the requests before it created begins another event", () => {
  const decides = [apply("a", "10.0.0.1"), remove("a"), apply("a", "10.0.0.2")];
  const first = decideJointly(decides, moment(emptyConfigState));
  assert.equal(first.answers.length, 1);
  const second = decideJointly(decides.slice(1), moment(stateAfter(decides.slice(0, 1))));
  assert.equal(second.answers.length, 2);
  assert.deepEqual(
    second.changes.map(({ type }) => type),
    ["applied"],
  );
});

test("a request that is refused changes nothing of the others", () => {
  const refuses: Decide = () => {
    throw apiFailure("conflict", "no");
  };
  const { changes, answers } = decideJointly([refuses, apply("a", "10.0.0.1")], moment(emptyConfigState));
  assert.deepEqual(
    answers.map(({ outcome }) => outcome),
    ["failed", "decided"],
  );
  assert.equal(changes.length, 1);
});

test("an event of several requests holds 4 MiB; a request alone may have more", () => {
  const large = (name: string): Decide => {
    const json = "x".repeat(jointBytesMax);
    const changes = [{ type: "applied" as const, ...refOfSlice(name), version: "v1", json, source: "http" }];
    return () => ({ changes, summary: name });
  };
  assert.equal(decideJointly([large("a"), large("b")], moment(emptyConfigState)).answers.length, 1);
});
