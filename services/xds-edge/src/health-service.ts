import { type ServerUnaryCall, type ServerWritableStream, type sendUnaryData, status } from "@grpc/grpc-js";
import { type DecodedTypes, enumValues, type MessageTypes } from "@routeledger/protos";

type Request = DecodedTypes["grpc.health.v1.HealthCheckRequest"];
type Response = MessageTypes["grpc.health.v1.HealthCheckResponse"];
type WatchCall = ServerWritableStream<Request, Response>;

const statuses = enumValues("grpc.health.v1.HealthCheckResponse.ServingStatus");

/** Watches that may be open at once; more get RESOURCE_EXHAUSTED. */
const watchesMax = 1_000;

/**
 * grpc.health.v1: NOT_SERVING until it is told otherwise, of the server (no name) and of each of its services alike.
 */
export class HealthService {
  readonly #services: ReadonlySet<string>;
  readonly #watches = new Set<{ readonly call: WatchCall; readonly isKnown: boolean }>();
  #serving = false;
  #ended = false;

  /** @param services full names */
  constructor(services: readonly string[]) {
    this.#services = new Set(["", ...services]);
  }

  get handlers() {
    return {
      Check: (call: ServerUnaryCall<Request, Response>, answer: sendUnaryData<Response>) => {
        const { service } = call.request;
        if (this.#services.has(service)) answer(null, { status: this.#status() });
        else answer({ code: status.NOT_FOUND, details: `no service ${service}` });
      },
      Watch: (call: WatchCall) => this.#watch(call),
    };
  }

  /** Tells all that watch. Idempotent. */
  set(serving: boolean): void {
    if (serving === this.#serving) return;
    this.#serving = serving;
    for (const watch of this.#watches) this.#tell(watch);
  }

  /** Says NOT_SERVING, and ends the watches: they ask another server. */
  end(): void {
    this.set(false);
    this.#ended = true;
    for (const { call } of this.#watches) call.emit("error", ending);
  }

  #watch(call: WatchCall): void {
    call.on("error", () => undefined);
    if (this.#ended) {
      call.emit("error", ending);
      return;
    }
    if (this.#watches.size >= watchesMax) {
      call.emit("error", { code: status.RESOURCE_EXHAUSTED, details: `more than ${watchesMax} watches` });
      return;
    }
    const watch = { call, isKnown: this.#services.has(call.request.service) };
    this.#watches.add(watch);
    call.on("close", () => this.#watches.delete(watch));
    call.on("cancelled", () => this.#watches.delete(watch));
    this.#tell(watch);
  }

  #tell({ call, isKnown }: { readonly call: WatchCall; readonly isKnown: boolean }): void {
    call.write({ status: isKnown ? this.#status() : statuses.SERVICE_UNKNOWN });
  }

  #status(): number {
    return this.#serving ? statuses.SERVING : statuses.NOT_SERVING;
  }
}

const ending = { code: status.UNAVAILABLE, details: "the edge stops" };
