import type { Clock } from "@routeledger/std";
import type { EncodedResponse } from "./encode-response.ts";
import type { OutgoingResponse } from "./write-shared.ts";

export interface ResponseWriterOptions {
  readonly call: { write(response: OutgoingResponse, taken: () => void): unknown };
  readonly clock: Clock;
  readonly writeTimeoutMs: number;
  /** The client has taken nothing for that long. Called once at most. */
  readonly onStuck: () => void;
}

/** Writes the responses of one stream, one at a time, and watches that the client takes them (rule 68). */
export class ResponseWriter {
  readonly #options: ResponseWriterOptions;
  #taken = 0;
  #cancel: () => void = () => undefined;

  constructor(options: ResponseWriterOptions) {
    this.#options = options;
  }

  /** Whether the transport has taken a response, all of it. */
  get hasWritten(): boolean {
    return this.#taken > 0;
  }

  /** @param taken the transport has taken all of it; only then the next may be written */
  write(response: EncodedResponse, taken: () => void): void {
    this.#watch();
    this.#options.call.write({ ...response, onProgress: () => this.#watch() }, () => {
      this.#cancel();
      this.#taken++;
      taken();
    });
  }

  /** Watches no more. Idempotent. */
  stop(): void {
    this.#cancel();
  }

  #watch(): void {
    const { clock, writeTimeoutMs, onStuck } = this.#options;
    this.#cancel();
    this.#cancel = clock.after(writeTimeoutMs, onStuck);
  }
}
