import { fail } from "node:assert/strict";
import { refOf } from "@routeledger/config-model";
import { type JsonObject, systemClock } from "@routeledger/std";
import type { ConformanceCase, Step } from "./case.ts";
import { casePlayers, lastSteps } from "./case-players.ts";
import { mutations } from "./mutations.ts";
import { type Player, players } from "./play-step.ts";
import type { RunningSystem } from "./system-under-test.ts";

/** How long a step may be wrong, and how often it is looked at, milliseconds. */
const stepTimeoutMs = 10_000;
const lookEveryMs = 25;

/** Plays one case on objects that are applied already; throws where a step is not as expected in time. */
export async function playCase(
  system: RunningSystem,
  of: ConformanceCase,
  objects: readonly JsonObject[],
): Promise<void> {
  for (const [index, step] of of.steps.entries()) {
    await mutate(system, of, index, objects);
    const player = casePlayers[of.name]?.[step.fn] ?? players[step.fn];
    if (player === undefined) throw new Error(`a player of ${step.fn}`);
    await untilRight(system, step, of, player);
  }
  const last = lastSteps[of.name];
  if (last !== undefined) await untilRight(system, last, of, last.play);
}

async function mutate(
  system: RunningSystem,
  { name }: ConformanceCase,
  step: number,
  objects: readonly JsonObject[],
): Promise<void> {
  const mutation = mutations[name];
  if (mutation?.before !== step) return;
  const object = objects.find((one) => one.kind === mutation.kind && refOf(one).name === mutation.name);
  if (object === undefined)
    throw new Error(`a ${mutation.kind} ${mutation.name} in the manifests of ${name}`);
  const changed = mutation.change(object);
  if (changed === undefined) await system.delete([object]);
  else await system.apply([changed]);
}

/** Looks until nothing is wrong. */
async function untilRight(
  system: RunningSystem,
  step: Step,
  of: ConformanceCase,
  player: Player,
): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + stepTimeoutMs;
  for (;;) {
    const wrong = await player(system, step, of).catch((error: unknown) => [String(error)]);
    if (wrong.length === 0) return;
    if (systemClock.monotonicMs() > deadlineMs) {
      const where = `${of.name}: ${step.sub ?? step.fn}`;
      fail(`${where}\n  ${wrong.join("\n  ")}\n${JSON.stringify(step.args)}\n${system.tell()}`);
    }
    await new Promise<void>((resolve) => systemClock.after(lookEveryMs, resolve));
  }
}
