import { deepEqual, equal, match } from "node:assert/strict";
import { test } from "node:test";
import type { OpenSwitch } from "@routeledger/config-model";
import { decideStep, type Seen, type SeenGroup, type SeenLoad } from "./decide-step.ts";

const revision = { epoch: 1, sequence: 7 };
const cluster = { name: "a", generationBefore: 1, generation: 2, tried: true, cleared: false };
const watch = { periodMs: 10_000, errorsPerMillionMax: 10_000 };

function open(phase: OpenSwitch["phase"], plan: Partial<OpenSwitch["plan"]> = {}): OpenSwitch {
  const timing = { deadlineMs: 30_000, trialMs: 5_000, watch: undefined };
  return {
    ...{ prepared: revision, stepped: revision, steppedMs: 100_000, phase, aside: [] },
    plan: { changes: [], clusters: [cluster], nodeGroups: ["n/g"], ...timing, ...plan },
  };
}

function loads(clusters: Record<string, Partial<SeenLoad>> = {}, proxies = 2, heardMs = 1_000) {
  const full = Object.entries(clusters).map(([name, load]): [string, SeenLoad] => [
    name,
    { successful: 0, errors: 0, issued: (load.successful ?? 0) + (load.errors ?? 0), ...load },
  ]);
  return { proxies, heardMs, clusters: new Map(full) };
}

function group(parts: Partial<SeenGroup> = {}): SeenGroup {
  const nobody = { missing: [], rejected: [], gone: [] };
  return { nodeGroup: "n/g", connected: ["p", "q"], ...nobody, since: loads(), before: loads(), ...parts };
}

function seen(parts: Partial<SeenGroup> = {}, more: Partial<Seen> = {}): Seen {
  return { nowMs: 101_000, published: true, groups: [group(parts)], ...more };
}

const late = { nowMs: 130_000 };

for (const [title, of, at, type, words] of [
  ["not published", open("prepared"), seen({}, { published: false }), "wait", /the translator/],
  [
    "not published in time",
    open("prepared"),
    seen({}, { published: false, ...late }),
    "revert",
    /within 30 s/,
  ],
  ["one proxy is missing", open("prepared"), seen({ missing: ["q"] }), "wait", /1 of 2 .* missing: q/],
  ["it is missing too long", open("turned"), seen({ missing: ["q"] }, late), "revert", /missing: q/],
  ["warm, to be tried", open("prepared"), seen(), "try", /all 2 proxies/],
  ["warm, no trial", open("prepared", { trialMs: 0 }), seen(), "turn", /all 2/],
  ["nothing to try", open("prepared", { clusters: [{ ...cluster, tried: false }] }), seen(), "turn", /all 2/],
  ["nobody there", open("prepared"), seen({ connected: [] }), "turn", /no proxy is connected/],
  ["nobody there any more", open("turned", { watch }), seen({ connected: [] }), "finish", /no proxy/],
  ["just gone", open("tried"), seen({ connected: [], gone: ["p"] }), "wait", /p to come back/],
  ["gone for long", open("tried"), seen({ connected: [], gone: ["p"] }, late), "turn", /no proxy/],
  ["turned and warm", open("turned"), seen(), "finish", /all 2/],
] as const) {
  test(`rules SW11 to SW14: ${title}: ${type}`, () => {
    const decision = decideStep(of, at);
    equal(decision.type, type);
    match(decision.type === "wait" ? decision.what : decision.why, words);
  });
}

/** All report long enough. */
const heard = (clusters: Record<string, Partial<SeenLoad>> = {}) => loads(clusters, 2, 5_000);

for (const [title, since, more, type, words] of [
  ["no request yet", loads(), {}, "wait", /0 so far/],
  ["enough went well", loads({ "a~2": { successful: 20 } }), {}, "turn", /20 requests went well/],
  ["a few failed among them", loads({ "a~2": { successful: 20, errors: 5 } }), {}, "turn", /20 requests/],
  [
    "only the old one answers",
    loads({ a: { successful: 1 } }),
    {},
    "revert",
    /no request got a connection to a~2/,
  ],
  ["both answer", loads({ a: { successful: 9 }, "a~2": { successful: 20 } }), {}, "turn", /20 requests/],
  ["all fail", loads({ "a~2": { errors: 20 } }), {}, "revert", /all of 20 requests to a~2 failed/],
  ["few, all fail", heard({ "a~2": { errors: 2 } }), {}, "revert", /all of 2 requests/],
  ["few went well in all the time", heard({ "a~2": { successful: 3 } }), {}, "turn", /3 requests .* in 5 s/],
  ["quiet", heard(), {}, "turn", /no request tried it in 5 s$/],
  ["quiet, one does not report", loads({}, 1, 9_000), {}, "wait", /1 proxies to report/],
  ["all report, but not for long", loads({}, 2, 4_999), { nowMs: 129_999 }, "wait", /0 so far/],
  ["the same for too long", loads({}, 1), late, "turn", /1 proxies report no load/],
] as const) {
  test(`rule SW15: ${title}: ${type}`, () => {
    const decision = decideStep(open("tried"), seen({ since }, more));
    equal(decision.type, type);
    match(decision.type === "wait" ? decision.what : decision.why, words);
  });
}

/** All report until the watch is over. */
const watchedMs = 10_000;

for (const [title, since, before, heardMs, type] of [
  ["errors above the limit", { successful: 90, errors: 10 }, { successful: 100 }, 0, "revert"],
  ["too few requests to tell", { successful: 15, errors: 4 }, { successful: 100 }, 0, "wait"],
  ["as before", { successful: 90, errors: 10 }, { successful: 90, errors: 10 }, watchedMs, "finish"],
  ["none", { successful: 90 }, { successful: 100 }, 0, "wait"],
  ["none until the end", { successful: 90 }, { successful: 100 }, watchedMs, "finish"],
] as const) {
  test(`rule SW16: ${title}: ${type}`, () => {
    const groups = { since: loads({ "a~2": since }, 2, heardMs), before: loads({ a: before }) };
    equal(decideStep(open("turned", { watch }), seen(groups)).type, type);
  });
}

test("rule SW18: who wants errors watched, and nobody reports: it goes back", () => {
  const decision = decideStep(open("turned", { watch }), seen({ since: loads({}, 0) }, late));
  deepEqual(decision, { type: "revert", why: "errors cannot be watched: no proxy reports its load" });
});

test("rule SW13: a rejection goes before everything else", () => {
  const rejected = [{ node: "p", what: "CDS a~2", message: "no" }];
  const decision = decideStep(open("turned"), seen({ rejected, missing: ["p"] }));
  deepEqual(decision, { type: "revert", why: "proxy p rejected CDS a~2: no" });
});
