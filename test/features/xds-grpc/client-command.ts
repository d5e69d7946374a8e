/** What a test asks of a gRPC client, one JSON object a line; `test/grpc-go/main.go` says the same in Go. */
export interface ClientCommand {
  readonly id: number;
  /** `call`, `load`, `counted`, `close`; of Go also `addresses`, `serve`, `modes`. */
  readonly op: string;
  /** Such as `xds:///name`; of a server the address that it listens on. */
  readonly target: string;
  /** A call waits for a connection instead of failing. */
  readonly wait?: boolean;
  /** Of a call. */
  readonly timeoutMs?: number;
  /** Between two calls of a load. */
  readonly everyMs?: number;
  /** Of a set of addresses, for `several:///name`. */
  readonly name?: string;
  readonly addresses?: readonly string[];
}

/** What it gets. Fields that say nothing may be absent. */
export interface ClientAnswer {
  readonly id: number;
  /** OK, or why a call failed: UNAVAILABLE (grpc-js), Unavailable (grpc-go). */
  readonly code: string;
  readonly message?: string;
  /** What the backend said. */
  readonly text?: string;
  /** Calls of a load. */
  readonly good?: number;
  readonly failed?: number;
  readonly firstFailure?: string;
  /** Of a server, in order: SERVING, NOT_SERVING. */
  readonly modes?: readonly string[] | null;
}
