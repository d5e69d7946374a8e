/**
 * The gate that holds back a route to a cluster that the client cannot use yet (rule 48). Clusters and endpoints are
 * written before routes, but twice that is not enough:
 * - While a cluster warms, Envoy withholds its request for clusters (section 1.3.2 of the xDS rules), on a new stream
 *   too: there the edge hears of endpoints, listeners and routes only, and what was added meanwhile cannot be sent.
 * - Before its first EDS cluster a client asks for no endpoints, so they cannot be sent unasked with the cluster.
 * The route would come first, and answer 503 until the cluster is there.
 */
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
  if ((type !== "listener" && type !== "route") || !isGated(stream)) return false;
  if (!waitsForCluster(stream, subscription)) return false;
  if (stream.clustersGate === "unused") stream.clustersGate = "closing";
  return true;
}

/** One of clusters and endpoints was asked for on this stream, and the other, which belongs to it, not yet. */
function isGated({ types: { cluster, endpoint }, clustersGate }: XdsStream): boolean {
  if (clustersGate === "over") return false;
  return cluster.interest === "unasked" ? endpoint.interest !== "unasked" : endpoint.names.size === 0;
}

/** To be put out once a gate was closed: the timer that opens it at the latest. */
export function closeGate(stream: XdsStream): StreamOutput[] {
  if (stream.clustersGate !== "closing") return [];
  stream.clustersGate = "closed";
  return [{ type: "startTimer", id: clustersGateTimer, delayMs: clustersGateMs }];
}

/** The gate's time is over: it opens for good when it still holds something back. */
export function endGate(stream: XdsStream): StreamOutput[] {
  const holds = heldBack(stream, stream.types.listener) || heldBack(stream, stream.types.route);
  stream.clustersGate = holds ? "over" : "unused";
  return [];
}

/** Whether something that waits to be written names a cluster that the client cannot use yet. */
function waitsForCluster(stream: XdsStream, subscription: Subscription): boolean {
  for (const names of [subscription.dirty, subscription.asked, subscription.owed]) {
    for (const name of names) {
      const { references = [] } = served(stream, subscription, name) ?? {};
      if (references.some(({ type, name: target }) => type === "cluster" && isUnusable(stream, target)))
        return true;
    }
  }
  return false;
}

function isUnusable(stream: XdsStream, name: string): boolean {
  const { cluster, endpoint } = stream.types;
  const found = snapshotOfStream(stream).types.cluster.resources.get(name);
  if (found === undefined) return false;
  const assigned = found.references.filter(({ type }) => type === "endpoint");
  if (cluster.interest === "unasked")
    return !assigned.some((reference) => endpoint.names.has(reference.name));
  // Envoy acknowledges a first cluster when it is warm.
  return assigned.length > 0 && cluster.sent.has(name) && !cluster.acked.has(name);
}
