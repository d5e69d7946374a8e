import { Failure } from "@routeledger/std";

/**
 * Bytes or JSON that are not what they should be. `code` is `protos.malformed`; never retryable. Where the input
 * comes from a user the caller turns it into an outcome.
 */
export class Malformed extends Failure {
  constructor(message: string, cause?: unknown) {
    super(message, { code: "protos.malformed", retryable: false, cause });
  }
}
