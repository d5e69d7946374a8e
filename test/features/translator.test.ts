import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { CommitReader, configKinds, MemoryEventLog, MemoryStorage, xdsKinds } from "@routeledger/event-log";
import { silentLogger } from "@routeledger/service-kit";
import { systemClock, toHex } from "@routeledger/std";
import {
  type CrashPoint,
  checkReplay,
  crashPoints,
  readPublished,
  startTranslator,
  type Translator,
} from "@routeledger/translator";
import { decodePublication, encodePublishedCheckpoints } from "@routeledger/xds-model";
import fc from "fast-check";
import { ConfigAuthor } from "./translator/config-author.ts";
import { endpointSlice, gateway, gatewayClass, route, service } from "./translator/sample-objects.ts";

/** One CONFIG and one XDS log, and any number of processes on them, one after another or at once. */
class World {
  readonly #config = new MemoryStorage("config-1");
  readonly #xds = new MemoryStorage("xds-1");
  readonly author = new ConfigAuthor(this.open().config);

  open(): { config: MemoryEventLog; xds: MemoryEventLog } {
    return { config: new MemoryEventLog("CONFIG", this.#config), xds: new MemoryEventLog("XDS", this.#xds) };
  }

  async start(options: { name?: string; checkpointEveryRevisions?: number } = {}): Promise<Translator> {
    return startTranslator({ ...this.#options(options), logs: this.open() });
  }

  /** Starts a translator that is killed where it passes a point for the `nth` time. Resolves when it is dead. */
  async runUntil(
    point: CrashPoint,
    nth: number,
    options: { checkpointEveryRevisions?: number } = {},
  ): Promise<void> {
    const logs = this.open();
    const dead = Promise.withResolvers<void>();
    let passed = 0;
    const crashPoint = async (at: CrashPoint): Promise<void> => {
      if (at !== point || ++passed < nth) return;
      await Promise.all([logs.config.close(), logs.xds.close()]);
      dead.resolve();
      await new Promise(() => {});
    };
    void startTranslator({ ...this.#options(options), logs, crashPoint }).then(
      ({ ended }) => ended.catch(() => {}),
      () => {},
    );
    await dead.promise;
  }

  /** All that is published, as checkpoints: equal where what is served is equal. */
  async published(): Promise<Record<string, string>> {
    const { published } = await readPublished(this.open().xds);
    return Object.fromEntries(
      [...encodePublishedCheckpoints(published)].map(([subject, bytes]) => [subject, toHex(bytes)]),
    );
  }

  async caughtUp(translator: Translator): Promise<void> {
    const { config } = this.open();
    for (;;) {
      const { lastSequence } = await config.info();
      if (translator.publishedTo.sequence >= lastSequence) return;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #options({
    name = "t1",
    checkpointEveryRevisions = 1000,
  }: {
    name?: string;
    checkpointEveryRevisions?: number;
  }) {
    const common = { clock: systemClock, randomBytes, logger: silentLogger };
    return { ...common, name, retireGraceMs: 60_000, checkpointEveryRevisions };
  }
}

const shop = [service("shop"), endpointSlice("shop", "10.0.0.1"), route("shop", "shop.example", "shop")];

async function assertReplays(world: World): Promise<void> {
  const { differences, compared, otherVersions, to } = await checkReplay(world.open());
  deepEqual(differences, []);
  deepEqual(otherVersions, []);
  ok(compared > 0 && to > 0);
}

test("what CONFIG says is published: listeners, routes, clusters, endpoints and statuses", async () => {
  const world = new World();
  await world.author.apply(gatewayClass, gateway, ...shop);
  const translator = await world.start();
  await world.caughtUp(translator);
  const { published } = await readPublished(world.open().xds);
  const types = published.snapshots.get("default/web")?.types;
  deepEqual([...(types?.listener.resources.keys() ?? [])], ["tcp/0.0.0.0/8080"]);
  deepEqual([...(types?.cluster.resources.keys() ?? [])], ["service/default/shop/80"]);
  deepEqual([...(types?.endpoint.resources.keys() ?? [])], ["service/default/shop/80"]);
  ok(published.statuses.has("gateway.networking.k8s.io/HTTPRoute/default/shop"));
  await translator.stop();
  await assertReplays(world);
});

test("every CONFIG revision is covered once, in order, whatever it changed", async () => {
  const world = new World();
  const translator = await world.start({ checkpointEveryRevisions: 5 });
  await world.author.apply(gatewayClass, gateway);
  for (let count = 0; count < 12; count++)
    await world.author.apply(...shop, endpointSlice("shop", `10.0.0.${count}`));
  await world.caughtUp(translator);
  await translator.stop();
  let covered = 0;
  const { xds } = world.open();
  const reader = new CommitReader(xds, { from: undefined, kinds: xdsKinds });
  for await (const item of reader.read({ until: (await xds.info()).lastSequence })) {
    if (item.type !== "commit" || item.commit.kind !== "Publication") continue;
    const { from, to } = decodePublication(item.commit.payload);
    equal(from, covered + 1);
    covered = to;
  }
  ok(covered >= translator.publishedTo.sequence);
  await assertReplays(world);
});

test("P2: killed at each named point of its loop, the next translator goes on to the same bytes", async (t) => {
  for (const point of crashPoints) {
    await t.test(point, async () => {
      const world = new World();
      await world.author.apply(gatewayClass, gateway, ...shop);
      const options = { checkpointEveryRevisions: 2 };
      let alive = true;
      const dead = world.runUntil(point, 1, options).then(() => {
        alive = false;
      });
      for (let count = 0; alive; count++) {
        await world.author.apply(route(`r${count % 5}`, `h${count}.example`, "shop"));
        await new Promise((resolve) => setImmediate(resolve));
      }
      await dead;
      await world.author.delete(route("r0", "x", "shop"));
      const next = await world.start(options);
      await world.caughtUp(next);
      await next.stop();
      await assertReplays(world);
    });
  }
});

test("P2: any history, killed anywhere and any number of times, replays to the same bytes", async () => {
  const step = fc.oneof(
    fc.record({ type: fc.constant("apply" as const), route: fc.nat(3), host: fc.nat(2), backend: fc.nat(2) }),
    fc.record({ type: fc.constant("delete" as const), route: fc.nat(3) }),
    fc.record({ type: fc.constant("endpoints" as const), last: fc.nat(3) }),
    fc.record({
      type: fc.constant("kill" as const),
      point: fc.constantFrom(...crashPoints),
      nth: fc.integer({ min: 1, max: 2 }),
    }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 14 }),
      fc.integer({ min: 1, max: 6 }),
      async (steps, every) => {
        const world = new World();
        const options = { checkpointEveryRevisions: every };
        await world.author.apply(gatewayClass, gateway, ...shop);
        let dying: Promise<void> | undefined;
        for (const one of steps) {
          if (one.type === "kill") {
            dying ??= world.runUntil(one.point, one.nth, options);
            await Promise.race([dying, new Promise((resolve) => setImmediate(resolve))]);
          } else if (one.type === "delete") await world.author.delete(route(`r${one.route}`, "x", "shop"));
          else if (one.type === "endpoints")
            await world.author.apply(endpointSlice("shop", `10.0.0.${one.last}`));
          else await world.author.apply(route(`r${one.route}`, `h${one.host}.example`, `b${one.backend}`));
        }
        const next = await world.start({ ...options, name: "t2" });
        await world.caughtUp(next);
        const live = await world.published();
        await next.stop();
        deepEqual(await world.published(), live);
        await assertReplays(world);
      },
    ),
    { numRuns: 40 },
  );
});

test("P8: a translator of a lower term ends when it finds a higher one, and what it wrote late is ignored", async () => {
  const world = new World();
  await world.author.apply(gatewayClass, gateway);
  const first = await world.start({ name: "first" });
  const ended = rejects(first.ended, { code: "translator.deposed" });
  const second = await world.start({ name: "second" });
  await world.author.apply(...shop);
  await ended;
  await world.caughtUp(second);
  await second.stop();
  await assertReplays(world);
});

test("a start without news publishes nothing but the term", async () => {
  const world = new World();
  await world.author.apply(gatewayClass, gateway, ...shop);
  const first = await world.start();
  await world.caughtUp(first);
  await first.stop();
  const before = await world.published();
  const second = await world.start();
  await world.caughtUp(second);
  await second.stop();
  const { xds, config } = world.open();
  const deltas: number[] = [];
  for await (const item of new CommitReader(xds, { from: undefined, kinds: xdsKinds }).read({
    until: (await xds.info()).lastSequence,
  })) {
    if (item.type === "commit" && item.commit.kind === "Publication")
      deltas.push(decodePublication(item.commit.payload).deltas.length);
  }
  equal(deltas.at(-1), 0);
  deepEqual(Object.keys(before), Object.keys(await world.published()));
  const kinds: string[] = [];
  for await (const item of new CommitReader(config, { from: undefined, kinds: configKinds }).read({
    until: (await config.info()).lastSequence,
  })) {
    if (item.type === "commit") kinds.push(item.commit.kind);
  }
  deepEqual(kinds, ["ChangeSet", "TermStarted", "TranslatorActivated", "TermStarted"]);
});
