/** Story 2 with hooks that change listeners, as in the report, with real Envoys: a listener always names its route tables. */
import { equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { hosts } from "./recovery-objects.ts";
import { RecoveryWorld } from "./recovery-world.ts";

const [first, second] = hosts;
/** What a connection gets that asks for a host without a filter chain. */
const unknownHost = "failed: ECONNRESET";
/** From when the server is sound again to the end of the last error, milliseconds; nobody changes anything. */
const aloneWithinMs = 10_000;

test("story 2, rule 43: a listener whose hook fails closed answers 500, names its tables all the time, and recovers by itself", async (t) => {
  const hooks = { hooks: ["HTTPListener"], isNamed: false, isNewcomers: true } as const;
  const world = await RecoveryWorld.start(t, { ...hooks, failureMode: "failClosed" });
  const { extension } = world;
  let count = 0;
  for (const mode of ["refusing", "stuck", "garbled"] as const) {
    await extension.become(mode);
    await world.setHosts([...hosts, `more-${++count}.example`]);
    await world.until("500");
    await checkTables(world);
    await drained(world);
    await world.editRoute(first, count);
    await extension.become("healthy");
    const fromMs = performance.now();
    await world.until("200");
    const tookMs = world.lastErrorMs(fromMs);
    t.diagnostic(`${mode}: good again after ${tookMs.toFixed(0)} ms`);
    ok(tookMs < aloneWithinMs, `within ${aloneWithinMs} ms, got ${tookMs}`);
    await checkTables(world);
    world.checkAnswers("200", "500");
    await world.checkEnvoys();
  }
  await t.test(
    "a host goes during a failure, with its table, and comes back: it has its routes at once",
    async (t) => {
      await extension.become("refusing");
      await world.setHosts([first]);
      await world.until("500", { host: first });
      await world.until(unknownHost, { host: second });
      await drained(world);
      await extension.become("healthy");
      await world.until("200", { host: first });
      const fromMs = performance.now();
      await world.setHosts(hosts);
      await world.until("200");
      t.diagnostic(`back after ${world.lastErrorMs(fromMs).toFixed(0)} ms`);
      world.checkAnswers("200", "500", unknownHost);
      await world.checkEnvoys();
    },
  );
});

test("story 2: where a hook about everything fails closed, what changed since its last answer answers 500, and only that", async (t) => {
  const hooks = { hooks: ["Translation"], isNamed: false } as const;
  const world = await RecoveryWorld.start(t, { ...hooks, failureMode: "failClosed" });
  const { extension } = world;
  await extension.become("refusing");
  await world.editRoute(first, 1);
  await world.until("500", { host: first });
  equal(world.lastErrorMs(0, { host: second }), 0);
  await extension.become("healthy");
  const fromMs = performance.now();
  await world.until("200");
  const tookMs = world.lastErrorMs(fromMs);
  t.diagnostic(`good again after ${tookMs.toFixed(0)} ms`);
  ok(tookMs < aloneWithinMs, `within ${aloneWithinMs} ms, got ${tookMs}`);
  world.checkAnswers("200", "500");
  await world.checkEnvoys();
  equal(await world.replacedListeners(), 0);
});

/** Resolves when no old filter chain is left, and nobody holds on to a table but listeners that name it. */
async function drained({ envoys }: RecoveryWorld): Promise<void> {
  const stat = "listener_manager.total_filter_chains_draining";
  for (const envoy of envoys)
    await envoy.until("end of the drain", async () => (await envoy.stat(stat)) === 0);
}

/** Every connection manager of every listener takes its routes over RDS. */
async function checkTables({ envoys }: RecoveryWorld): Promise<void> {
  for (const envoy of envoys) {
    const dump = await envoy.ask("/config_dump?resource=dynamic_listeners");
    ok(dump.includes('"rds"'), "a listener that names its table");
    ok(!dump.includes('"route_config":'), "no listener with a table of its own");
  }
}
