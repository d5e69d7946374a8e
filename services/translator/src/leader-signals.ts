/** What a leading translator says of itself. */
export interface LeaderSignal {
  /** `leads` is repeated as long as it does; `resigns` is said once, when nothing of the term will be written any more. */
  readonly kind: "leads" | "resigns";
  readonly term: number;
  /** Of the process, for people. */
  readonly name: string;
}

/**
 * How translators hear of each other. Signals may be lost, late, repeated or forged: they only decide when a standby
 * tries to lead. That at most one translator writes comes from the logs' fences alone (P8).
 */
export interface LeaderSignals {
  /** Never fails; where nobody can be reached, nothing is said. */
  say(signal: LeaderSignal): void;
  /** Calls `heard` for the signals of all translators, this one included. Returns what ends it. */
  listen(heard: (signal: LeaderSignal) => void): () => void;
}
