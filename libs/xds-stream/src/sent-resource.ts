/** What a client was sent under a name, or may hold. */
import type { Resource } from "@routeledger/xds-model";

export interface SentResource {
  /** Empty where it is not known or was rejected: it equals nothing. */
  readonly digest: string;
  readonly resource: Resource | undefined;
  /** The client may hold it from an earlier stream, in bytes that are not known; `resource` comes nearest. */
  readonly isFromBefore: boolean;
}

const sentResources = new WeakMap<Resource, SentResource>();

/** A resource that is being written. All streams share what this says. */
export function asSent(resource: Resource): SentResource {
  const known = sentResources.get(resource);
  if (known !== undefined) return known;
  const sent = { digest: resource.digest, resource, isFromBefore: false };
  sentResources.set(resource, sent);
  return sent;
}

/** What a client may hold from an earlier stream. */
export function fromBefore(resource: Resource | undefined): SentResource {
  return { digest: "", resource, isFromBefore: true };
}
