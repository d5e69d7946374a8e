import { durationOfMs, type envoy, packAny } from "@routeledger/protos";
import type { JsonValue } from "@routeledger/std";
import type { Trial } from "../backends/upstream.ts";
import { type Problem, unsupported } from "../problem.ts";
import { integerOf, listOf, objectOf, shown, textOf } from "../untrusted.ts";
import { durationMaxMs, parseDuration } from "./duration-text.ts";

/** The `retry` of a rule, checked. */
export interface Retry {
  /** Tries after the first, 1 to `attemptsMax`. */
  readonly attempts: number;
  /** Status codes that are tried again, ascending; connection errors always are. */
  readonly codes: readonly number[];
  /** Undefined leaves Envoy's: 25 ms, growing to 250 ms. */
  readonly backoffMs: number | undefined;
}

/** What a rule may ask for; more is refused. */
const attemptsMax = 100;

/** Tries after the first where a rule does not say. */
const defaultAttempts = 1;

/** Codes of a rule that are looked at: more than there are to retry. */
const codesMax = 200;

/** A growing backoff ends at this multiple of the first. */
const backoffGrowth = 10;

/** Tries of other endpoints that a retry makes before it takes one that already failed. */
const hostAttempts = 5;

const previousHosts = "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate";

const previousPriorities = "envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig";

export function parseRetry(field: string, written: JsonValue | undefined): Retry | undefined | Problem {
  if (written === undefined || written === null) return undefined;
  const { attempts = null, codes = null, backoff = null } = objectOf(written);
  const count = attempts === null ? defaultAttempts : integerOf(attempts);
  if (count === undefined || count < 1 || count > attemptsMax) {
    return unsupported(`${field}.attempts: ${shown(attempts)} is not between 1 and ${attemptsMax}`);
  }
  const parsed = listOf(codes).slice(0, codesMax);
  const wrong = parsed.find((code) => !isRetriable(integerOf(code)));
  if (wrong !== undefined) return unsupported(`${field}.codes: ${shown(wrong)} is not between 400 and 599`);
  const backoffMs = backoff === null ? undefined : parseDuration(textOf(backoff) ?? "");
  if (backoff !== null && backoffMs === undefined)
    return unsupported(`${field}.backoff: ${shown(backoff)} is no duration`);
  const unique = [...new Set(parsed.map(Number))];
  return { attempts: count, codes: unique.sort((a, b) => a - b), backoffMs };
}

function isRetriable(code: number | undefined): boolean {
  return code !== undefined && code >= 400 && code <= 599;
}

/**
 * Rules G82, G83: connection errors, resets and a try's time limit, and of answers only the codes that are listed. A
 * retry goes to another endpoint where there is one.
 * @param perTryMs limit of one try; zero is none (G80)
 */
export function envoyRetry(
  { attempts, codes, backoffMs }: Retry,
  perTryMs: number,
): envoy.config.route.v3.RetryPolicy {
  const errors = ["connect-failure", "refused-stream", "reset"];
  return {
    retryOn: [...errors, ...(codes.length === 0 ? [] : ["retriable-status-codes"])].join(","),
    numRetries: { value: attempts },
    ...(perTryMs === 0 ? {} : { perTryTimeout: durationOfMs(perTryMs) }),
    retriableStatusCodes: codes,
    ...(backoffMs === undefined ? {} : { retryBackOff: envoyBackoff(backoffMs) }),
    retryHostPredicate: [
      { name: "envoy.retry_host_predicates.previous_hosts", typedConfig: packAny(previousHosts, {}) },
    ],
    hostSelectionRetryMaxAttempts: hostAttempts,
  };
}

/**
 * Adds one more try, at the old generation of a cluster, for what could not connect to the one that is tried (SW9). Nothing of
 * such a request was sent. A backend that takes TLS only hangs up on what comes in clear when it has the request: then
 * requests that are safe to repeat are.
 * @param asked what the rule asks for
 */
export function withTrial(
  asked: envoy.config.route.v3.RetryPolicy | undefined,
  trials: readonly Trial[],
): envoy.config.route.v3.RetryPolicy {
  const own = trials.some(({ cleared }) => cleared)
    ? { retryOn: "connect-failure,reset", retriableRequestHeaders: safeMethods }
    : { retryOn: "connect-failure" };
  return {
    ...(asked ?? { ...own, retryBackOff: envoyBackoff(0) }),
    numRetries: { value: (asked?.numRetries?.value ?? 0) + 1 },
    retryPriority: {
      name: "envoy.retry_priorities.previous_priorities",
      typedConfig: packAny(previousPriorities, { updateFrequency: 1 }),
    },
  };
}

const safeMethods = ["GET", "HEAD", "OPTIONS"].map((exact) => ({
  name: ":method",
  stringMatch: { exact },
}));

/** Envoy refuses a backoff of zero. */
function envoyBackoff(backoffMs: number): envoy.config.route.v3.RetryPolicy.RetryBackOff {
  const baseMs = Math.max(backoffMs, 1);
  const maxMs = Math.min(baseMs * backoffGrowth, durationMaxMs);
  return { baseInterval: durationOfMs(baseMs), maxInterval: durationOfMs(maxMs) };
}

/** The longest time that a rule's tries can take, in ms, when each has a limit. */
export function longestMs({ attempts, backoffMs = 25 }: Retry, perTryMs: number): number {
  return Math.min((attempts + 1) * perTryMs + attempts * backoffMs * backoffGrowth, durationMaxMs);
}
