import { deepEqual, equal, match, ok } from "node:assert/strict";
import { test } from "node:test";
import { Metrics } from "@routeledger/service-kit";
import { endpointSlice, gateway, gatewayClass, route, service } from "./translator/sample-objects.ts";
import { SignalBus } from "./translator/signal-bus.ts";
import {
  type TranslatorProcess,
  TranslatorWorld,
  turn,
  type WorldOptions,
} from "./translator/translator-world.ts";

const shop = [service("shop"), endpointSlice("shop", "10.0.0.1"), route("shop", "shop.example", "shop")];

async function worldOf(count: number, options: WorldOptions = {}): Promise<TranslatorWorld> {
  const world = new TranslatorWorld(options);
  await world.author.apply(gatewayClass, gateway, ...shop);
  for (let index = 0; index < count; index++) await world.add();
  return world;
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const started = performance.now();
  while (!holds()) {
    await turn();
    ok(performance.now() - started < 30_000, what);
  }
}

/** The others of a leader. */
function standbysOf(world: TranslatorWorld, leader: TranslatorProcess): TranslatorProcess[] {
  return world.processes.filter((process) => process !== leader && process.alive);
}

test("a standby leads when it has heard no leader for takeoverAfterMs, and of three one does", async () => {
  const world = await worldOf(3);
  const leader = await world.settled();
  deepEqual(
    standbysOf(world, leader).map(({ translator }) => translator.role),
    ["standby", "standby"],
  );
  ok(leader.translator.term >= 1);
  equal(leader.translator.behind, 0);
  await world.author.apply(route("r1", "one.example", "shop"));
  equal(await world.settled(), leader);
  await world.stop();
  await world.assertReplays();
});

test("a leader that is killed is replaced by a standby, which goes on to the same bytes", async () => {
  const world = await worldOf(2);
  const first = await world.settled();
  await first.kill();
  await world.author.apply(route("r1", "one.example", "shop"));
  const second = await world.settled();
  ok(second !== first);
  ok(second.translator.term > first.translator.term);
  await world.stop();
  await world.assertReplays();
});

test("a leader that is stopped says so, and a standby leads long before it would have missed it", async () => {
  const world = await worldOf(2, { takeoverAfterMs: 20_000, announceEveryMs: 1_000 });
  world.bus.forge({ kind: "resigns", term: 1, name: "none" });
  const first = await world.settled();
  const second = standbysOf(world, first)[0]!;
  const started = performance.now();
  await first.stop();
  await until("the standby leads", () => second.translator.role === "leading");
  ok(performance.now() - started < 10_000);
  deepEqual(world.bus.said.filter(({ kind, name }) => kind === "resigns" && name === first.name).length, 1);
  await world.stop();
  await world.assertReplays();
});

test("P8: a leader that was frozen is deposed when it goes on, stands by in its process, and leads again later", async () => {
  const world = await worldOf(2);
  const first = await world.settled();
  const frozen = first.freezeAt("folded");
  await world.author.apply(route("r1", "one.example", "shop"));
  await frozen;
  const second = standbysOf(world, first)[0]!;
  await until("the standby leads", () => second.translator.role === "leading");
  await world.author.apply(route("r2", "two.example", "shop"));
  first.thaw();
  await until("the first stands by", () => first.translator.role === "standby");
  equal(await world.settled(), second);
  equal(first.failure, undefined);
  await second.kill();
  await world.author.apply(route("r3", "three.example", "shop"));
  equal(await world.settled(), first);
  await world.stop();
  await world.assertReplays();
});

for (const where of ["before", "after"] as const) {
  test(`P8: a publication that hangs ${where} it is stored does not keep a standby from leading`, async () => {
    const world = await worldOf(2);
    const first = await world.settled();
    const gate = first.xdsGate.hold(where);
    await world.author.apply(route("r1", "one.example", "shop"));
    await gate.reached;
    const second = standbysOf(world, first)[0]!;
    // It can still speak, but has nothing to say: its loop does not move.
    await until("the standby leads", () => second.translator.role === "leading");
    await world.author.apply(route("r2", "two.example", "shop"));
    gate.open();
    await until("the first stands by", () => first.translator.role === "standby");
    equal(await world.settled(), second);
    await world.stop();
    await world.assertReplays();
  });
}

test("two that try at once end with one leader, and stay so", async () => {
  const world = new TranslatorWorld();
  await world.author.apply(gatewayClass, gateway, ...shop);
  const held: Promise<void>[] = [];
  const both = [await world.add((one) => held.push(one.freezeAt("recovered")))];
  both.push(await world.add((one) => held.push(one.freezeAt("recovered"))));
  await Promise.all(held);
  for (const one of both) one.thaw();
  const leader = await world.settled();
  const { term } = leader.translator;
  ok(term <= 2, `a term of at most 2, got ${term}`);
  for (let count = 0; count < 20; count++) {
    await world.author.apply(route("r1", `h${count}.example`, "shop"));
    await world.settled();
  }
  await world.stop();
  await world.assertReplays();
});

test("of standbys that hear a leader resign, one leads and none takes the lead from it", async () => {
  for (let round = 0; round < 5; round++) {
    const world = await worldOf(4, { takeoverAfterMs: 10_000, announceEveryMs: 50 });
    world.bus.forge({ kind: "resigns", term: 1, name: "none" });
    const first = await world.settled();
    const { term, publishedTo } = first.translator;
    await until("all stand by warm", () =>
      standbysOf(world, first).every((one) => one.translator.publishedTo.sequence >= publishedTo.sequence),
    );
    await first.stop();
    const second = await world.settled();
    await world.author.apply(route("r1", "one.example", "shop"));
    equal(await world.settled(), second);
    equal(second.translator.term, term + 1);
    await world.stop();
  }
});

test("storage that is out of reach ends no translator: the leader leads again when it is back", async () => {
  const world = await worldOf(1);
  const leader = await world.settled();
  leader.xds.beginOutage();
  await world.author.apply(route("r1", "one.example", "shop"));
  await until("it stands by", () => leader.translator.role === "standby");
  leader.config.beginOutage();
  leader.xds.mend();
  leader.config.mend();
  equal(await world.settled(), leader);
  leader.config.beginOutage();
  await world.author.apply(route("r2", "two.example", "shop"));
  leader.config.mend();
  equal(await world.settled(), leader);
  equal(leader.failure, undefined);
  await world.stop();
  await world.assertReplays();
});

test("a leader that alone cannot reach the logs is replaced, and yields when it reaches them again", async () => {
  const world = await worldOf(2);
  const first = await world.settled();
  first.config.beginOutage();
  first.xds.beginOutage();
  await world.author.apply(route("r1", "one.example", "shop"));
  const second = standbysOf(world, first)[0]!;
  await until("the standby leads", () => second.translator.role === "leading");
  first.config.mend();
  first.xds.mend();
  equal(await world.settled(), second);
  await world.stop();
  await world.assertReplays();
});

test("leaders that cannot be heard depose each other ever more seldom", async () => {
  const takeoverAfterMs = 30;
  const world = new TranslatorWorld({ takeoverAfterMs, announceEveryMs: 5 }, new SignalBus(() => "lost"));
  await world.author.apply(gatewayClass, gateway, ...shop);
  await world.add();
  await world.add();
  const begun: number[] = [];
  await until("eight terms", () => {
    const term = Math.max(...world.processes.map(({ translator }) => translator.term));
    if (term > begun.length) begun.push(performance.now());
    return begun.length === 8;
  });
  const lasted = begun.slice(1).map((at, index) => at - begun[index]!);
  const longest = Math.max(...lasted.slice(-3));
  ok(longest >= 4 * takeoverAfterMs, `later terms to last longer, got ${lasted.join(", ")} ms`);
  await world.stop();
  await world.assertReplays();
});

test("an outage ends no translator that is alone either", async () => {
  const world = new TranslatorWorld({ takeoverAfterMs: 20_000 });
  await world.author.apply(gatewayClass, gateway, ...shop);
  const only = await world.add((process) => process.goAlone());
  await world.settled();
  only.xds.beginOutage();
  await world.author.apply(route("r1", "one.example", "shop"));
  await until("it stands by", () => only.translator.role === "standby");
  only.xds.mend();
  equal(await world.settled(), only);
  await world.stop();
  await world.assertReplays();
});

test("metrics say who leads, in which term, and how far it is", async () => {
  const metrics = new Metrics();
  const world = await worldOf(1, { metrics });
  const leader = await world.settled();
  const text = await metrics.text();
  match(text, new RegExp(`^routeledger_translator_term ${leader.translator.term}$`, "m"));
  match(text, /^routeledger_translator_leads 1$/m);
  match(text, /^routeledger_translator_behind_messages 0$/m);
  match(text, /^routeledger_translator_publications_total [1-9]/m);
  await world.stop();
  match(await metrics.text(), /^routeledger_translator_leads 0$/m);
});

test("forged signals change the leader at most, never what is published", async () => {
  const world = await worldOf(2);
  await world.settled();
  for (let count = 0; count < 5; count++) {
    world.bus.forge({ kind: "resigns", term: 50 + count, name: "mallory" });
    world.bus.forge({ kind: "leads", term: 1, name: "mallory" });
    world.bus.forge({ kind: "leads", term: Number.NaN, name: "mallory" });
    await world.author.apply(route("r1", `h${count}.example`, "shop"));
  }
  world.bus.forge({ kind: "leads", term: Number.MAX_SAFE_INTEGER, name: "mallory" });
  await world.settled();
  await world.stop();
  await world.assertReplays();
});

test("what an operator must mend ends a translator: a log that was made again", async () => {
  const world = await worldOf(1);
  const leader = await world.settled();
  world.configStorage.identity = "config-2";
  leader.config.beginOutage();
  leader.config.mend();
  await until("it ends", () => leader.failure !== undefined);
  equal((leader.failure as { code?: string }).code, "log.recreated");
});
