import { ok } from "node:assert/strict";
import { test } from "node:test";
import { type CrashPoint, crashPoints } from "@routeledger/translator";
import fc from "fast-check";
import { endpointSlice, gateway, gatewayClass, route, service } from "./translator/sample-objects.ts";
import { SignalBus, type SignalFate } from "./translator/signal-bus.ts";
import { type TranslatorProcess, TranslatorWorld, turn } from "./translator/translator-world.ts";

/** Histories of one run; `make soak` wants more. */
const histories = Number(process.env.ROUTELEDGER_HISTORIES ?? 200);
const translatorsMax = 3;

type Step =
  | { readonly type: "apply"; readonly route: number; readonly host: number; readonly backend: number }
  | { readonly type: "delete"; readonly route: number }
  | { readonly type: "endpoints"; readonly last: number }
  | { readonly type: "kill" | "stop" | "thaw" | "outage" | "mend"; readonly of: number }
  | { readonly type: "freeze" | "die"; readonly of: number; readonly at: CrashPoint; readonly nth: number }
  | {
      readonly type: "loseReply";
      readonly of: number;
      readonly log: "config" | "xds";
      readonly stored: 0 | 1 | "later";
    }
  | { readonly type: "start" }
  | { readonly type: "resigns"; readonly term: number }
  | { readonly type: "pause"; readonly turns: number };

const of = fc.nat(translatorsMax - 1);
const at = fc.constantFrom(...crashPoints, "purged" as const, "deposed" as const);
const nth = fc.integer({ min: 1, max: 3 });

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ type: fc.constant("apply" as const), route: fc.nat(3), host: fc.nat(2), backend: fc.nat(2) }),
  fc.record({ type: fc.constant("apply" as const), route: fc.nat(3), host: fc.nat(2), backend: fc.nat(2) }),
  fc.record({ type: fc.constant("delete" as const), route: fc.nat(3) }),
  fc.record({ type: fc.constant("endpoints" as const), last: fc.nat(3) }),
  fc.record({ type: fc.constantFrom("kill" as const, "stop" as const, "thaw" as const), of }),
  fc.record({ type: fc.constantFrom("outage" as const, "mend" as const), of }),
  fc.record({ type: fc.constantFrom("freeze" as const, "die" as const), of, at, nth }),
  fc.record({ type: fc.constantFrom("freeze" as const, "die" as const), of, at, nth }),
  fc.record({
    type: fc.constant("loseReply" as const),
    of,
    log: fc.constantFrom("config" as const, "xds" as const),
    stored: fc.constantFrom(0 as const, 1 as const, "later" as const),
  }),
  fc.record({ type: fc.constant("start" as const) }),
  fc.record({ type: fc.constant("resigns" as const), term: fc.integer({ min: 1, max: 9 }) }),
  fc.record({ type: fc.constant("pause" as const), turns: fc.integer({ min: 1, max: 3_000 }) }),
  fc.record({ type: fc.constant("pause" as const), turns: fc.integer({ min: 1, max: 3_000 }) }),
);

const fates = fc.infiniteStream(
  fc.constantFrom<SignalFate>("arrives", "arrives", "arrives", "lost", "twice", "late"),
);

/** One history: what people say, and what befalls the translators, until all is well again. */
class History {
  readonly world: TranslatorWorld;

  constructor(checkpointEveryRevisions: number, retainCheckpoints: number, fate: () => SignalFate) {
    this.world = new TranslatorWorld(
      { checkpointEveryRevisions, retainCheckpoints, takeoverAfterMs: 12, announceEveryMs: 3 },
      new SignalBus(fate),
    );
  }

  async take(one: Step): Promise<void> {
    const { world } = this;
    const { author, processes } = world;
    if (one.type === "apply")
      await author.apply(route(`r${one.route}`, `h${one.host}.example`, `b${one.backend}`));
    else if (one.type === "delete") await author.delete(route(`r${one.route}`, "x", "shop"));
    else if (one.type === "endpoints") await author.apply(endpointSlice("shop", `10.0.0.${one.last}`));
    else if (one.type === "resigns") world.bus.forge({ kind: "resigns", term: one.term, name: "late" });
    else if (one.type === "start") {
      if (processes.filter(({ alive }) => alive).length < translatorsMax) await world.add();
    } else if (one.type === "pause") for (let count = 0; count < one.turns; count++) await turn();
    else {
      const living = processes.filter(({ alive }) => alive);
      const process = living[one.of % Math.max(1, living.length)];
      if (process) await this.#befall(process, one);
    }
  }

  async #befall(process: TranslatorProcess, one: Step): Promise<void> {
    if (one.type === "kill") await process.kill();
    else if (one.type === "stop") {
      process.thaw();
      await process.stop();
    } else if (one.type === "thaw") process.thaw();
    else if (one.type === "outage") {
      process.config.beginOutage();
      process.xds.beginOutage();
    } else if (one.type === "mend") this.#mend(process);
    else if (one.type === "freeze") void process.freezeAt(one.at, one.nth);
    else if (one.type === "die") void process.freezeAt(one.at, one.nth).then(() => process.kill());
    else if (one.type === "loseReply") process[one.log].loseReply({ stored: one.stored });
  }

  #mend(process: TranslatorProcess): void {
    process.config.mend();
    process.xds.mend();
  }

  /** Nobody is frozen or cut off any more, and at least one translator lives. */
  async heal(): Promise<void> {
    for (const process of this.world.processes) {
      this.#mend(process);
      process.thaw();
    }
    if (!this.world.processes.some(({ alive }) => alive)) await this.world.add();
  }
}

/** What happened in all histories together: a run in which it did not proves nothing. */
class Tally {
  purged = 0;
  changedLeader = 0;
  deposed = 0;

  count({ world }: History): void {
    if (world.configStorage.firstSequence > 1 && world.xdsStorage.firstSequence > 1) this.purged++;
    const terms = new Set(world.bus.said.map(({ term }) => term));
    if (terms.size > 1) this.changedLeader++;
    if (world.processes.some(({ passed }) => passed.has("deposed"))) this.deposed++;
  }

  assertSeen(): void {
    const { purged, changedLeader, deposed } = this;
    const seen = JSON.stringify({ purged, changedLeader, deposed });
    ok(Math.min(purged, changedLeader, deposed) >= Math.floor(histories / 20), `each often enough: ${seen}`);
  }
}

test(`P2, P8: any of ${histories} histories of translators that fail publishes each revision once, with the same bytes`, async () => {
  const tally = new Tally();
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 6, maxLength: 24 }),
      fc.integer({ min: 2, max: 6 }),
      fc.integer({ min: 0, max: 2 }),
      fates,
      async (steps, every, retain, fate) => {
        const history = new History(every, retain, () => fate.next().value);
        const { world } = history;
        await world.author.apply(gatewayClass, gateway, service("shop"), endpointSlice("shop", "10.0.0.1"));
        for (let count = 0; count < translatorsMax; count++) await world.add();
        await world.settled();
        for (const one of steps) await history.take(one);
        await history.heal();
        await world.settled();
        for (const { name, failure } of world.processes)
          if (failure !== undefined && !(failure as { code?: string }).code?.endsWith(".closed"))
            throw new Error(`${name} ended`, { cause: failure });
        await world.stop();
        await world.assertReplays();
        tally.count(history);
      },
    ),
    {
      numRuns: histories,
      endOnFailure: true,
      interruptAfterTimeLimit: 120_000,
      markInterruptAsFailure: true,
    },
  );
  tally.assertSeen();
});
