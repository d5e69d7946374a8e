import type { Commit, LogItem, LogName } from "@routeledger/event-log";
import type { Began, Beginning } from "./beginning.ts";
import type { Cursor } from "./cursor.ts";
import type { StorePosition } from "./store-writer.ts";

/** A log's item as the writer gets it: it needs no tails. */
export type WrittenItem =
  | { readonly type: "commit"; readonly commit: Omit<Commit, "hash"> }
  | { readonly type: "skipped"; readonly sequence: number; readonly reason: string };

/** What the writer's thread is asked, and answers. */
export interface WriterCalls {
  write: {
    args: { readonly log: LogName; readonly items: readonly WrittenItem[]; readonly cursor: Cursor };
    result: StorePosition;
  };
  begin: { args: Beginning; result: { readonly began: Began; readonly position: StorePosition } };
  putConfirmed: { args: { readonly config: number; readonly xds: number }; result: StorePosition };
  close: { args: undefined; result: undefined };
}

/**
 * Items for the writer's thread, with payloads that can be given away: those of a reader may be views of what others
 * use, and a view takes all of its buffer along.
 */
export function packItems(items: readonly LogItem[]): {
  readonly items: readonly WrittenItem[];
  readonly transfer: readonly ArrayBuffer[];
} {
  const transfer: ArrayBuffer[] = [];
  const packed = items.map((item): WrittenItem => {
    if (item.type === "skipped") return { type: "skipped", sequence: item.sequence, reason: item.reason };
    const { hash: _hash, ...commit } = item.commit;
    const payload = new Uint8Array(commit.payload);
    transfer.push(payload.buffer);
    return { type: "commit", commit: { ...commit, payload } };
  });
  return { items: packed, transfer };
}
