import type { AppendOutcome, AppendRequest, EventLog } from "@routeledger/event-log";

/** A log of which appends can be held: before they take effect, or before their writer hears of it. */
export class GatedAppend implements EventLog {
  readonly #log: EventLog;
  #gate: { readonly where: "before" | "after"; readonly opened: Promise<void> } | undefined;
  #reached = Promise.withResolvers<void>();

  constructor(log: EventLog) {
    this.#log = log;
  }

  /** Appends wait from now on, until what is returned is called. */
  hold(where: "before" | "after"): { readonly reached: Promise<void>; readonly open: () => void } {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gate = { where, opened: promise };
    this.#reached = Promise.withResolvers<void>();
    const open = (): void => {
      this.#gate = undefined;
      resolve();
    };
    return { reached: this.#reached.promise, open };
  }

  get name() {
    return this.#log.name;
  }

  async append(request: AppendRequest): Promise<AppendOutcome> {
    if (this.#gate?.where === "before") await this.#wait();
    const outcome = await this.#log.append(request);
    if (this.#gate?.where === "after") await this.#wait();
    return outcome;
  }

  async #wait(): Promise<void> {
    this.#reached.resolve();
    await this.#gate?.opened;
  }

  info() {
    return this.#log.info();
  }
  read(options: Parameters<EventLog["read"]>[0]) {
    return this.#log.read(options);
  }
  at(sequence: number) {
    return this.#log.at(sequence);
  }
  lastOf(subject: string) {
    return this.#log.lastOf(subject);
  }
  purge(before: number) {
    return this.#log.purge(before);
  }
  close() {
    return this.#log.close();
  }
}
