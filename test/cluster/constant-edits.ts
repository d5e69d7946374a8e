import { Editor } from "../faults/edited-route.ts";
import { editOfBoth } from "./cluster-objects.ts";

/** Between two edits, milliseconds: as fast as nobody edits, and slow enough for two cores. */
const paceMs = 20;

/** Edits through one api after the other, whichever answers, until stopped. */
export class ConstantEdits {
  readonly editor = new Editor({ document: editOfBoth, mayBeUnavailable: true });
  readonly #servers: readonly string[];
  readonly #loop: Promise<void>;
  #stopped = false;

  constructor(servers: readonly string[]) {
    this.#servers = servers;
    this.#loop = this.#run();
    this.#loop.catch(() => undefined);
  }

  /** Resolves with the first edit that is acknowledged from now on. @throws what an api refused; Error after 30 s */
  async nextAcknowledged(): Promise<number> {
    const before = this.editor.attempted;
    const deadline = performance.now() + 30_000;
    while (this.editor.acknowledged <= before) {
      if (this.#stopped || performance.now() > deadline) {
        await this.stop();
        throw new Error(`an edit after ${before} that is acknowledged`);
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return this.editor.acknowledged;
  }

  /** @throws what an api refused */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#loop;
  }

  async #run(): Promise<void> {
    try {
      for (let turn = 0; !this.#stopped; turn++) {
        await this.editor.edit(this.#servers[turn % this.#servers.length]!);
        await new Promise((resolve) => setTimeout(resolve, paceMs));
      }
    } finally {
      this.#stopped = true;
    }
  }
}
