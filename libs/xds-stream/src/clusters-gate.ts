/**
 * The gate that holds back what refers to a cluster that the client may lack, while it cannot ask for clusters.
 *
 * While a cluster warms, Envoy withholds its request for clusters (section 1.3.2 of the xDS rules), on a new stream
 * too: there the edge hears of endpoints, listeners and routes only. A route to a cluster that was added meanwhile
 * would come before the cluster, and answer 503 until that comes (rule 48).
 */
import type { Reference, Resource } from "@routeledger/xds-model";
import { served, snapshotOfStream } from "./served.ts";
import type { StreamOutput } from "./stream-io.ts";
import type { Subscription, XdsStream } from "./stream-state.ts";

/** How long what refers to a cluster waits at most (rule 46): some clients have clusters from elsewhere. */
const clustersGateMs = 2_000;
/** What `step` gets back when that is over. */
export const clustersGateTimer = "clusters";

/** Whether nothing of the type may be written now. */
export function heldBack(stream: XdsStream, subscription: Subscription): boolean {
  const { type } = subscription;
  if ((type !== "listener" && type !== "route") || !isGated(stream) || !refersToNews(stream, subscription))
    return false;
  if (stream.clustersGate === "unused") stream.clustersGate = "closing";
  return true;
}

/** To be put out once a gate was closed: the timer that opens it at the latest. */
export function closeGate(stream: XdsStream): StreamOutput[] {
  if (stream.clustersGate !== "closing") return [];
  stream.clustersGate = "closed";
  return [{ type: "startTimer", id: clustersGateTimer, delayMs: clustersGateMs }];
}

/** The client asks for endpoints, so it has clusters, and has not asked for clusters on this stream. */
function isGated({ types, clustersGate }: XdsStream): boolean {
  return types.endpoint.seen && !types.cluster.seen && clustersGate !== "over";
}

/** Whether something that waits to be written names a cluster of which the client does not ask for the endpoints. */
function refersToNews(stream: XdsStream, subscription: Subscription): boolean {
  for (const names of [subscription.dirty, subscription.asked, subscription.owed]) {
    for (const name of names) {
      const { references = [] } = served(stream, subscription, name) ?? {};
      if (references.some((reference) => isNews(stream, reference))) return true;
    }
  }
  return false;
}

function isNews(stream: XdsStream, { type, name }: Reference): boolean {
  if (type !== "cluster") return false;
  const cluster = snapshotOfStream(stream).types.cluster.resources.get(name);
  return cluster !== undefined && !asksEndpointsOf(stream, cluster);
}

function asksEndpointsOf({ types }: XdsStream, { references }: Resource): boolean {
  return references.some(({ type, name }) => type === "endpoint" && types.endpoint.names.has(name));
}
