import { deepEqual, equal, match, ok } from "node:assert/strict";
import { test } from "node:test";
import { codec, withMessages } from "@routeledger/protos";
import { concatBytes, fromHex, utf8 } from "@routeledger/std";
import { readResourceAnswer, readTranslationAnswer } from "./hook-answer.ts";
import type { ResourceQuestion, TranslationResources } from "./hook-questions.ts";

const { encode: cluster } = codec("envoy.config.cluster.v3.Cluster");
const { encode: listener } = codec("envoy.config.listener.v3.Listener");
const { encode: endpoints } = codec("envoy.config.endpoint.v3.ClusterLoadAssignment");
const unknownField = fromHex("faff0f03616263");
const nothing = new Uint8Array(0);

const asked = cluster({ name: "a" });
const question: ResourceQuestion = { hook: "Cluster", resource: asked, extensionResources: [] };

/** An answer that holds one resource. */
function answer(resource: Uint8Array): Uint8Array {
  return withMessages(nothing, 1, [resource]);
}

function fault(bytes: Uint8Array, about: ResourceQuestion = question): string {
  const reading = readResourceAnswer(about, bytes);
  return reading.kind === "invalid" ? reading.message : reading.kind;
}

test("a resource is answered byte for byte, with fields that nobody here knows", () => {
  const changed = concatBytes([unknownField, cluster({ altStatName: "b", name: "a" }), unknownField]);
  // A Buffer in a larger one, as gRPC hands it over: its slices must not be ours.
  const bytes = Buffer.from(concatBytes([utf8("before"), answer(changed)])).subarray(6);
  const reading = readResourceAnswer(question, bytes);
  ok(reading.kind === "answer");
  deepEqual(reading.answer, changed);
  bytes.fill(0);
  deepEqual(reading.answer, changed);
});

test("an absent resource is unchanged, and so are the same bytes; unknown fields beside it say nothing", () => {
  equal(fault(nothing), "unchanged");
  equal(fault(unknownField), "unchanged");
  equal(fault(answer(asked)), "unchanged");
});

test("a resource in two pieces is their merge", () => {
  const pieces = [cluster({ name: "a" }), cluster({ altStatName: "b" })];
  const reading = readResourceAnswer(question, withMessages(nothing, 1, pieces));
  ok(reading.kind === "answer");
  const merged = codec("envoy.config.cluster.v3.Cluster").decode(reading.answer);
  deepEqual([merged.name, merged.altStatName], ["a", "b"]);
});

test("another name, or none, is invalid and says both names", () => {
  equal(fault(answer(cluster({ name: "b" }))), 'names "b" instead of "a": a resource keeps its name');
  equal(fault(answer(nothing)), 'names "" instead of "a": a resource keeps its name');
  const about: ResourceQuestion = { hook: "Endpoints", resource: endpoints({ clusterName: "e" }) };
  equal(
    fault(answer(endpoints({ clusterName: "f" })), about),
    'names "f" instead of "e": a resource keeps its name',
  );
  equal(fault(answer(cluster({ name: "x".repeat(5_000) }))).length < 300, true);
});

test("bytes that are no message, at any depth, are invalid", () => {
  match(fault(fromHex("0a05616263")), /^is no protobuf message: field 1 of 5 bytes is cut off$/);
  match(fault(fromHex("0801")), /^holds a number in field 1 instead of the resource$/);
  match(fault(answer(fromHex("0a05616263"))), /^holds no envoy\.config\.cluster\.v3\.Cluster: decode /);
  // connect_timeout, whose inside is cut off.
  match(
    fault(answer(concatBytes([asked, fromHex("220208ff")]))),
    /^holds no envoy\.config\.cluster\.v3\.Cluster: /,
  );
  match(fault(answer(fromHex("0a02ff41"))), /^holds no .*: its name is no UTF-8$/);
});

interface Answered {
  readonly clusters?: readonly Uint8Array[];
  readonly listeners?: readonly Uint8Array[];
}

/** The numbers are those of the answer: clusters 1, secrets 2, listeners 3, routes 4. */
function lists({ clusters = [], listeners = [] }: Answered): Uint8Array {
  return withMessages(withMessages(nothing, 1, clusters), 3, listeners);
}

function translated(resources: TranslationResources, answered: Answered) {
  return readTranslationAnswer({ hook: "Translation", extensionResources: [], resources }, lists(answered));
}

test("translation: the lists replace those that were asked about, and only those", () => {
  const more = concatBytes([cluster({ name: "b" }), unknownField]);
  const reading = translated(
    { clusters: [asked] },
    { clusters: [more, asked], listeners: [listener({ name: "l" })] },
  );
  deepEqual(reading, { kind: "answer", answer: { clusters: [more, asked] } });
  deepEqual(translated({ clusters: [asked], listeners: [] }, {}), {
    kind: "answer",
    answer: { clusters: [], listeners: [] },
  });
});

test("translation: the same lists are unchanged, in another order they are not", () => {
  const other = cluster({ name: "b" });
  equal(translated({ clusters: [asked, other] }, { clusters: [asked, other] }).kind, "unchanged");
  equal(translated({ clusters: [asked, other] }, { clusters: [other, asked] }).kind, "answer");
  equal(translated({}, { clusters: [asked] }).kind, "unchanged");
});

test("translation: a resource without a name, two of one name, and ill-formed ones are invalid and say where", () => {
  const invalid = (clusters: readonly Uint8Array[]): string => {
    const reading = translated({ clusters: [asked] }, { clusters });
    return reading.kind === "invalid" ? reading.message : reading.kind;
  };
  equal(invalid([asked, nothing]), "has no name in clusters[1]: each resource needs one");
  equal(invalid([asked, asked]), 'holds "a" twice in clusters: names are unique');
  match(invalid([fromHex("0a05616263")]), /^holds no envoy\.config\.cluster\.v3\.Cluster in clusters\[0\]: /);
});
