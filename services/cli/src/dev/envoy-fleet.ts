import { type Clock, compareStrings, type JsonObject, pause } from "@routeledger/std";
import type { Infrastructure } from "@routeledger/translation";
import { endProcess } from "./end-process.ts";
import { EnvoyFolder } from "./envoy-folder.ts";
import { EnvoyProcess } from "./envoy-process.ts";

/** An Envoy that ends is started again after a wait that doubles from the first to the last of these, milliseconds. */
const restartFirstMs = 250;
const restartLastMs = 30_000;

export interface EnvoyFleetOptions {
  readonly dataFolder: string;
  readonly binary: string;
  /** Bootstrap of a Gateway's Envoy. */
  readonly bootstrap: (gateway: EnvoyGateway, nodeId: string, adminPort: number) => JsonObject;
  readonly clock: Clock;
  readonly events: EnvoyFleetEvents;
  /** As in `EnvoyProcessOptions`. */
  readonly onSpawned: () => void;
}

export interface EnvoyFleetEvents {
  starting(gateway: string): void;
  /** The Envoy has its first configuration, or not within 20 s. */
  serving(gateway: string, how: "adopted" | "started" | "replaced", ready: boolean): void;
  failed(gateway: string, message: string): void;
  stopped(gateway: string): void;
}

/** A Gateway that wants an Envoy. */
export interface EnvoyGateway {
  /** namespace/name. */
  readonly gateway: string;
  /** Node metadata that its next Envoy is started with; a living one stays. */
  readonly infrastructure: Infrastructure;
}

interface Keeper {
  readonly envoy: EnvoyProcess;
  readonly stopping: AbortController;
  readonly done: Promise<void>;
}

/** Keeps one Envoy for each Gateway alive. */
export class EnvoyFleet {
  readonly #options: EnvoyFleetOptions;
  readonly #keepers = new Map<string, Keeper>();
  readonly #infrastructure = new Map<string, Infrastructure>();
  #work: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: EnvoyFleetOptions) {
    this.#options = options;
  }

  /**
   * Starts what is missing and stops what is not named, also Envoys of an earlier `dev` that were not adopted yet.
   * Calls are done one after the other.
   */
  follow(gateways: readonly EnvoyGateway[]): Promise<void> {
    return this.#closed ? Promise.resolve() : this.#follow(gateways);
  }

  #follow(wanted: readonly EnvoyGateway[]): Promise<void> {
    for (const { gateway, infrastructure } of wanted) this.#infrastructure.set(gateway, infrastructure);
    const gateways = wanted.map(({ gateway }) => gateway);
    const before = this.#work.catch(() => undefined);
    this.#work = before.then(async () => {
      const gone = [...this.#keepers.keys()].filter((gateway) => !gateways.includes(gateway));
      await Promise.all(gone.map((gateway) => this.#stop(gateway)));
      await this.#stopStrays(gateways);
      for (const gateway of [...gateways].sort(compareStrings)) {
        if (!this.#keepers.has(gateway)) this.#keepers.set(gateway, this.#keep(gateway));
      }
    });
    return this.#work;
  }

  /** Looks after no Envoy any more, and leaves all of them serving. */
  async leave(): Promise<void> {
    this.#closed = true;
    await this.#work.catch(() => undefined);
    for (const { stopping } of this.#keepers.values()) stopping.abort();
    await Promise.all([...this.#keepers.values()].map(({ done }) => done));
  }

  /** Stops all Envoys; what `follow` is told afterwards is ignored. */
  stop(): Promise<void> {
    this.#closed = true;
    return this.#follow([]);
  }

  #keep(gateway: string): Keeper {
    const { dataFolder, binary, bootstrap, clock, onSpawned } = this.#options;
    const nodeId = nodeIdOf(gateway);
    const envoy = new EnvoyProcess({
      dataFolder,
      gateway,
      nodeId,
      binary,
      bootstrap: (adminPort) => {
        const infrastructure = this.#infrastructure.get(gateway) ?? {};
        return bootstrap({ gateway, infrastructure }, nodeId, adminPort);
      },
      clock,
      onSpawned,
    });
    const stopping = new AbortController();
    return { envoy, stopping, done: this.#run(gateway, envoy, stopping.signal) };
  }

  async #run(gateway: string, envoy: EnvoyProcess, signal: AbortSignal): Promise<void> {
    const { clock, events } = this.#options;
    let waitMs = restartFirstMs;
    while (!signal.aborted) {
      events.starting(gateway);
      try {
        const how = await envoy.start();
        const ready = await envoy.ready();
        if (ready) waitMs = restartFirstMs;
        if (!signal.aborted && (ready || (await envoy.isAlive()))) events.serving(gateway, how, ready);
        await envoy.ended(signal);
        if (!signal.aborted) events.failed(gateway, "Envoy ended; it is started again");
      } catch (error) {
        events.failed(gateway, error instanceof Error ? error.message : String(error));
      }
      await pause(clock, waitMs, signal);
      waitMs = Math.min(2 * waitMs, restartLastMs);
    }
  }

  /** An earlier `dev` may have been killed before it stopped the Envoy of a Gateway that went. */
  async #stopStrays(gateways: readonly string[]): Promise<void> {
    const { dataFolder, clock } = this.#options;
    for (const gateway of await EnvoyFolder.gateways(dataFolder)) {
      if (gateways.includes(gateway)) continue;
      const folder = new EnvoyFolder(dataFolder, gateway);
      const pid = await folder.runningPid();
      if (pid === undefined) continue;
      await endProcess(pid, clock);
      await folder.forgetPid();
      this.#options.events.stopped(gateway);
    }
  }

  async #stop(gateway: string): Promise<void> {
    const keeper = this.#keepers.get(gateway);
    if (keeper === undefined) return;
    keeper.stopping.abort();
    await keeper.envoy.stop();
    await keeper.done;
    await keeper.envoy.stop();
    this.#keepers.delete(gateway);
    this.#options.events.stopped(gateway);
  }
}

/** How `dev` calls the Envoy of a Gateway. */
export function nodeIdOf(gateway: string): string {
  const [namespace, name] = gateway.split("/");
  return `dev-${namespace}-${name}`;
}
