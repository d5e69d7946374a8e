import { status } from "@grpc/grpc-js";
import { type IdentityRule, identityOf, type PeerNames } from "./peer-identity.ts";

/** Characters of a node's id and of its cluster: both stand in every record of the DELIVERY log. */
const nodeNameMax = 512;

/** Why a stream of a proxy that has said who it is is ended: names too long, or another's node group (P11). */
export function nodeRefusal(
  { id, cluster }: { readonly id: string; readonly cluster: string },
  { identity, peerNames }: { readonly identity?: IdentityRule | undefined; readonly peerNames: PeerNames },
): { readonly code: status; readonly reason: string } | undefined {
  if (id.length > nodeNameMax || cluster.length > nodeNameMax)
    return {
      code: status.INVALID_ARGUMENT,
      reason: `a node id or cluster of more than ${nodeNameMax} characters`,
    };
  if (identity?.(peerNames, cluster) !== false) return undefined;
  const shown = identityOf(peerNames) || "the client, which shows no name,";
  const reason = `the certificate of ${shown} does not allow node group ${cluster}`;
  return { code: status.PERMISSION_DENIED, reason };
}
