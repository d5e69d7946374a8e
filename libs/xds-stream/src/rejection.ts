/** What a NACK means for what is sent next (rules 6 to 8). */
import type { Resource } from "@routeledger/xds-model";
import { current, served } from "./served.ts";
import type { StreamOutput } from "./stream-io.ts";
import type { Inflight, Subscription, XdsStream } from "./stream-state.ts";

/** google.rpc.Status, as the client words it. */
export interface ClientError {
  readonly code: number;
  readonly message: string;
}

/** All that the response carried counts as not held (rule 7), and is not sent again by itself (rule 6). */
export function nacked(
  stream: XdsStream,
  subscription: Subscription,
  rejection: Inflight,
  error: ClientError,
): StreamOutput {
  const { type, sent, rejected, dirty } = subscription;
  const isStillWanted = isWhole(stream, subscription, rejection);
  for (const [name, resource] of rejection.resources) {
    if (sent.get(name)?.nonce !== rejection.nonce) continue;
    sent.set(name, { digest: "", nonce: rejection.nonce, resource });
    if (isStillWanted) rejected.set(name, { nonce: rejection.nonce, digest: resource.digest, resource });
    else dirty.add(name);
  }
  for (const name of rejection.removed) {
    if (sent.has(name)) continue;
    sent.set(name, { digest: "", nonce: rejection.nonce, resource: undefined });
    rejected.set(name, { nonce: rejection.nonce, digest: "", resource: undefined });
    subscription.leaving.set(name, { graceOver: true });
  }
  subscription.rejectedVersion = rejection.version;
  if (type === "endpoint" || type === "route" || type === "secret")
    oweWaiting(stream, subscription, rejection);
  const { nonce, version, revision } = rejection;
  const resources: Resource[] = [...rejection.resources.values()];
  return {
    type: "nacked",
    fact: {
      resourceType: type,
      nonce,
      version,
      revision,
      resources,
      code: error.code,
      message: error.message,
      culprits: [],
    },
  };
}

/**
 * Whether what was rejected is what would be sent again. Where it is not, since a resource of it changed, went or is
 * wanted no more, what remains is other content than was rejected: it is sent.
 */
function isWhole(stream: XdsStream, subscription: Subscription, { resources, nonce }: Inflight): boolean {
  for (const [name, { digest }] of resources) {
    const isLatest = subscription.sent.get(name)?.nonce === nonce;
    if (!isLatest || served(stream, subscription, name)?.digest !== digest) return false;
  }
  return true;
}

/**
 * A rejected EDS, RDS or SDS response ends the waiting of whatever waits for any resource of the type (rule 7): what
 * else is under way is sent again. Names of rejected content are left out, so this ends.
 */
function oweWaiting(stream: XdsStream, subscription: Subscription, rejection: Inflight): void {
  for (const { resources } of subscription.inflight.values()) {
    for (const name of resources.keys()) {
      const digest = current(stream, subscription.type, name)?.digest;
      if (digest === undefined || rejection.resources.has(name)) continue;
      if (subscription.rejected.get(name)?.digest !== digest) subscription.owed.add(name);
    }
  }
}
