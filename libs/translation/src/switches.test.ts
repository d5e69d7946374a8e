import { deepEqual, equal, match, ok } from "node:assert/strict";
import { test } from "node:test";
import {
  type ConfigState,
  evolve,
  type ObjectChange,
  refOf,
  type SwitchFact,
} from "@routeledger/config-model";
import { p256, p384 } from "@routeledger/config-model/testing";
import { codec, unpackAnyAs } from "@routeledger/protos";
import { assert, revision } from "@routeledger/std";
import { danglingReferences, type Part } from "@routeledger/xds-model";
import { snapshotOf } from "@routeledger/xds-model/testing";
import { planSwitch, type SwitchOutlook } from "./plan-switch.ts";
import {
  backend,
  configMap,
  endpointSlice,
  gateway,
  gatewayClass,
  grpcRoute,
  grpcRule,
  http,
  httpRoute,
  rule,
  service,
  tlsPolicy,
} from "./sample-objects.ts";
import { changesTo, stateOf } from "./testing.ts";
import { translateAll } from "./translate-all.ts";
import { Translated } from "./translated-state.ts";
import { TranslationCache } from "./translation-cache.ts";

const cluster = "service/default/a/80";
const toA = httpRoute("shop", { rules: [rule("/", [{ name: "a", port: 80 }])] });
const ca = configMap("ca", { "ca.crt": p256.certificate });
const base = [gatewayClass, gateway([http("http", 8080)]), service("a"), endpointSlice("a-1", "a"), toA, ca];
const policy = tlsPolicy("p", ["a"]);

function fold(state: ConfigState, fact: SwitchFact): ConfigState {
  const sequence = state.revision.sequence + 1;
  return evolve(state, { revision: revision(1, sequence), timeMs: sequence * 1000, term: 0, fact });
}

type Planned = Extract<SwitchOutlook, { outcome: "planned" }>;

function planned(state: ConfigState, changes: readonly ObjectChange[]): Planned {
  const outlook = planSwitch(state, changes);
  assert(outlook.outcome === "planned", `a plan, got ${JSON.stringify(outlook)}`);
  return outlook;
}

/** The state in each phase of a switch to these changes. */
function phases(state: ConfigState, changes: readonly ObjectChange[]) {
  const { clusters, nodeGroups } = planned(state, changes);
  const timing = { deadlineMs: 1, trialMs: 1, watch: undefined };
  const prepared = fold(state, { type: "switchPrepared", changes, clusters, nodeGroups, ...timing });
  const which = { prepared: prepared.revision };
  const tried = fold(prepared, { type: "switchTried", ...which });
  const turned = fold(tried, { type: "switchTurned", ...which, changes });
  const finished = fold(turned, { type: "switchFinished", ...which });
  return { prepared, tried, turned, finished };
}

const byKey = (parts: readonly Part[]) =>
  new Map(parts.map((part) => [`${part.type} ${part.resource}`, part]));

function added(before: Translated, after: Translated): string[] {
  const known = byKey(before.parts());
  return [...byKey(after.parts()).keys()].filter((key) => !known.has(key));
}

function cacheAgrees(...states: readonly ConfigState[]): void {
  const cache = new TranslationCache();
  const plain = (state: ConfigState, using?: TranslationCache) => {
    const { groups, statuses } = translateAll(state, using);
    return [[...groups].map(([name, parts]) => [name, [...parts.values()]]), [...statuses]];
  };
  for (const state of states) deepEqual(plain(state, cache), plain(state));
}

test("rule SW7: what is prepared is there beside the rest, byte for byte what it is after the turn", () => {
  const state = stateOf(base);
  const { prepared, tried, turned, finished } = phases(state, changesTo(state, [policy]));
  const [before, beside, after] = [state, prepared, turned].map((one) => new Translated(one));
  assert(before !== undefined && beside !== undefined && after !== undefined, "three translations");
  deepEqual(added(before, beside), [`cluster ${cluster}~2`, "secret ca/default/ca"]);
  const [was, is] = [byKey(beside.parts()), byKey(after.parts())];
  for (const part of before.parts()) {
    if (part.type === "route") continue;
    equal(was.get(`${part.type} ${part.resource}`)?.digest, part.digest, part.resource);
  }
  for (const key of [`cluster ${cluster}~2`, "secret ca/default/ca", `endpoint ${cluster}`])
    equal(is.get(key)?.digest, was.get(key)?.digest, key);
  deepEqual(beside.answers(), [`default/shop/0/0 -> ${cluster}`]);
  deepEqual(after.answers(), [`default/shop/0/0 -> ${cluster}~2`]);
  equal(beside.cluster(`${cluster}~2`).edsClusterConfig?.serviceName, cluster);
  cacheAgrees(state, prepared, tried, turned, finished);
});

test("rule SW8: after the turn the old cluster stays as it was until the switch is finished", () => {
  const state = stateOf([...base, policy]);
  const change: ObjectChange = { type: "deleted", ...refOf(policy), source: "cli" };
  const { turned, finished } = phases(state, [change]);
  const [before, after, done] = [state, turned, finished].map((one) => byKey(new Translated(one).parts()));
  for (const key of [`cluster ${cluster}`, "secret ca/default/ca"])
    equal(after?.get(key)?.digest, before?.get(key)?.digest, key);
  deepEqual(
    [...(done?.keys() ?? [])].filter((key) => /cluster|secret/.test(key)),
    [`cluster ${cluster}~2`],
  );
});

test("rule SW9: while they are tried routes name the aggregate of the new and the old one, and try again", () => {
  const state = stateOf(base);
  const { tried, turned } = phases(state, changesTo(state, [policy]));
  const translated = new Translated(tried);
  deepEqual(translated.answers(), [`default/shop/0/0 -> ${cluster}~2/trial`]);
  const aggregate = translated.cluster(`${cluster}~2/trial`);
  const config = aggregate.clusterType?.typedConfig;
  assert(config !== undefined, "an aggregate");
  deepEqual(unpackAnyAs("envoy.extensions.clusters.aggregate.v3.ClusterConfig", config)?.clusters, [
    `${cluster}~2`,
    cluster,
  ]);
  const [route] = translated.routes();
  const { retryOn, numRetries, retryPriority } = route?.route?.retryPolicy ?? {};
  deepEqual(
    [retryOn, numRetries?.value, retryPriority?.name],
    ["connect-failure", 1, "envoy.retry_priorities.previous_priorities"],
  );
  equal(new Translated(turned).routes()[0]?.route?.retryPolicy, undefined);
  const snapshot = snapshotOf([...translated.parts()], 1);
  deepEqual(danglingReferences(snapshot), []);
});

test("rule SW9: where TLS is taken away what is safe to repeat is tried again after a reset, too", () => {
  const state = stateOf([...base, policy]);
  const { tried } = phases(state, [{ type: "deleted", ...refOf(policy), source: "cli" }]);
  const { retryOn, retriableRequestHeaders } = new Translated(tried).routes()[0]?.route?.retryPolicy ?? {};
  deepEqual(
    [retryOn, retriableRequestHeaders?.map(({ stringMatch }) => stringMatch?.exact)],
    ["connect-failure,reset", ["GET", "HEAD", "OPTIONS"]],
  );
});

test("rule SW9: a rule's own retries stay, with one more try", () => {
  const retrying = httpRoute("shop", {
    rules: [rule("/", [{ name: "a", port: 80 }], { retry: { attempts: 3, codes: [503] } })],
  });
  const state = stateOf([...base, retrying]);
  const { tried } = phases(state, changesTo(state, [policy]));
  const { retryOn, numRetries } = new Translated(tried).routes()[0]?.route?.retryPolicy ?? {};
  match(retryOn ?? "", /^connect-failure,.*retriable-status-codes$/);
  equal(numRetries?.value, 4);
});

test("rule SW9: a cluster in HTTP/2 is tried in HTTP/2", () => {
  const grpc = grpcRoute("echo", { rules: [grpcRule({ service: "s" }, [{ name: "a", port: 80 }])] });
  const state = stateOf([...base, grpc]);
  const { tried } = phases(state, changesTo(state, [policy]));
  const options = (name: string) => {
    const { typedExtensionProtocolOptions } = new Translated(tried).cluster(name);
    return codec("envoy.config.cluster.v3.Cluster").encode({ typedExtensionProtocolOptions });
  };
  ok(options(`${cluster}/h2`).length > 0);
  deepEqual(options(`${cluster}/h2~2/trial`), options(`${cluster}/h2`));
});

test("rule SW10: a new cluster that speaks in other options is prepared and not tried", () => {
  const spec = { endpoints: [{ ip: { address: "127.0.0.1", port: 1 } }] };
  const route = httpRoute("b", {
    rules: [rule("/b", [{ group: "gateway.envoyproxy.io", kind: "Backend", name: "b" }])],
  });
  const state = stateOf([...base, backend("b", spec), route]);
  const tls = { insecureSkipVerify: true };
  const { clusters } = planned(state, changesTo(state, [backend("b", { ...spec, tls })]));
  deepEqual(clusters, [
    { name: "backend/default/b", generationBefore: 1, generation: 2, tried: false, cleared: false },
  ]);
});

test("rule SW6: a cluster that is new is prepared under its own name", () => {
  const state = stateOf([...base, service("c")]);
  const changes = changesTo(state, [httpRoute("shop", { rules: [rule("/", [{ name: "c", port: 80 }])] })]);
  const { prepared, turned } = phases(state, changes);
  deepEqual(planned(state, changes).clusters, [
    { name: "service/default/c/80", generationBefore: 0, generation: 1, tried: false, cleared: false },
  ]);
  ok(new Translated(prepared).names("cluster").includes("service/default/c/80"));
  deepEqual(new Translated(turned).answers(), ["default/shop/0/0 -> service/default/c/80"]);
  ok(!new Translated(turned).names("cluster").includes("service/default/a/80"));
  cacheAgrees(state, prepared, turned);
});

test("rule SW4: the next switch of a cluster gets a name that nothing had", () => {
  const state = stateOf(base);
  const { prepared } = phases(state, changesTo(state, [policy]));
  const back = fold(prepared, {
    type: "switchReverted",
    prepared: prepared.revision,
    reason: "",
    changes: [],
  });
  const [again] = planned(back, changesTo(back, [policy])).clusters;
  deepEqual([again?.generationBefore, again?.generation], [1, 3]);
  const { finished } = phases(back, changesTo(back, [policy]));
  deepEqual(new Translated(finished).names("cluster"), [`${cluster}~3`]);
  const { finished: plainAgain } = phases(finished, [{ type: "deleted", ...refOf(policy), source: "cli" }]);
  deepEqual(new Translated(plainAgain).names("cluster"), [`${cluster}~4`]);
});

test("rule SW20: what changes no cluster needs no preparing, and what would not work is refused", () => {
  const state = stateOf(base);
  const moved = httpRoute("shop", { rules: [rule("/x", [{ name: "a", port: 80 }])] });
  equal(planSwitch(state, changesTo(state, [moved])).outcome, "nothing");
  const wrong = tlsPolicy("p", ["a"], {
    caCertificateRefs: [{ group: "", kind: "ConfigMap", name: "gone" }],
  });
  const refused = planSwitch(state, changesTo(state, [wrong]));
  assert(refused.outcome === "refused", "a refusal");
  match(refused.message, /would not work any more: .*gone/);
});

test("rule SW5: a certificate that a cluster has is not changed in place", () => {
  const state = stateOf([...base, policy]);
  const refused = planSwitch(state, changesTo(state, [configMap("ca", { "ca.crt": p384.certificate })]));
  assert(refused.outcome === "refused", "a refusal");
  match(refused.message, /ca\/default\/ca in place/);
});

test("rule SW21: a switch of more than 500 clusters is refused", () => {
  const names = Array.from({ length: 501 }, (_, index) => `s${index}`);
  const routes = Array.from({ length: 32 }, (_, route) =>
    httpRoute(`r${route}`, {
      rules: names.slice(route * 16, route * 16 + 16).map((name) => rule(`/${name}`, [{ name, port: 80 }])),
    }),
  );
  const policies = Array.from({ length: 32 }, (_, one) =>
    tlsPolicy(`p${one}`, names.slice(one * 16, one * 16 + 16)),
  );
  const state = stateOf([
    gatewayClass,
    gateway([http("http", 8080)]),
    ca,
    ...routes,
    ...names.map((name) => service(name)),
  ]);
  const refused = planSwitch(state, changesTo(state, policies));
  assert(refused.outcome === "refused", "a refusal");
  equal(refused.message, "the switch changes 501 clusters, expected at most 500");
  equal(planSwitch(state, changesTo(state, policies.slice(0, 31))).outcome, "planned");
});
