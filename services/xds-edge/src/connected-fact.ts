import { type ResourceType, typeNumbers } from "@routeledger/xds-model";
import type { Protocol, ProxyNode } from "@routeledger/xds-stream";
import type { DeliveryRecord } from "./delivery-facts.ts";
import { identityOf, type PeerNames } from "./peer-identity.ts";

export interface ConnectedStream {
  /** host:port of the client. */
  readonly peer: string;
  readonly protocol: Protocol;
  /** Of a per-type service. */
  readonly resourceType: ResourceType | undefined;
  readonly peerNames: PeerNames;
}

/** Characters of a user agent and of an identity that are recorded. */
const textMax = 512;

/** Who connected, and how. */
export function connectedFact(
  { userAgentName, userAgentVersion, userAgentBuildVersion }: ProxyNode,
  { peer, protocol, resourceType, peerNames }: ConnectedStream,
): NonNullable<DeliveryRecord["connected"]> {
  const build = userAgentBuildVersion?.version;
  const version =
    build === undefined ? userAgentVersion : `${build.majorNumber}.${build.minorNumber}.${build.patch}`;
  return {
    ...{ peer, protocol, userAgent: `${userAgentName} ${version ?? ""}`.trim().slice(0, textMax) },
    ...(resourceType && { resourceType: typeNumbers[resourceType] }),
    identity: identityOf(peerNames).slice(0, textMax),
  };
}
