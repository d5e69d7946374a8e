import type { ConfigObject } from "@routeledger/config-model";
import type { Upstream } from "../backends/upstream.ts";
import type { StateReader } from "../state-reader.ts";
import { extensionKind, extensionViews } from "./extension-view.ts";

/** Whether backendRefs may name objects of a kind because an extension makes clusters of them. @param key `kindKey` */
export function isExtensionBackend(reader: StateReader, key: string): boolean {
  const extensions = reader.derived(extensionKind, extensionViews);
  return extensions.some(({ hooks, backendResources }) => hooks.has("Cluster") && backendResources.has(key));
}

const known = new WeakMap<ConfigObject, Upstream>();

/** The cluster of such an object: without endpoints until its extension makes them. */
export function extensionUpstream(object: ConfigObject): Upstream {
  let upstream = known.get(object);
  if (upstream === undefined) {
    const { group, kind, namespace, name } = object;
    upstream = {
      name: `extension/${group}/${kind}/${namespace}/${name}`,
      protocol: "http1",
      owner: object,
      endpoints: { type: "custom" },
      websocket: false,
      encrypted: false,
      settings: undefined,
      tls: undefined,
    };
    known.set(object, upstream);
  }
  return upstream;
}
