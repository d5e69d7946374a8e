/**
 * The places in the translator's loop at which a test may end the process, in the order in which they are passed.
 * Whatever was done before one must be enough for the next start.
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

export type CrashPoint = (typeof crashPoints)[number];
