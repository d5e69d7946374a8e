import type { EchoRequest, EchoResponse } from "./echo-answer.ts";

/** `/retry/...?uuid=U&succeedAfter=N[&responseCode=503][&delayRetry=1s]` fails N times for a uuid, then it echoes. */
export class RetrySimulation {
  /** By uuid: how often it failed. Lives as long as the run. */
  readonly #failures = new Map<string, number>();

  /** Answers the request when its turn is to fail; false: it is to be echoed. */
  fails({ searchParams }: URL, request: EchoRequest, response: EchoResponse): boolean {
    const uuid = searchParams.get("uuid") ?? "";
    const succeedAfter = Number(searchParams.get("succeedAfter") ?? Number.NaN);
    if (uuid === "" || Number.isNaN(succeedAfter)) {
      response.statusCode = 400;
      response.end();
      return true;
    }
    const failures = this.#failures.get(uuid) ?? 0;
    if (failures >= succeedAfter) return false;
    this.#failures.set(uuid, failures + 1);
    const code = Number(searchParams.get("responseCode") ?? 0);
    setTimeout(() => fail(request, response, code), parseDelayMs(searchParams.get("delayRetry")));
    return true;
  }
}

/** A code is answered; without one the connection is reset. */
function fail(request: EchoRequest, response: EchoResponse, code: number): void {
  if (code === 0 && "resetAndDestroy" in request.socket) {
    request.socket.resetAndDestroy();
    return;
  }
  response.statusCode = code === 0 ? 500 : code;
  response.end();
}

/** `300ms` or `1.5s`; anything else is no delay. */
export function parseDelayMs(delay: string | null): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s)$/.exec(delay ?? "");
  return match === null ? 0 : Number(match[1]) * (match[2] === "s" ? 1000 : 1);
}
