/** What bounds an edge, and what happens at each bound. Settings give them; `docs/operations.md` lists them. */
export interface EdgeLimits {
  /** Streams that may be open at once. More are refused, UNAVAILABLE. */
  readonly streamsMax: number;
  /** Streams of one connection. HTTP/2 tells the client, which opens another connection. */
  readonly streamsPerConnectionMax: number;
  /**
   * New streams that are served a second, after a burst of as many. More wait their turn, `newStreamWaitMsMax` at
   * most; those that would wait longer are ended, UNAVAILABLE, and their clients back off (rule 71).
   */
  readonly newStreamsPerSecond: number;
  /**
   * Requests of one stream that are taken a second, after a burst of as many; each 1,000 names count as one more. The
   * edge stops reading such a stream for as long as it is ahead, so the client waits and nothing grows here.
   */
  readonly requestsPerSecond: number;
  /** A client that takes nothing of a response for so long, milliseconds, is ended (rule 68). */
  readonly writeTimeoutMs: number;
  /**
   * Age at which a connection is closed, milliseconds, give or take a tenth, so that proxies spread over edges that
   * came later; 0: never. Each stream has had a response before (rule 64).
   */
  readonly connectionAgeMs: number;
  /** How often a connection is pinged, milliseconds. */
  readonly keepaliveMs: number;
  /** One that does not answer a ping for so long, milliseconds, is closed. */
  readonly keepaliveTimeoutMs: number;
}

export const edgeLimitDefaults: EdgeLimits = {
  streamsMax: 10_000,
  streamsPerConnectionMax: 100,
  newStreamsPerSecond: 1_000,
  requestsPerSecond: 1_000,
  writeTimeoutMs: 30_000,
  connectionAgeMs: 0,
  keepaliveMs: 30_000,
  keepaliveTimeoutMs: 10_000,
};

/** Those that are given; of the others the defaults. */
export function edgeLimitsOf(given: Partial<EdgeLimits>): EdgeLimits {
  const names = Object.keys(edgeLimitDefaults) as (keyof EdgeLimits)[];
  const limits = names.map((name) => [name, given[name] ?? edgeLimitDefaults[name]] as const);
  return Object.fromEntries(limits) as unknown as EdgeLimits;
}
