import type { EventLog } from "@routeledger/event-log";
import { type Clock, Failure, pause, type Revision } from "@routeledger/std";
import type { SnapshotStore } from "./store.ts";

/** Appends a StoreConfirmed; resolves when it is stored. */
export type Confirm = (positions: {
  /** 32 hexadecimal digits. */
  readonly storeId: string;
  /** Positions in CONFIG and in XDS that the store holds, and all before them. */
  readonly config: Revision;
  readonly xds: Revision;
}) => Promise<void>;

export interface ConfirmerOptions {
  readonly store: SnapshotStore;
  readonly logs: { readonly config: EventLog; readonly xds: EventLog };
  readonly confirm: Confirm;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly onConfirmFailed?: (error: unknown) => void;
}

const backOffMs = 500;
const backOffMaxMs = 30_000;

/**
 * Confirms what the store holds: when it has projected a Catalog of CONFIG and one of XDS behind those that it last
 * confirmed, and no newer one stands in the logs. One loop; it waits for `look`, and after a failure for its back-off.
 */
export class CatalogConfirmer {
  readonly #options: ConfirmerOptions;
  #looked = Promise.withResolvers<void>();

  constructor(options: ConfirmerOptions) {
    this.#options = options;
    options.signal.addEventListener("abort", () => this.look(), { once: true });
  }

  /** The store has written something. */
  look(): void {
    this.#looked.resolve();
  }

  /** Runs until the signal is aborted. @throws Failure `store.*` */
  async run(): Promise<void> {
    const { signal, clock, onConfirmFailed } = this.#options;
    let wait = backOffMs;
    while (!signal.aborted) {
      this.#looked = Promise.withResolvers();
      try {
        await this.#confirmWhenDue();
        wait = backOffMs;
        if (!signal.aborted) await this.#looked.promise;
      } catch (error) {
        if (error instanceof Failure && error.code.startsWith("store.")) throw error;
        if (!signal.aborted) onConfirmFailed?.(error);
        await pause(clock, wait, signal);
        wait = Math.min(backOffMaxMs, wait * 2);
      }
    }
  }

  async #confirmWhenDue(): Promise<void> {
    const { store, confirm } = this.#options;
    const { storeId, config, xds } = store.record;
    if (config.catalog <= config.confirmed || xds.catalog <= xds.confirmed) return;
    if ((await this.#isBehind("config")) || (await this.#isBehind("xds"))) return;
    const positions = { config: this.#position("CONFIG"), xds: this.#position("XDS") };
    await confirm({ storeId, ...positions });
    await store.putConfirmed({ config: config.catalog, xds: xds.catalog });
  }

  /** A newer Catalog than the store has projected stands in the log. */
  async #isBehind(name: "config" | "xds"): Promise<boolean> {
    const log = this.#options.logs[name];
    const last = await log.lastOf("Catalog");
    return (this.#options.store.cursor(log.name)?.tail.sequence ?? 0) < (last?.sequence ?? 0);
  }

  #position(log: "CONFIG" | "XDS"): Revision {
    const tail = this.#options.store.cursor(log)?.tail;
    return { epoch: tail?.epoch ?? 0, sequence: tail?.sequence ?? 0 };
  }
}
