export interface FailureDetails {
  /** A stable word for programs, such as `log.fenced`. */
  readonly code: string;
  /** The same call may succeed later, unchanged. */
  readonly retryable: boolean;
  /** What an operator can do. */
  readonly hint?: string;
  readonly cause?: unknown;
  /** What was being worked on: stream, revision, file. */
  readonly fields?: Readonly<Record<string, string | number>>;
}

/**
 * The world failed: a disk, a network, another process. Adapters turn foreign errors into this one class;
 * expected outcomes are values, and programmers' errors are assertions.
 */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly code: string;
  readonly retryable: boolean;
  readonly hint: string | undefined;
  readonly fields: Readonly<Record<string, string | number>>;

  constructor(message: string, details: FailureDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = details.code;
    this.retryable = details.retryable;
    this.hint = details.hint;
    this.fields = details.fields ?? {};
  }
}
