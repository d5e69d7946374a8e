/** Which random states are played on which Envoys, and what a failure says. */
import fc from "fast-check";
import type { Variant } from "../edge/envoy-world.ts";
import { type RandomState, randomState } from "./random-state.ts";
import { type Disagreement, type RoutingWorld, slots } from "./routing-world.ts";

export interface Routings {
  /** How many states. */
  readonly routings: number;
  /** Of the first batch; each batch has the next one. */
  readonly seed: number;
}

/** States on each Envoy. `make soak` raises it. */
const routings = Number(process.env.ROUTINGS ?? 200);
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
const together = { patienceMs: 2_000, follow: true };
/** The same while the smallest state is looked for. */
const alone = { patienceMs: 300, follow: false };
const shrinkingMs = 40_000;

/** Plays all states; what to say of the first that is not answered as it should be, made small. */
export async function failureOf(
  world: RoutingWorld,
  { routings: count, seed: first }: Routings,
): Promise<string | undefined> {
  for (let played = 0; played < count; played += slots) {
    const batch = { seed: first + played / slots, numRuns: Math.min(slots, count - played) };
    const states = fc.sample(randomState, batch);
    const [found] = await world.play(
      states.map((state, slot) => [slot, state] as const),
      together,
    );
    if (found === undefined) continue;
    const slot = found.slot ?? (await rejectedSlot(world, states));
    const small = slot === undefined ? undefined : await smallest(world, slot, batch.seed);
    return small === undefined
      ? `ROUTING_SEED=${first} ROUTINGS=${played + slots}: seen only after what came before, state ${slot}\n${found.text}`
      : `ROUTING_SEED=${batch.seed} ROUTINGS=${slots}: state ${slot}, made smaller\n${small}`;
  }
  return undefined;
}

/** Of which state it is that Envoy rejects something, alone. */
async function rejectedSlot(
  world: RoutingWorld,
  states: readonly RandomState[],
): Promise<number | undefined> {
  for (const [slot, state] of states.entries()) {
    const found = await world.play([[slot, { ...state, requests: [] }]], alone);
    if (found.length > 0) return slot;
  }
  return undefined;
}

async function smallest(world: RoutingWorld, slot: number, batchSeed: number): Promise<string | undefined> {
  let text = "";
  const property = fc.asyncProperty(randomState, async (state) => {
    const [found] = await world.play([[slot, state]], alone);
    if (found === undefined) return;
    text = textOf(state, found);
    throw new Error(text);
  });
  const checked = await fc.check(property, {
    seed: batchSeed,
    path: String(slot),
    numRuns: 1,
    interruptAfterTimeLimit: shrinkingMs,
  });
  return checked.failed ? text : undefined;
}

function textOf({ objects }: RandomState, { text }: Disagreement): string {
  return `${text}\n${objects.map((object) => JSON.stringify(object)).join("\n")}`;
}
