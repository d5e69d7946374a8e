import assert from "node:assert/strict";
import { test } from "node:test";
import { translatorCrashPoints } from "@routeledger/translator";
import { Cluster } from "../cluster/cluster.ts";
import { ConstantEdits } from "../cluster/constant-edits.ts";
import { seededRandom } from "./seeded-random.ts";

const kills = Number(process.env.TRANSLATOR_KILLS ?? 20);
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);

/** Passed once at a start; the others are passed again and again. */
const startPoints = new Set(["recovered", "term-in-config", "term-started", "activated"].map(inTranslator));
/** Passed only by one that has others beside it, is stopped, purges, or is new: the tests of the loop hold them. */
const elsewhere = new Set(["deposed", "resigned", "purged", "activated"].map(inTranslator));

/** A kill at random comes within this time after the translator leads, milliseconds. */
const randomKillMaxMs = 400;

/** From a leader's end until revisions are published again, milliseconds; with room for a busy machine. */
const inOrderWithinMs = 2_000;
const silentWithinMs = 5_000;

function inTranslator(point: string): string {
  return `translator.${point}`;
}

test(`P1, P2, P8: translators that are killed at every point and at random, ${kills} times, publish every revision once, SEED=${seed}`, async (t) => {
  t.diagnostic(`SEED=${seed} TRANSLATOR_KILLS=${kills}`);
  const random = seededRandom(seed);
  // Checkpoints come so often that their points are passed soon; nothing is purged, so that all can be replayed.
  const args = ["--checkpoint-every-revisions", "40", "--takeover-after-ms", "500"];
  const cluster = await Cluster.start(t, {
    ...{ natsServers: 1, apis: 2, translators: 2, edges: 0 },
    translatorArgs: args,
  });
  const edits = new ConstantEdits(cluster.apiUrls);
  t.after(() => edits.stop().catch(() => undefined));
  const points = translatorCrashPoints.filter((point) => !elsewhere.has(point));

  for (let kill = 0; kill < kills; kill++) {
    const victim = cluster.translators[kill % 2]!;
    const other = cluster.translators[(kill + 1) % 2]!;
    const point = points[Math.floor(kill / 2) % points.length]!;
    const passes = startPoints.has(point) ? 1 : 1 + Math.floor(random() * 3);
    const crashAt = kill % 2 === 0 ? `${point}:${passes}` : undefined;
    if (victim.running) await victim.kill();
    if (crashAt === undefined) {
      await victim.start();
      await other.kill();
      while ((await victim.readiness())?.role !== "leading") assert.ok(victim.running, victim.output);
      await new Promise((resolve) => setTimeout(resolve, random() * randomKillMaxMs));
      await victim.kill();
    } else {
      victim.spawn({ ROUTELEDGER_CRASH_AT: crashAt });
      await other.kill();
      await victim.process.ended();
      assert.equal(victim.process.child.signalCode, "SIGKILL", `${crashAt}:\n${victim.output.slice(-4_000)}`);
    }
    await other.start();
    await edits.nextAcknowledged();
  }

  await edits.stop();
  for (const translator of cluster.translators) if (!translator.running) await translator.start();
  const leader = await cluster.leader();
  await cluster.published();
  const { compared, to } = await cluster.checkReplay();
  t.diagnostic(
    `${edits.editor.acknowledged} edits, ${compared} revisions up to ${to} compared, ${leader.name} leads`,
  );
  assert.ok(compared > 0 && to > edits.editor.acknowledged);
  const [first, second] = await cluster.storeDigests();
  assert.equal(second, first);
});

test("P8: a leader that stops in order is followed at once, a frozen one within 5 s, and stands by when it goes on", async (t) => {
  const cluster = await Cluster.start(t, { natsServers: 1, apis: 1, translators: 3, edges: 0 });
  const edits = new ConstantEdits(cluster.apiUrls);
  t.after(() => edits.stop().catch(() => undefined));
  const first = await cluster.leader();
  const rest = cluster.translators.filter((translator) => translator !== first);

  const stopped = performance.now();
  assert.equal(await first.stop(), 0);
  const second = await cluster.leader();
  await edits.nextAcknowledged();
  await cluster.published();
  t.diagnostic(`stopped in order: published again after ${(performance.now() - stopped).toFixed(0)} ms`);
  assert.ok(performance.now() - stopped < inOrderWithinMs);

  const frozen = performance.now();
  second.process.child.kill("SIGSTOP");
  const third = rest.find((translator) => translator !== second)!;
  while ((await third.readiness())?.role !== "leading") assert.ok(third.running, third.output);
  await edits.nextAcknowledged();
  await cluster.published();
  t.diagnostic(`frozen: published again after ${(performance.now() - frozen).toFixed(0)} ms`);
  assert.ok(performance.now() - frozen < silentWithinMs);

  second.process.child.kill("SIGCONT");
  while ((await second.readiness())?.role !== "standby") assert.ok(second.running, second.output);
  await edits.nextAcknowledged();
  await edits.stop();
  await cluster.published();
  assert.equal(await cluster.leader(), third);
  const { compared } = await cluster.checkReplay();
  assert.ok(
    compared >= edits.editor.acknowledged,
    `${compared} revisions of ${edits.editor.acknowledged} edits`,
  );
});
