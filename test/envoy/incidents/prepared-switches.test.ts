/** Prepared switches against real Envoys, one of each protocol and version, under constant load: no request fails. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { test } from "node:test";
import { policy } from "./flip-objects.ts";
import { type SwitchStory, SwitchWorld, withHostname } from "./switch-world.ts";

const switches = Number(process.env.PREPARED_SWITCHES ?? 3);
/** Switches in which something goes wrong, of each kind. */
const troubled = Math.ceil(switches / 15);

const done = ["SwitchPrepared", "SwitchTried", "SwitchTurned", "SwitchFinished"];

test(`a prepared switch loses no request: ${switches} of them under load, in delta and SotW`, async (t) => {
  const world = await SwitchWorld.start(t);
  const { cluster } = world;

  await t.test("rules SW14 to SW16: a BackendTLSPolicy is applied, changed and deleted", async (t) => {
    const started = performance.now();
    for (let index = 0; index < switches; index++) {
      const [change, transport] = (
        [
          [{ apply: policy }, "TLSv1.3 abc.example.com"],
          [{ apply: withHostname("shop.wild.example.com") }, "TLSv1.3 shop.wild.example.com"],
          [{ remove: policy }, "plain"],
        ] as const
      )[index % 3]!;
      const story = await world.switched(change);
      deepEqual(kinds(story), done, told(story));
      deepEqual(world.transports(), [transport]);
      await world.checkAll();
    }
    const seconds = (performance.now() - started) / 1_000;
    t.diagnostic(`${switches} switches in ${seconds.toFixed(1)} s, ${world.answered} requests answered`);
  });

  await t.test("rule SW15: a transport that cannot connect goes back", async (t) => {
    for (let index = 0; index < troubled; index++) {
      const before = world.transports();
      const story = await world.switched({ apply: withHostname(`nobody-${index}.invalid`) });
      t.diagnostic(told(story));
      deepEqual(kinds(story), ["SwitchPrepared", "SwitchTried", "SwitchReverted"], told(story));
      match(
        story.steps.at(-1)?.summary ?? "",
        /no request got a connection to service\/default\/flipped\/443~/,
      );
      deepEqual(world.transports(), before);
      await world.checkAll();
    }
  });

  await t.test("rule SW9: TLS is taken away from a backend that takes nothing else", async (t) => {
    for (let index = 0; index < troubled; index++) {
      await world.switched(next());
      world.backend.takesPlain = false;
      const story = await world.switched({ remove: policy });
      t.diagnostic(told(story));
      deepEqual(kinds(story), ["SwitchPrepared", "SwitchTried", "SwitchReverted"], told(story));
      match(world.transports().join(), /^TLSv1.3 [^,]*$/);
      await world.checkAll();
      world.backend.takesPlain = true;
    }
  });

  await t.test("rule SW11: a proxy that is killed meanwhile holds nothing up", async (t) => {
    for (let index = 0; index < troubled; index++) {
      const killed = await cluster.envoy("delta", "1.36.4");
      const story = await world.switched(next(), { during: () => killed.stop() });
      t.diagnostic(told(story));
      deepEqual(kinds(story), done, told(story));
      await world.checkAll();
    }
  });

  await t.test("P4: an edge is killed meanwhile: it goes on at the other one, or goes back", async (t) => {
    for (let index = 0; index < troubled; index++) {
      const edge = await world.busiestEdge();
      const change = index % 2 === 0 ? next() : { apply: withHostname(`nobody-${index}.invalid`) };
      const story = await world.switched(change, { during: () => edge.kill() });
      t.diagnostic(told(story));
      // A wrong one always goes back; a good one where reports, or proxies, are late.
      if (index % 2 === 1) equal(story.phase, "reverted", told(story));
      await world.checkAll();
      await edge.start();
    }
  });

  await t.test("rule SW2: the api that began it is killed meanwhile: the other one goes on", async (t) => {
    for (let index = 0; index < troubled; index++) {
      const [api] = cluster.apis;
      ok(api !== undefined);
      const story = await world.switched(next(), { during: () => api.kill() });
      t.diagnostic(told(story));
      deepEqual(kinds(story), done, told(story));
      await api.start();
      await world.checkAll();
    }
  });

  await t.test("P2: the logs replay to the same bytes, and both stores hold the same", async (t) => {
    equal((await world.ask("GET", "/v1/switch")).switch, null);
    const { compared } = await cluster.checkReplay();
    t.diagnostic(`${compared} publications are what they would be again`);
    ok(compared > 3 * switches);
    await cluster.published();
    const [one, other] = await cluster.storeDigests();
    equal(one, other);
  });
});

let names = 0;

/** Something to switch to that was never there, and that the backend's certificate has. */
function next() {
  return { apply: withHostname(`shop-${++names}.wild.example.com`) };
}

function kinds({ steps }: SwitchStory): string[] {
  return steps.map(({ kind }) => kind);
}

function told({ steps }: SwitchStory): string {
  return steps.map(({ summary }) => summary).join("; ");
}
