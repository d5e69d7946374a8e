import { Problem } from "../problem.ts";
import { clusterName, type Upstream } from "./upstream.ts";

const known = new WeakMap<Upstream, Upstream>();

/**
 * An upstream as a GRPCRoute speaks to it: in HTTP/2, so that a backend which says nothing of its protocol is another
 * cluster than for an HTTPRoute, with the same endpoints (G75, G76). The same upstream gives the same instance.
 */
export function grpcUpstream(title: string, upstream: Upstream): Upstream | Problem {
  if (upstream.websocket) {
    return new Problem("UnsupportedProtocol", `${title}: appProtocol is that of websockets, not of gRPC`);
  }
  if (upstream.protocol === "http2") return upstream;
  let grpc = known.get(upstream);
  if (grpc === undefined) {
    grpc = { ...upstream, name: clusterName(upstream.name, "http2"), protocol: "http2" };
    known.set(upstream, grpc);
  }
  return grpc;
}
