import type { Resource, ResourceType } from "@routeledger/xds-model";
import type { Mux, Watch } from "./mux.ts";
import type { Timer, VirtualClock } from "./virtual-clock.ts";

export type Failure = "rejected" | "timeout";

export interface SubscriptionOptions {
  readonly mux: Mux;
  readonly clock: VirtualClock;
  readonly type: ResourceType;
  readonly name: string;
  /** `initial_fetch_timeout`, milliseconds; 0: for ever. */
  readonly fetchTimeoutMs: number;
  /** Undefined: the server says that it does not exist. */
  readonly update: (resource: Resource | undefined) => void;
  readonly failed: (failure: Failure) => void;
}

/** One watch of one name, and the time that its first answer may take (`GrpcSubscriptionImpl`). */
export class Subscription {
  readonly #options: SubscriptionOptions;
  #watch: Watch | undefined;
  #timer: Timer | undefined;

  constructor(options: SubscriptionOptions) {
    this.#options = options;
  }

  start(): void {
    const { mux, clock, type, name, fetchTimeoutMs, update, failed } = this.#options;
    if (fetchTimeoutMs > 0) this.#timer = clock.after(fetchTimeoutMs, () => failed("timeout"));
    this.#watch = mux.watch(type, name, {
      update: ([resource]) => {
        this.#timer?.cancel();
        update(resource);
      },
      rejected: () => {
        this.#timer?.cancel();
        failed("rejected");
      },
    });
  }

  /** Idempotent; what was never started is not watched. */
  end(): void {
    this.#timer?.cancel();
    this.#watch?.end();
  }
}
