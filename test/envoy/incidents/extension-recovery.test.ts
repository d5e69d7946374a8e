/**
 * Story 2 against real Envoys, one of each protocol: an extension server fails closed and recovers under constant load.
 * `naive-recovery.test.ts` shows what other servers make of it.
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { gateways } from "../../cluster/cluster-objects.ts";
import type { Mode } from "../../features/extensions/switchable-extension.ts";
import { hosts, servedBy } from "./recovery-objects.ts";
import { RecoveryWorld } from "./recovery-world.ts";

const [first, second] = hosts;
/** From a change to the end of the last error, milliseconds. */
const changedWithinMs = 2_000;
/** The same where nobody changes anything, from when the server is sound again: it is asked again after a while. */
const aloneWithinMs = 10_000;

const failures: readonly Mode[] = ["refusing", "stuck", "absent", "garbled", "renaming", "huge"];

test("story 2: an extension server fails closed and recovers under load, in delta and SotW", async (t) => {
  const world = await RecoveryWorld.start(t, { hooks: ["Route"], failureMode: "failClosed" });
  const { cluster, extension } = world;
  let value = 0;
  /** Both routes are other ones now, and what was answered about them before says nothing of them. */
  const fail = async (mode: Mode): Promise<void> => {
    await extension.become(mode);
    await world.apply(servedBy(`value-${++value}`));
    await world.until("500");
  };
  const healed = async (t: TestContext, what: string, withinMs: number): Promise<void> => {
    await extension.become("healthy");
    const fromMs = performance.now();
    await world.until("200");
    const tookMs = world.lastErrorMs(fromMs);
    t.diagnostic(`${what}: good again after ${tookMs.toFixed(0)} ms`);
    ok(tookMs < withinMs, `within ${withinMs} ms, got ${tookMs}`);
    await check(world);
  };

  await t.test("the five steps of the report, and no host is without its routes at the end", async (t) => {
    await extension.become("refusing");
    await world.editRoute(first, 1);
    await world.until("500", { host: first });
    // What is answered about the other route is in the log.
    equal(world.lastErrorMs(0, { host: second }), 0);
    await world.apply(servedBy("green"));
    await world.until("500");
    await extension.become("healthy");
    const fromMs = performance.now();
    await world.editRoute(first, 2);
    await world.until("200");
    for (const host of hosts) {
      const tookMs = world.lastErrorMs(fromMs, { host });
      t.diagnostic(`${host}: good again after ${tookMs.toFixed(0)} ms`);
      ok(tookMs < (host === first ? changedWithinMs : aloneWithinMs), `${host} at once, got ${tookMs}`);
    }
    await check(world);
    deepEqual(
      await world.said(),
      gateways.flatMap(() => ["green 2", "green 0"]),
    );
  });

  for (const mode of failures) {
    await t.test(
      `a server that was ${mode} is sound again: its routes are, and nobody touched anything`,
      async (t) => {
        await fail(mode);
        await healed(t, mode, aloneWithinMs);
      },
    );
  }

  await t.test("a server that answers every other time gets there, and nobody touched anything", async () => {
    await extension.become("flapping");
    await world.apply(servedBy("flapping"));
    await world.untilServedBy("flapping");
    await world.until("200");
    await check(world);
  });

  await t.test("within the deadline a slow server costs nobody anything", async () => {
    await extension.become("slow");
    const fromMs = performance.now();
    await world.apply(servedBy("slow"));
    await world.untilServedBy("slow");
    equal(world.lastErrorMs(fromMs), 0);
  });

  for (const [failureMode, stale] of [
    ["keepLast", "slow"],
    ["failOpen", "undefined"],
  ] as const) {
    await t.test(
      `${failureMode} answers all the time, and the server's answers come by themselves`,
      async () => {
        await extension.become("refusing");
        const fromMs = performance.now();
        await world.setFailureMode(failureMode);
        await world.apply(servedBy(failureMode));
        await world.editRoute(first, 3);
        await world.untilFailing();
        await world.untilServedBy(stale);
        await extension.become("healthy");
        await world.untilServedBy(failureMode);
        equal(world.lastErrorMs(fromMs), 0);
      },
    );
  }
  await world.setFailureMode("failClosed");

  await t.test("the translator that leads and an edge are killed between failure and recovery", async (t) => {
    await fail("refusing");
    await (await cluster.leader()).kill();
    await cluster.edges[0]?.kill();
    await cluster.leader();
    await world.until("500");
    await healed(t, "another translator", aloneWithinMs);
    for (const service of [...cluster.translators, ...cluster.edges])
      if (!service.running) await service.start();
  });

  await t.test(
    "no translator and no edge is left when the server recovers, and then they come back",
    async (t) => {
      await fail("stuck");
      for (const service of [...cluster.translators, ...cluster.edges]) await service.kill();
      await extension.become("healthy");
      await world.until("500");
      await Promise.all([...cluster.translators, ...cluster.edges].map((service) => service.start()));
      await cluster.leader();
      await healed(t, "all processes", aloneWithinMs);
    },
  );

  await t.test(
    "P4: a proxy that comes during the failure has what the others have, and recovers with them",
    async (t) => {
      await fail("refusing");
      await world.startEnvoy("delta", "1.36.4");
      await world.startEnvoy("sotw", "1.36.4");
      await world.until("500");
      await healed(t, "new proxies", aloneWithinMs);
      await fail("absent");
      await healed(t, "new proxies, later", aloneWithinMs);
    },
  );

  await t.test("P2: without an extension server the logs replay to the same bytes", async (t) => {
    await extension.become("absent");
    const calls = extension.called.length;
    await cluster.published();
    const { compared } = await cluster.checkReplay();
    t.diagnostic(`${compared} revisions compared, ${calls} calls`);
    ok(compared > 0);
    equal(extension.called.length, calls);
  });
});

/** Nothing but errors of what the hook governs; no listener waited, or was replaced: it goes on naming its table. */
async function check(world: RecoveryWorld): Promise<void> {
  world.checkAnswers("200", "500");
  await world.checkEnvoys();
  equal(await world.replacedListeners(), 0);
}
