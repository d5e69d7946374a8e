import type { StatusName } from "@routeledger/translation/extensions";

export type TransportReply =
  | { readonly kind: "reply"; readonly bytes: Uint8Array }
  | { readonly kind: "status"; readonly code: StatusName; readonly details: string }
  | { readonly kind: "too large"; readonly details: string };

export interface TransportCall {
  /** gRPC's path, `/package.Service/Method`. */
  readonly path: string;
  readonly request: Uint8Array;
  /** More than 0. The server is told. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** One try at one server. */
export interface ExtensionTransport {
  /**
   * Never rejects. Settles within `timeoutMs`, with DEADLINE_EXCEEDED at the latest, and soon after `signal` is
   * aborted. Does not wait for a server that cannot be reached. Calls do not wait for each other.
   */
  call(call: TransportCall): Promise<TransportReply>;
  /** Ends what is under way and lets go of all connections. Idempotent; the last thing that is asked of it. */
  close(): void;
}
