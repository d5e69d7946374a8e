import type { ConfigState } from "@routeledger/config-model";
import { emptyConfigState } from "@routeledger/config-model";
import type { LogTail } from "@routeledger/event-log";
import { emptyTail } from "@routeledger/event-log";
import { emptyPublished, type Published } from "@routeledger/xds-model";

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
  readonly state: ConfigState;
  /** Nothing that the store holds of the log counts any more: an operator adopted another past. */
  readonly anew: boolean;
}

/** The same for XDS: all that is published as of the CONFIG revision `published.revision`. */
export interface XdsBeginning {
  readonly log: "XDS";
  readonly identity: string;
  readonly tail: LogTail;
  readonly published: Published;
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

/** A log's very beginning, where nothing was purged. */
export function veryBeginning(
  log: "CONFIG" | "XDS",
  at: { readonly identity: string; readonly anew: boolean },
): ConfigBeginning | XdsBeginning {
  if (log === "CONFIG") return { log, ...at, tail: emptyTail, state: emptyConfigState };
  return { log, ...at, tail: emptyTail, published: emptyPublished, configHash: emptyTail.hash };
}

/** What is missing since a store began again; undefined where nothing is. */
export interface Began {
  /** CONFIG sequences of CONFIG and XDS, its own of DELIVERY; both included. */
  readonly missing: { readonly from: number; readonly to: number } | undefined;
  /** Where the store goes on; for CONFIG and XDS the CONFIG sequence of the checkpoint. */
  readonly at: number;
  /** A file in the store's folder that holds all that the store held before: an operator adopted another past. */
  readonly keptAside?: string;
}
