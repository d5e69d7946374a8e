import type { MessageName } from "@routeledger/protos";

/** Kinds of a log and the highest schema version of each that this version reads. */
export type ReadableKinds = Readonly<Record<string, number>>;

/**
 * The version of CheckpointClosed counts the schema of the states, too. A writer says the lowest that its state can be read
 * with: what an older version would leave out stops it.
 */
export const checkpointKinds = { CheckpointPart: 1, CheckpointClosed: 2, Catalog: 1 } as const;

const sharedKinds = { ...checkpointKinds, TermStarted: 1, EventSkipped: 1, LogAdopted: 1 } as const;

/** CONFIG: routeledger.config.v1 and routeledger.log.v1. */
export const configKinds = {
  ...sharedKinds,
  ChangeSet: 1,
  TranslatorActivated: 1,
  ExtensionAnswers: 1,
  StoreConfirmed: 1,
  SwitchPrepared: 1,
  SwitchTried: 1,
  SwitchTurned: 1,
  SwitchFinished: 1,
  SwitchReverted: 1,
} as const;

/** XDS: routeledger.xds.v1 and routeledger.log.v1. */
export const xdsKinds = { ...sharedKinds, Publication: 1 } as const;

/** DELIVERY: routeledger.delivery.v1 and routeledger.log.v1. */
export const deliveryKinds = { DeliveryBatch: 3, LogAdopted: 1 } as const;

/** The message that the payload of a kind holds. */
export const payloadTypes = {
  TermStarted: "routeledger.log.v1.TermStarted",
  CheckpointPart: "routeledger.log.v1.CheckpointPart",
  CheckpointClosed: "routeledger.log.v1.CheckpointClosed",
  Catalog: "routeledger.log.v1.Catalog",
  LogAdopted: "routeledger.log.v1.LogAdopted",
  StoreConfirmed: "routeledger.log.v1.StoreConfirmed",
  EventSkipped: "routeledger.config.v1.EventSkipped",
  ChangeSet: "routeledger.config.v1.ChangeSet",
  TranslatorActivated: "routeledger.config.v1.TranslatorActivated",
  ExtensionAnswers: "routeledger.config.v1.ExtensionAnswers",
  SwitchPrepared: "routeledger.config.v1.SwitchPrepared",
  SwitchTried: "routeledger.config.v1.SwitchTried",
  SwitchTurned: "routeledger.config.v1.SwitchTurned",
  SwitchFinished: "routeledger.config.v1.SwitchFinished",
  SwitchReverted: "routeledger.config.v1.SwitchReverted",
  Publication: "routeledger.xds.v1.Publication",
  DeliveryBatch: "routeledger.delivery.v1.DeliveryBatch",
} as const satisfies Readonly<Record<string, MessageName>>;

/** Kinds that only the leading translator writes: those of a lower term than the highest started are left out. */
const termedKinds: ReadonlySet<string> = new Set([
  "TermStarted",
  "TranslatorActivated",
  "ExtensionAnswers",
  "CheckpointPart",
  "CheckpointClosed",
  "Catalog",
  "Publication",
]);

/** A later version's kinds with a term count too, so that all versions leave out the same. */
export function isTermed(kind: string, term: number): boolean {
  return term > 0 || termedKinds.has(kind);
}
