import type { OpenSwitch } from "@routeledger/config-model";
import type { EventLog } from "@routeledger/event-log";
import { keepTrying, type Logger } from "@routeledger/service-kit";
import type { SnapshotStore } from "@routeledger/snapshot-store";
import { type Clock, formatRevision, pause } from "@routeledger/std";
import type { ConfigDoor } from "./config-door.ts";
import { decideStep, type Seen, type SeenGroup, type SeenLoads } from "./decide-step.ts";
import { switchEvent } from "./write-switch.ts";

/** How often an open switch is looked at, milliseconds. */
const lookEveryMs = 100;
/** How long after it left a proxy may be on its way to another edge, milliseconds. */
const comesBackMs = 5_000;
/** How long before a switch the loads of its old clusters are compared with, milliseconds. */
const beforeMs = 60_000;

export interface SwitchDriverOptions {
  /** The actor of the steps. */
  readonly name: string;
  readonly door: ConfigDoor;
  readonly store: SnapshotStore;
  /** What the store must hold before it is asked: what it held before is not what is. */
  readonly deliveryLog: Pick<EventLog, "info">;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Since when every proxy has what a step made, by edges' clocks. */
interface Warmth {
  readonly of: string;
  readonly edgesMs: number;
}

/**
 * Takes the steps of the open switch, in every api process alike. What can happen: a switch opens; what proxies said moves
 * on, or time does, and a step is due; the log cannot be reached, and it is tried again. It remembers nothing but since
 * when proxies are warm, so that after a crash any process goes on.
 */
export class SwitchDriver {
  readonly #options: SwitchDriverOptions;
  #warmth: Warmth | undefined;
  #waitsFor: { readonly of: string; readonly what: string } | undefined;

  constructor(options: SwitchDriverOptions) {
    this.#options = options;
  }

  /** What the step of an open switch waits for, as this process sees it. */
  waitsFor(open: OpenSwitch): string | undefined {
    return this.#waitsFor?.of === keyOf(open) ? this.#waitsFor.what : undefined;
  }

  /** Until the signal. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { door, store, clock, logger } = this.#options;
    if (!(await this.#hasRead(signal))) return;
    while (!signal.aborted) {
      const open = door.state.openSwitch;
      if (open === undefined) {
        await store.config.waitFor(door.state.revision.sequence + 1, signal);
        if (door.state.openSwitch === undefined) await pause(clock, lookEveryMs, signal);
        continue;
      }
      try {
        await this.#look(open);
      } catch (err) {
        if (!signal.aborted) logger.warn({ err }, "a switch could not go on: it is tried again");
      }
      await pause(clock, lookEveryMs, signal);
    }
  }

  /** Whether the store has what the log of deliveries held at the start. */
  async #hasRead(signal: AbortSignal): Promise<boolean> {
    const { store, deliveryLog, clock, logger } = this.#options;
    const isRead = async () => store.deliveries.waitFor((await deliveryLog.info()).lastSequence, signal);
    try {
      return await keepTrying(isRead, { what: "read what happened to proxies", clock, signal, logger });
    } catch (err) {
      if (!signal.aborted) logger.error({ err }, "this process takes no steps of switches");
      return false;
    }
  }

  async #look(open: OpenSwitch): Promise<void> {
    const { door, name } = this.#options;
    const step = decideStep(open, await this.#seen(open));
    if (step.type === "wait") {
      this.#waitsFor = { of: keyOf(open), what: step.what };
      return;
    }
    const author = { actor: name, source: "switch", traceContext: "" };
    await door.append((moment) => switchEvent(moment, { open, step, author }));
  }

  async #seen(open: OpenSwitch): Promise<Seen> {
    const { store, clock } = this.#options;
    const { sequence } = open.stepped;
    const nowMs = clock.wallMs();
    const deliveries = await Promise.all(
      open.plan.nodeGroups.map(async (nodeGroup) => {
        const { proxies } = await store.query("deliveryOf", { sequence, nodeGroup });
        return { nodeGroup, proxies };
      }),
    );
    const all = deliveries.flatMap(({ proxies }) => proxies);
    const isWarm = all.length > 0 && all.every(({ acknowledged }) => acknowledged);
    const ackedMs = Math.max(0, ...all.map((proxy) => proxy.ackedMs));
    if (!isWarm) this.#warmth = undefined;
    else if (this.#warmth?.of !== keyOf(open)) this.#warmth = { of: keyOf(open), edgesMs: ackedMs };
    const groups = await Promise.all(
      deliveries.map(async ({ nodeGroup, proxies }): Promise<SeenGroup> => {
        const gone =
          all.length === 0
            ? await store.query("leftProxies", { nodeGroup, sinceMs: nowMs - comesBackMs })
            : [];
        return {
          ...{ nodeGroup, gone, ...(await this.#loads(open, nodeGroup)) },
          connected: proxies.map(({ node }) => node),
          missing: proxies.filter(({ acknowledged }) => !acknowledged).map(({ node }) => node),
          rejected: proxies.flatMap(({ node, rejected }) =>
            rejected.map(({ type, resource = "", message }) => ({
              ...{ node, message, what: `${type} ${resource}`.trim() },
            })),
          ),
        };
      }),
    );
    const published = store.published.value >= sequence;
    return { nowMs, published, groups };
  }

  async #loads(open: OpenSwitch, nodeGroup: string): Promise<{ since: SeenLoads; before: SeenLoads }> {
    const isJudged = open.phase === "tried" || (open.phase === "turned" && open.plan.watch !== undefined);
    if (!isJudged || this.#warmth === undefined) return { since: noLoads, before: noLoads };
    const ask = async (fromMs: number, untilMs: number): Promise<SeenLoads> => {
      const { proxies, heardMs, clusters } = await this.#options.store.query("clusterLoads", {
        ...{ nodeGroup, fromMs, untilMs },
      });
      return { proxies, heardMs, clusters: new Map(clusters.map((load) => [load.name, load])) };
    };
    const { edgesMs } = this.#warmth;
    const since = await ask(edgesMs, Number.MAX_SAFE_INTEGER);
    return { since, before: await ask(edgesMs - beforeMs, edgesMs) };
  }
}

const noLoads: SeenLoads = { proxies: 0, heardMs: 0, clusters: new Map() };

/** Of one step of one switch. */
function keyOf({ prepared, stepped }: OpenSwitch): string {
  return `${formatRevision(prepared)} ${formatRevision(stepped)}`;
}
