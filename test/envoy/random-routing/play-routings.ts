/** Which random states are played on which Envoys, and what a failure says. */
import fc from "fast-check";
import type { Variant } from "../edge/envoy-world.ts";
import { type RandomHistory, type RandomState, randomHistory } from "./random-state.ts";
import { type Disagreement, type RoutingWorld, slots } from "./routing-world.ts";

export interface Routings {
  /** How many histories, of two states each. */
  readonly routings: number;
  /** Of the first batch; each batch has the next one. */
  readonly seed: number;
}

/** Histories on each Envoy. `make soak` raises it. */
const routings = Number(process.env.ROUTINGS ?? 100);
/** `any`: another one each time. */
const seedText = process.env.ROUTING_SEED ?? "20261121";
const seed = seedText === "any" ? Math.floor(Math.random() * 2 ** 31) : Number(seedText);

/** Both protocols, and the oldest and the newest Envoy. */
export const routingVariants: readonly (Routings & { readonly variant: Variant })[] = (
  [
    { version: "1.40.0", protocol: "delta" },
    { version: "1.36.4", protocol: "sotw" },
  ] as const
).map((variant) => ({ variant, routings, seed }));

/** How long an answer may stay another one than expected, milliseconds: until Envoy's workers have a batch. */
const patienceMs = 2_000;
/** The same while the smallest states are looked for. */
const shrinkPatienceMs = 300;
const shrinkingMs = 40_000;

/** Plays all histories; what to say of the first that is not answered as it should be, made small. */
export async function failureOf(
  world: RoutingWorld,
  { routings: count, seed: first }: Routings,
): Promise<string | undefined> {
  for (let played = 0; played < count; played += slots) {
    const batch = { seed: first + played / slots, numRuns: Math.min(slots, count - played) };
    const histories = fc.sample(randomHistory, batch);
    const found = await playTogether(world, histories);
    if (found === undefined) continue;
    const slot = found.slot ?? (await slotAtFault(world, histories));
    const small = slot === undefined ? undefined : await smallest(world, slot, batch.seed);
    return small === undefined
      ? `ROUTING_SEED=${first} ROUTINGS=${played + slots}: only after what came before, state ${slot}\n${found.text}`
      : `ROUTING_SEED=${batch.seed} ROUTINGS=${slots}: state ${slot}, made smaller\n${small}`;
  }
  return undefined;
}

/** All first states, then all second ones. */
async function playTogether(
  world: RoutingWorld,
  histories: readonly RandomHistory[],
): Promise<Disagreement | undefined> {
  for (const step of steps) {
    const states = histories.map((history, slot) => [slot, history[step]] as const);
    const [found] = await world.play(states, { patienceMs, follow: true });
    if (found !== undefined) return found;
  }
  return undefined;
}

const steps = [0, 1] as const;

async function playAlone(
  world: RoutingWorld,
  slot: number,
  history: RandomHistory,
): Promise<string | undefined> {
  for (const step of steps) {
    const [found] = await world.play([[slot, history[step]]], {
      patienceMs: shrinkPatienceMs,
      follow: step > 0,
    });
    if (found !== undefined) return textOf(history.slice(0, step + 1), found);
  }
  return undefined;
}

/** Of which history it is that Envoy rejects something, or waits in vain. */
async function slotAtFault(
  world: RoutingWorld,
  histories: readonly RandomHistory[],
): Promise<number | undefined> {
  for (const [slot, [before, after]] of histories.entries()) {
    const silent: RandomHistory = [
      { ...before, requests: [] },
      { ...after, requests: [] },
    ];
    if ((await playAlone(world, slot, silent)) !== undefined) return slot;
  }
  return undefined;
}

async function smallest(world: RoutingWorld, slot: number, batchSeed: number): Promise<string | undefined> {
  let text: string | undefined;
  const property = fc.asyncProperty(randomHistory, async (history) => {
    const found = await playAlone(world, slot, history);
    if (found === undefined) return;
    text = found;
    throw new Error(found);
  });
  await fc.check(property, {
    seed: batchSeed,
    path: String(slot),
    numRuns: 1,
    interruptAfterTimeLimit: shrinkingMs,
  });
  return text;
}

/** The disagreement, and the objects of the states that led to it. */
function textOf(states: readonly RandomState[], { text }: Disagreement): string {
  const shown = states.map(({ objects, missing }) =>
    [`without ${missing.join(", ") || "nothing"}`, ...objects.map((object) => JSON.stringify(object))].join(
      "\n",
    ),
  );
  return `${text}\n${shown.join("\nthen\n")}`;
}
