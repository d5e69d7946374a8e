import { by } from "@routeledger/std";
import { type ResourceType, resourceTypes } from "@routeledger/xds-model";
import type { StreamSession } from "./stream-session.ts";

/** What an open stream has been sent and has said, as this edge knows it. */
export interface ProxyState {
  readonly nodeId: string;
  readonly nodeGroup: string;
  readonly protocol: "delta" | "sotw";
  readonly connectedAtMs: number;
  readonly types: readonly ProxyTypeState[];
}

/** Wanted, sent, acknowledged and rejected are four facts, never merged. A version is empty where there is none. */
export interface ProxyTypeState {
  readonly type: ResourceType;
  readonly wanted: string;
  readonly sent: string;
  readonly acked: string;
  readonly rejected: string;
}

/** Of each stream that has said who it is, sorted by node id; types that it never asked for are left out. */
export function proxyStates(sessions: Iterable<StreamSession>): ProxyState[] {
  return [...sessions]
    .filter((session) => session.node !== undefined)
    .map((session): ProxyState => {
      const { snapshot, types } = session.state;
      return {
        nodeId: session.node?.id ?? "",
        nodeGroup: session.nodeGroup,
        protocol: session.protocol,
        connectedAtMs: session.connectedAtMs,
        types: resourceTypes
          .filter((type) => types[type].interest !== "unasked")
          .map((type) => ({
            type,
            wanted: snapshot?.types[type].version ?? "",
            sent: types[type].sentVersion,
            acked: types[type].ackedVersion,
            rejected: types[type].rejectedVersion,
          })),
      };
    })
    .sort(by(({ nodeId }) => nodeId));
}
