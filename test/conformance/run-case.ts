import { fail } from "node:assert/strict";
import { objectKey, refOf } from "@routeledger/config-model";
import { type JsonObject, systemClock } from "@routeledger/std";
import type { ConformanceCase, Step } from "./case.ts";
import { casePlayers, lastSteps } from "./case-players.ts";
import { mutations } from "./mutations.ts";
import type { Player } from "./player.ts";
import { players } from "./players.ts";
import type { RunningSystem } from "./system-under-test.ts";

/** How long a step may be wrong, as in the official suite, and how often it is looked at, milliseconds. */
const stepTimeoutMs = 30_000;
const lookEveryMs = 25;

/** Applies a case's objects, plays its steps and deletes what was applied; throws where a step is not as expected in time. */
export async function playCase(
  system: RunningSystem,
  of: ConformanceCase,
  objects: readonly JsonObject[],
): Promise<void> {
  /** By key: as they were applied last. */
  const applied = new Map(objects.map((object) => [objectKey(refOf(object)), object]));
  try {
    await system.apply(objects);
    for (const { index, step } of inPlayingOrder(of.steps)) {
      await mutate(system, of, index, applied);
      await untilRight(system, step, of, playerOf(of, step));
    }
    const last = lastSteps[of.name];
    if (last !== undefined) await untilRight(system, last, of, last.play);
  } finally {
    await system.delete([...applied.values()]);
  }
}

function playerOf({ name }: ConformanceCase, { fn }: Step): Player {
  const player = casePlayers[name]?.[fn] ?? players[fn];
  if (player === undefined) throw new Error(`a player of ${fn}`);
  return player;
}

/** The suite begins to look for mirrored requests before it sends the request of the next step. */
function inPlayingOrder(steps: readonly Step[]): { readonly index: number; readonly step: Step }[] {
  const ordered = steps.map((step, index) => ({ index, step }));
  const isEarly = ({ step }: { readonly step: Step }): boolean => step.fn === "http.ExpectMirroredRequest";
  for (let place = 0; place + 1 < ordered.length; place++) {
    const [one, next] = ordered.slice(place, place + 2);
    if (one !== undefined && next !== undefined && isEarly(one) && !isEarly(next)) {
      ordered.splice(place, 2, next, one);
      place++;
    }
  }
  return ordered;
}

async function mutate(
  system: RunningSystem,
  { name, mutations: own = mutations[name] ?? [] }: ConformanceCase,
  step: number,
  applied: Map<string, JsonObject>,
): Promise<void> {
  for (const mutation of own) {
    if (mutation.before !== step) continue;
    const object = [...applied.values()].find(
      (one) => one.kind === mutation.kind && refOf(one).name === mutation.name,
    );
    const changed = mutation.change(object ?? {}, system.suiteObjects);
    if (changed !== undefined) {
      await system.apply([changed]);
      applied.set(objectKey(refOf(changed)), changed);
    } else if (object !== undefined) {
      await system.delete([object]);
    } else {
      throw new Error(`a ${mutation.kind} ${mutation.name} in the manifests of ${name}`);
    }
  }
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
