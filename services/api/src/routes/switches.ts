import { generationName, type OpenSwitch } from "@routeledger/config-model";
import type { SwitchStep } from "@routeledger/snapshot-store";
import { formatRevision } from "@routeledger/std";
import type { FastifyInstance } from "fastify";
import { apiFailure } from "../api-failure.ts";
import { pathText, queryNumber, queryText } from "../http-request.ts";
import { parseMoment } from "../parse-moment.ts";
import { switchEvent } from "../write-switch.ts";
import type { ApiContext } from "./api-context.ts";
import { authorOf } from "./changes.ts";

/** How long an answer about a switch may be held back, milliseconds. */
const waitMax = 60_000;

const ends = { SwitchFinished: "finished", SwitchReverted: "reverted" } as const;
const phases = { SwitchPrepared: "prepared", SwitchTried: "tried", SwitchTurned: "turned", ...ends } as const;

/** `GET /v1/switch`, `GET /v1/switches/:moment`, `POST /v1/switch/revert`. */
export function switchRoutes(server: FastifyInstance, context: ApiContext): void {
  const { door, read, store, clock, stopping, driver } = context;

  server.get("/v1/switch", async () => {
    const { openSwitch: open } = (await door.caughtUp()).state;
    return { switch: open === undefined ? null : openAnswer(open, driver.waitsFor(open)) };
  });

  server.get("/v1/switches/:moment", async (request) => {
    const moment = parseMoment(pathText(request, "moment"));
    const waitMs = queryNumber(request, "waitMs", { otherwise: 0, max: waitMax });
    const known = queryNumber(request, "steps", { otherwise: 0, max: 4 });
    await read.settled([moment]);
    const { sequence } = await read.at(moment);
    const late = new AbortController();
    const cancel = clock.after(waitMs, () => late.abort());
    const signal = AbortSignal.any([late.signal, stopping]);
    try {
      for (;;) {
        const seen = store.config.value;
        const steps = await store.query("switchSteps", { sequence });
        if (steps.length === 0)
          throw apiFailure("notFound", `no switch was prepared at ${formatRevision({ epoch: 1, sequence })}`);
        if (signal.aborted || steps.length > known || isOver(steps)) return storyAnswer(steps);
        await store.config.waitFor(seen + 1, signal);
      }
    } finally {
      cancel();
    }
  });

  server.post("/v1/switch/revert", async (request) => {
    const author = authorOf(request);
    const why = queryText(request, "reason") ?? `${author.actor} said so`;
    const { openSwitch: open } = (await door.caughtUp()).state;
    const commit =
      open &&
      (await door.append((moment) => switchEvent(moment, { open, step: { type: "revert", why }, author })));
    if (commit === undefined)
      throw apiFailure(
        "conflict",
        "no switch is under way, or it took a step just now",
        "routeledger switch",
      );
    return { revision: formatRevision(commit.revision), time: new Date(commit.timeMs).toISOString() };
  });

  /** What became of a switch, and what it waits for. */
  function storyAnswer(steps: readonly SwitchStep[]) {
    const open = door.state.openSwitch;
    const [first] = steps;
    const isOpen = open !== undefined && open.prepared.sequence === first?.revision.sequence;
    return {
      prepared: first && formatRevision(first.revision),
      phase: phases[steps.at(-1)?.kind as keyof typeof phases],
      steps: steps.map(({ revision, timeMs, kind, summary }) => ({
        ...{ revision: formatRevision(revision), time: new Date(timeMs).toISOString(), kind, summary },
      })),
      ...(isOpen && { waitsFor: driver.waitsFor(open) ?? null }),
    };
  }
}

function isOver(steps: readonly SwitchStep[]): boolean {
  return (steps.at(-1)?.kind ?? "") in ends;
}

/** The open switch. */
export function openAnswer(
  { prepared, phase, plan, stepped, steppedMs, aside }: OpenSwitch,
  waitsFor: string | undefined,
) {
  const { clusters, nodeGroups, deadlineMs, trialMs, watch } = plan;
  return {
    ...{ prepared: formatRevision(prepared), phase, stepped: formatRevision(stepped) },
    since: new Date(steppedMs).toISOString(),
    waitsFor: waitsFor ?? null,
    objects: aside.map(({ ref }) => ref),
    clusters: clusters.map(({ name, generation, generationBefore, tried }) => ({
      name: generationName(name, generation),
      replaces: generationBefore === 0 ? null : generationName(name, generationBefore),
      tried,
    })),
    ...{ nodeGroups, deadlineMs, trialMs },
    watch:
      watch === undefined
        ? null
        : { periodMs: watch.periodMs, errorShareMax: watch.errorsPerMillionMax / 1e6 },
  };
}
