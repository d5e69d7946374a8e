/**
 * Gateway API objects as the oracle reads them: as they leave the door, with their defaults. Only the fields that it
 * knows; what the generators never write is not here.
 */
export interface Metadata {
  readonly name: string;
  readonly namespace: string;
  readonly creationTimestamp: string;
}

export interface Gateway {
  readonly kind: "Gateway";
  readonly metadata: Metadata;
  readonly spec: {
    readonly listeners: readonly Listener[];
    readonly allowedListeners?: { readonly namespaces?: { readonly from?: "All" | "Same" | "None" } };
  };
}

export interface ListenerSet {
  readonly kind: "ListenerSet";
  readonly metadata: Metadata;
  readonly spec: { readonly parentRef: Ref; readonly listeners: readonly Listener[] };
}

export interface Listener {
  readonly name: string;
  readonly port: number;
  readonly protocol: "HTTP" | "HTTPS";
  readonly hostname?: string;
  readonly tls?: { readonly certificateRefs?: readonly Ref[] };
  readonly allowedRoutes?: {
    readonly namespaces?: {
      readonly from?: "All" | "Same" | "Selector";
      readonly selector?: { readonly matchLabels?: Readonly<Record<string, string>> };
    };
    readonly kinds?: readonly { readonly kind: string }[];
  };
}

export interface Ref {
  readonly group?: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly name: string;
}

export interface Route {
  readonly kind: "HTTPRoute" | "GRPCRoute";
  readonly metadata: Metadata;
  readonly spec: {
    readonly parentRefs?: readonly (Ref & { readonly sectionName?: string; readonly port?: number })[];
    readonly hostnames?: readonly string[];
    readonly rules?: readonly Rule[];
  };
}

export interface Rule {
  readonly matches?: readonly Match[];
  readonly filters?: readonly Filter[];
  readonly backendRefs?: readonly BackendRef[];
}

export interface ValueMatch {
  readonly type?: "Exact" | "RegularExpression";
  readonly name: string;
  readonly value: string;
}

export interface GrpcMethod {
  readonly type?: "Exact" | "RegularExpression";
  readonly service?: string;
  readonly method?: string;
}

export interface Match {
  readonly path?: { readonly type: "Exact" | "PathPrefix" | "RegularExpression"; readonly value: string };
  readonly headers?: readonly ValueMatch[];
  readonly queryParams?: readonly ValueMatch[];
  /** A text of an HTTPRoute, an object of a GRPCRoute. */
  readonly method?: string | GrpcMethod;
}

export interface HeaderChanges {
  readonly set?: readonly { readonly name: string; readonly value: string }[];
  readonly add?: readonly { readonly name: string; readonly value: string }[];
  readonly remove?: readonly string[];
}

export interface PathChange {
  readonly type: "ReplaceFullPath" | "ReplacePrefixMatch";
  readonly replaceFullPath?: string;
  readonly replacePrefixMatch?: string;
}

export interface Redirect {
  readonly scheme?: "http" | "https";
  readonly hostname?: string;
  readonly port?: number;
  readonly path?: PathChange;
  readonly statusCode?: number;
}

export interface Cors {
  readonly allowOrigins?: readonly string[];
  readonly allowCredentials?: boolean;
}

export interface Filter {
  readonly type: string;
  readonly requestHeaderModifier?: HeaderChanges;
  readonly responseHeaderModifier?: HeaderChanges;
  readonly requestRedirect?: Redirect;
  readonly urlRewrite?: { readonly hostname?: string; readonly path?: PathChange };
  readonly cors?: Cors;
}

export interface BackendRef extends Ref {
  readonly port?: number;
  readonly weight?: number;
  readonly filters?: readonly Filter[];
}

export interface Service {
  readonly kind: "Service";
  readonly metadata: Metadata;
  readonly spec: { readonly type?: string; readonly ports: readonly ServicePort[] };
}

interface ServicePort {
  readonly name?: string;
  readonly port: number;
}

export interface EndpointSlice {
  readonly kind: "EndpointSlice";
  readonly metadata: Metadata & { readonly labels: Readonly<Record<string, string>> };
  readonly ports: readonly ServicePort[];
  readonly endpoints: readonly { readonly conditions?: { readonly ready?: boolean } }[];
}

export interface ReferenceGrant {
  readonly kind: "ReferenceGrant";
  readonly metadata: Metadata;
  readonly spec: { readonly from: readonly GrantFrom[]; readonly to: readonly GrantTo[] };
}

interface GrantFrom {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
}

interface GrantTo {
  readonly group: string;
  readonly kind: string;
  readonly name?: string;
}

export interface Secret {
  readonly kind: "Secret";
  readonly metadata: Metadata;
}

/** Of Envoy Gateway; here they name IP addresses. */
export interface Backend {
  readonly kind: "Backend";
  readonly metadata: Metadata;
  readonly spec: { readonly endpoints: readonly { readonly ip: { readonly port: number } }[] };
}

export interface ConfigMap {
  readonly kind: "ConfigMap";
  readonly metadata: Metadata;
}

export interface BackendTlsPolicy {
  readonly kind: "BackendTLSPolicy";
  readonly metadata: Metadata;
  readonly spec: {
    readonly targetRefs: readonly (Ref & { readonly sectionName?: string })[];
    readonly validation: { readonly caCertificateRefs?: readonly Ref[] };
  };
}

export type GatewayObject =
  | Gateway
  | ListenerSet
  | Route
  | Service
  | EndpointSlice
  | Backend
  | ReferenceGrant
  | Secret
  | ConfigMap
  | BackendTlsPolicy;

/** The objects of a kind, in the order in which they are given. */
export function ofKind<K extends GatewayObject["kind"]>(
  objects: readonly GatewayObject[],
  kind: K,
): Extract<GatewayObject, { kind: K }>[] {
  return objects.filter((object): object is Extract<GatewayObject, { kind: K }> => object.kind === kind);
}

/**
 * Whether a reference may leave its namespace (G68): a grant in the target's namespace says so for the one and for
 * the other, and within a namespace none is needed.
 */
export function granted(
  objects: readonly GatewayObject[],
  from: GrantFrom,
  to: GrantTo & { readonly namespace: string },
): boolean {
  if (from.namespace === to.namespace) return true;
  return ofKind(objects, "ReferenceGrant").some(
    ({ metadata, spec }) =>
      metadata.namespace === to.namespace &&
      spec.from.some(
        (one) => one.group === from.group && one.kind === from.kind && one.namespace === from.namespace,
      ) &&
      spec.to.some(
        (one) =>
          one.group === to.group &&
          one.kind === to.kind &&
          (one.name === undefined || one.name === "" || one.name === to.name),
      ),
  );
}

/** Older first, then by namespace and name: Gateway API's order wherever two claim one thing. */
export function olderFirst(a: { readonly metadata: Metadata }, b: { readonly metadata: Metadata }): number {
  const age = Date.parse(a.metadata.creationTimestamp) - Date.parse(b.metadata.creationTimestamp);
  return age !== 0 ? age : compareText(displayName(a), displayName(b));
}

function displayName({ metadata }: { readonly metadata: Metadata }): string {
  return `${metadata.namespace}/${metadata.name}`;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
