/**
 * What an extension server is asked, in the protocol of Envoy Gateway (`protos/envoygateway/extension.proto`).
 * Resources are encoded messages, and stay encoded: a field that neither side knows comes back as it went.
 */

/** The hooks whose question is one resource; their names are those of `hooks.xdsTranslator.post`. */
export type ResourceHook = ResourceQuestion["hook"];
export type Hook = ResourceHook | "Translation";

/** An `envoy.config.route.v3.Route`, before its virtual host is asked about. */
export interface RouteQuestion {
  readonly hook: "Route";
  readonly resource: Uint8Array;
  /** The domains of its virtual host. */
  readonly hostnames: readonly string[];
  /** JSON of the objects that the route names in `extensionRef` filters. */
  readonly extensionResources: readonly string[];
  /** JSON of the policies of the extension's kinds that are attached to it. */
  readonly extensionPolicies: readonly string[];
}

/** An `envoy.config.route.v3.VirtualHost`. */
export interface VirtualHostQuestion {
  readonly hook: "VirtualHost";
  readonly resource: Uint8Array;
}

/** An `envoy.config.listener.v3.Listener`. */
export interface ListenerQuestion {
  readonly hook: "HTTPListener";
  readonly resource: Uint8Array;
  /** JSON of the policies of the extension's kinds that are attached to it. */
  readonly extensionResources: readonly string[];
}

/** An `envoy.config.cluster.v3.Cluster` of a custom backend. */
export interface ClusterQuestion {
  readonly hook: "Cluster";
  readonly resource: Uint8Array;
  /** JSON of the backends of the extension's kinds that it reaches. */
  readonly extensionResources: readonly string[];
}

/** An `envoy.config.endpoint.v3.ClusterLoadAssignment`. */
export interface EndpointsQuestion {
  readonly hook: "Endpoints";
  readonly resource: Uint8Array;
}

export type ResourceQuestion =
  | RouteQuestion
  | VirtualHostQuestion
  | ListenerQuestion
  | ClusterQuestion
  | EndpointsQuestion;

/** The lists of the translation hook. */
export const translationLists = ["clusters", "secrets", "listeners", "routes"] as const;
export type TranslationList = (typeof translationLists)[number];

/**
 * Encoded `Cluster`, `Secret`, `Listener` and `RouteConfiguration` messages, each list in its order. A list that is
 * left out is not asked about (`translation.*.includeAll` is off), and what an answer says of it is dropped.
 */
export type TranslationResources = { readonly [List in TranslationList]?: readonly Uint8Array[] };

/** All resources of a node group; the answer's lists replace those of the question. */
export interface TranslationQuestion {
  readonly hook: "Translation";
  /** JSON of the objects of the extension's kinds. */
  readonly extensionResources: readonly string[];
  readonly resources: TranslationResources;
}
