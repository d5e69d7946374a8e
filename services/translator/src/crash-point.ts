/**
 * The places in the translator's loop at which a test may end or hold the process, in the order in which they are
 * passed. Whatever was done before one must be enough for the next start.
 */
export const crashPoints = [
  /** CONFIG and XDS are read, nothing is written yet. */
  "recovered",
  /** The term is in CONFIG and not in XDS: the next translator continues it. */
  "term-in-config",
  "term-started",
  "activated",
  /** Revisions are folded and not published. */
  "folded",
  "published",
  /** Some parts of a checkpoint stand in the log without their end. */
  "checkpoint-begun",
  "checkpoint-written",
] as const;

/** Those that only a translator passes that purges, has others beside it, or is stopped. */
export const rareCrashPoints = [
  /** Both logs begin later than before. */
  "purged",
  /** Another translator leads; this one stands by and has forgotten its state. */
  "deposed",
  /** Stopped: nothing will be written in the term any more, and the others were told so. */
  "resigned",
] as const;

export type CrashPoint = (typeof crashPoints)[number] | (typeof rareCrashPoints)[number];
