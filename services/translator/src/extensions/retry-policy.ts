/** How often, and after which pauses, a call is tried again. All bounds are included. */
export interface RetryPolicy {
  /** Tries of one call, the first included; 1 to 5, the bound of gRPC's own retries. */
  readonly maxAttempts: number;
  /** Before the second try, milliseconds; 1 to 60,000. */
  readonly initialBackoffMs: number;
  /** Before any try, milliseconds; 1 to 60,000. */
  readonly maxBackoffMs: number;
  /** 1 to 100. */
  readonly backoffMultiplier: number;
  /** Names of gRPC status codes; others than these end a call at once. */
  readonly retryableStatusCodes: readonly string[];
}

/** How far a pause may be from what the policy says, so that many callers do not come back at the same moment. */
const jitter = 0.2;

/**
 * The pause before the next try, milliseconds: `initialBackoffMs` times `backoffMultiplier` for each failed try after
 * the first, at most `maxBackoffMs`, and a fifth more or less by chance (gRPC proposal A6).
 * @param failedTries at least 1
 * @param random 0 to 1, 1 excluded
 */
export function retryDelayMs(
  policy: Pick<RetryPolicy, "initialBackoffMs" | "maxBackoffMs" | "backoffMultiplier">,
  failedTries: number,
  random: number,
): number {
  const grown = policy.initialBackoffMs * policy.backoffMultiplier ** (failedTries - 1);
  return Math.min(grown, policy.maxBackoffMs) * (1 - jitter + 2 * jitter * random);
}
