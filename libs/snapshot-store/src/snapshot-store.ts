export type { Began } from "./beginning.ts";
export type { Confirm } from "./catalog-confirmer.ts";
export type { Cursor } from "./cursor.ts";
export { closedStreamsMax, historyMax } from "./delivery-schema.ts";
export { type ProjectedLogs, type ProjectionOptions, projectLogs } from "./project-logs.ts";
export type { ClusterLoads } from "./queries/cluster-loads.ts";
export type { ContentDigest } from "./queries/content-digest.ts";
export type { ProxyDelivery, RevisionDelivery } from "./queries/delivery-of.ts";
export type { EventDetail, StoredChange, StoredEvent } from "./queries/events.ts";
export type { Maker } from "./queries/makers.ts";
export type { Head, Moment, ResolvedMoment } from "./queries/moments.ts";
export type { StoredObject, StoredRef } from "./queries/objects.ts";
export type { ObjectDifference } from "./queries/objects-between.ts";
export type {
  StoredGate,
  StoredProxies,
  StoredProxy,
  StoredProxyType,
  StoredRejection,
} from "./queries/proxies.ts";
export type { HistoryEntry } from "./queries/proxy-history.ts";
export type { Queries, QueryName } from "./queries/queries.ts";
export type { ProxyRejection } from "./queries/rejections.ts";
export { resourceJson } from "./queries/resource-json.ts";
export type { SwitchStep } from "./queries/switch-steps.ts";
export type { StoredResource, StoredRetiring, StoredXds } from "./queries/xds.ts";
export type { ResourceDifference } from "./queries/xds-between.ts";
export { openSnapshotStore, type SnapshotStore } from "./store.ts";
export { openStoreLock, type StoreLock } from "./store-lock.ts";
export type { CatalogRecord, StoreRecord } from "./store-record.ts";
