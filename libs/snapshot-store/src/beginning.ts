import type { LogTail } from "@routeledger/event-log";

/**
 * Where the store begins again in CONFIG: the state of the last Catalog, instead of what lies before it. Its revision
 * is the sequence of `tail`.
 */
export interface ConfigBeginning {
  readonly log: "CONFIG";
  /** `LogInfo.identity` of the log that it was read from. */
  readonly identity: string;
  /** Reading goes on behind it. */
  readonly tail: LogTail;
  /** A StateCheckpoint, encoded; absent: the log's very beginning, where nothing was purged. */
  readonly state?: Uint8Array;
  /** Nothing that the store holds of the log counts any more: an operator adopted another past. */
  readonly anew: boolean;
}

/** The same for XDS: all that is published as of the checkpoints' CONFIG revision. */
export interface XdsBeginning {
  readonly log: "XDS";
  readonly identity: string;
  readonly tail: LogTail;
  /** GroupCheckpoints and the StatusesCheckpoint, encoded, by subject; none: the log's very beginning. */
  readonly states: ReadonlyMap<string, Uint8Array>;
  /** SHA-256 of the body of the CONFIG message at that revision. */
  readonly configHash: Uint8Array;
  readonly anew: boolean;
}

/** DELIVERY has no states: reading goes on with the oldest message that is there. */
export interface DeliveryBeginning {
  readonly log: "DELIVERY";
  readonly identity: string;
  readonly firstSequence: number;
}

export type Beginning = ConfigBeginning | XdsBeginning | DeliveryBeginning;

/** What is missing since a store began again; undefined where nothing is. */
export interface Began {
  /** CONFIG sequences of CONFIG and XDS, its own of DELIVERY; both included. */
  readonly missing: { readonly from: number; readonly to: number } | undefined;
  /** Where the store goes on; for CONFIG and XDS the CONFIG sequence of the checkpoint. */
  readonly at: number;
  /** A file in the store's folder that holds all that the store held before: an operator adopted another past. */
  readonly keptAside?: string;
}
