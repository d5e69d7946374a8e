import type { ObjectRef } from "@routeledger/config-model";

/** What a listener or a cluster gets over SDS, so that a rotation changes neither of them. */
export interface TlsSecret {
  readonly type: "certificate" | "trustedCa";
  /** Name of the SDS resource: from the objects alone. */
  readonly resource: string;
  /** The Secret, or the ConfigMaps: resolved and sound, sorted, each once. */
  readonly objects: readonly ObjectRef[];
}

export function certificateResource({ namespace, name }: ObjectRef): string {
  return `secret/${namespace}/${name}`;
}

/** One validation context of several ConfigMaps: Envoy takes one. */
export function trustedCaResource(configMaps: readonly ObjectRef[]): string {
  return `ca/${configMaps.map(({ namespace, name }) => `${namespace}/${name}`).join("+")}`;
}
