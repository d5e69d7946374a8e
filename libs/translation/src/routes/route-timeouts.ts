import { durationOfMs, type envoy } from "@routeledger/protos";
import type { JsonObject } from "@routeledger/std";
import { Problem, unsupported } from "../problem.ts";
import { objectOf, shown, textOf } from "../untrusted.ts";
import { parseDuration } from "./duration-text.ts";
import { longestMs, type Retry } from "./retry.ts";

/** Time limits of a rule. Zero is none. */
export interface RouteTimeouts {
  /** Of the whole request, all its tries together. */
  readonly requestMs: number;
  /** Of one of several tries. */
  readonly perTryMs: number;
  /** Undefined leaves the connection manager's. */
  readonly idleMs: number | undefined;
}

/** `stream_idle_timeout` of every HTTP connection manager. */
export const streamIdleTimeoutMs = 300_000;

/**
 * The time limits that a rule asks for. A rule without any has none but the idle limit: Envoy's 15 s for an absent
 * field surprise, so the field is always written (G80).
 */
export function parseTimeouts(
  field: string,
  written: JsonObject[string] | undefined,
  retry: Retry | undefined,
): RouteTimeouts | Problem {
  const { request = null, backendRequest = null } = objectOf(written);
  const requestMs = parse(`${field}.request`, request);
  if (requestMs instanceof Problem) return requestMs;
  const backendMs = parse(`${field}.backendRequest`, backendRequest);
  if (backendMs instanceof Problem) return backendMs;
  const disabled = requestMs === 0;
  if (retry !== undefined) {
    const totalMs = requestMs ?? 0;
    const perTryMs = backendMs ?? 0;
    // Between the tries nothing is sent: all of them are idle time to the client's stream.
    const longest = totalMs > 0 || perTryMs === 0 ? totalMs : longestMs(retry, perTryMs);
    return { requestMs: totalMs, perTryMs, idleMs: idleFor(longest, disabled) };
  }
  // Without retries the one try is the whole request (G79).
  const limits = [requestMs, backendMs].filter((limit) => limit !== undefined && limit > 0) as number[];
  const totalMs = limits.length === 0 ? 0 : Math.min(...limits);
  return { requestMs: totalMs, perTryMs: 0, idleMs: idleFor(totalMs, disabled) };
}

/** Rule G81: the idle limit of the connection manager may not cut before the request's own. */
function idleFor(totalMs: number, disabled: boolean): number | undefined {
  if (totalMs > streamIdleTimeoutMs) return totalMs;
  return totalMs === 0 && disabled ? 0 : undefined;
}

function parse(field: string, value: JsonObject[string]): number | undefined | Problem {
  if (value === null || value === undefined) return undefined;
  const ms = parseDuration(textOf(value) ?? "");
  return ms === undefined ? unsupported(`${field}: ${shown(value)} is no duration`) : ms;
}

export function envoyTimeouts({
  requestMs,
  idleMs,
}: Pick<RouteTimeouts, "requestMs" | "idleMs">): envoy.config.route.v3.RouteAction {
  return {
    timeout: durationOfMs(requestMs),
    ...(idleMs === undefined ? {} : { idleTimeout: durationOfMs(idleMs) }),
  };
}
