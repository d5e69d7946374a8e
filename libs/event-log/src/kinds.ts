/** Kinds of a log and the highest schema version of each that this version reads. */
export type ReadableKinds = Readonly<Record<string, number>>;

const sharedKinds = {
  TermStarted: 1,
  CheckpointPart: 1,
  CheckpointClosed: 1,
  Catalog: 1,
  EventSkipped: 1,
} as const;

/** CONFIG: routeledger.config.v1 and routeledger.log.v1. */
export const configKinds = { ...sharedKinds, ChangeSet: 1, TranslatorActivated: 1 } as const;

/** XDS: routeledger.xds.v1 and routeledger.log.v1. */
export const xdsKinds = { ...sharedKinds, Publication: 1 } as const;

/** DELIVERY: routeledger.delivery.v1. */
export const deliveryKinds = { DeliveryBatch: 1 } as const;

/** Kinds that only the leading translator writes: those of a lower term than the highest started are left out. */
const termedKinds: ReadonlySet<string> = new Set([
  "TermStarted",
  "TranslatorActivated",
  "CheckpointPart",
  "CheckpointClosed",
  "Catalog",
  "Publication",
]);

/** A later version's kinds with a term count too, so that all versions leave out the same. */
export function isTermed(kind: string, term: number): boolean {
  return term > 0 || termedKinds.has(kind);
}
