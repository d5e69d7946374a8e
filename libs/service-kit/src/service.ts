/** One loop with a life: what every service of Routeledger looks like to the process that runs it. */
export interface Service {
  /** Runs until `stop` or `drain`; rejects with the Failure or assertion that ended it. Called once. */
  run(): Promise<void>;
  /** Ends at once; what is not durable is done again after the next start. Idempotent. */
  stop(): Promise<void>;
  /** Takes nothing new, finishes what is under way, then ends. Idempotent. */
  drain(): Promise<void>;
}
