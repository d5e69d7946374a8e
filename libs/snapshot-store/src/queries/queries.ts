import { clusterLoads } from "./cluster-loads.ts";
import { contentDigest } from "./content-digest.ts";
import { deliveryOf } from "./delivery-of.ts";
import { eventAt, eventsBetween } from "./events.ts";
import { leftProxies } from "./left-proxies.ts";
import { head, resolveMoment } from "./moments.ts";
import { objectAt, objectsAt } from "./objects.ts";
import { objectsBetween } from "./objects-between.ts";
import { proxies } from "./proxies.ts";
import { proxyHistory } from "./proxy-history.ts";
import type { Query } from "./query.ts";
import { rejections } from "./rejections.ts";
import { switchSteps } from "./switch-steps.ts";
import { nodeGroupsAt, xdsAt } from "./xds.ts";
import { xdsBetween } from "./xds-between.ts";

/** All that the store is asked. Each is answered in the reader's thread, from one consistent state. */
export const queries = {
  head,
  resolveMoment,
  objectAt,
  objectsAt,
  objectsBetween,
  eventAt,
  eventsBetween,
  nodeGroupsAt,
  xdsAt,
  xdsBetween,
  proxies,
  proxyHistory,
  deliveryOf,
  rejections,
  contentDigest,
  clusterLoads,
  switchSteps,
  leftProxies,
};

export type QueryName = keyof typeof queries;

/** What each query takes and gives. */
export type Queries = {
  [Name in QueryName]: (typeof queries)[Name] extends Query<infer Args, infer Result>
    ? { args: Args; result: Result }
    : never;
};
