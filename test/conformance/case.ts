import type { Mutation } from "./mutations.ts";

/** One test of the official suite, recorded (fixtures/README.md: gateway-api/cases.json). */
export interface ConformanceCase {
  readonly name: string;
  readonly features: readonly string[];
  /** Paths below the fixtures' gateway-api folder. */
  readonly manifests: readonly string[];
  readonly provisional: boolean;
  /** Some of what the test does could not be recorded. */
  readonly incomplete: boolean;
  readonly steps: readonly Step[];
  /** Of a case that was not recorded: what changes between its steps. */
  readonly mutations?: readonly Mutation[];
}

export interface Step {
  /** The suite's helper, such as `http.MakeRequestAndExpectEventuallyConsistentResponse`. */
  readonly fn: string;
  readonly sub?: string;
  readonly args: StepArguments;
}

export interface NamespacedName {
  readonly Name: string;
  readonly Namespace: string;
}

export interface ExpectedCondition {
  readonly Type: string;
  readonly Status?: string;
  readonly Reason?: string;
}

export interface ExpectedListener {
  readonly Name: string;
  readonly AttachedRoutes?: number;
  readonly Conditions?: readonly ExpectedCondition[];
  readonly SupportedKinds?: readonly { readonly Group: string; readonly Kind: string }[];
}

export interface ExpectedParent {
  readonly ControllerName: string;
  readonly ParentRef: {
    readonly Group?: string;
    readonly Kind?: string;
    readonly Name: string;
    readonly Namespace?: string;
    readonly SectionName?: string;
  };
  readonly Conditions: readonly ExpectedCondition[];
}

export interface ExpectedRequest {
  readonly Host?: string;
  readonly Method?: string;
  readonly Path?: string;
  readonly Headers?: Readonly<Record<string, string>>;
  readonly AbsentHeaders?: readonly string[];
  readonly Protocol?: string;
  readonly UnfollowRedirect?: boolean;
  /** What the backend sees of the TLS that reaches it. */
  readonly SNI?: string;
  readonly ClientCert?: string;
}

export interface ExpectedResponse {
  readonly Request: ExpectedRequest;
  readonly ExpectedRequest?: ExpectedRequest;
  readonly RedirectRequest?: {
    readonly Host?: string;
    readonly Scheme?: string;
    readonly Port?: string;
    readonly Path?: string;
  };
  readonly BackendSetResponseHeaders?: Readonly<Record<string, string>>;
  readonly Response?: {
    readonly StatusCode?: number;
    readonly StatusCodes?: readonly number[];
    readonly Headers?: Readonly<Record<string, string>>;
    /** Any one of the values. */
    readonly ValidHeaderValues?: Readonly<Record<string, readonly string[]>>;
    readonly AbsentHeaders?: readonly string[];
    readonly Protocol?: string;
    /** In header values. */
    readonly IgnoreWhitespace?: boolean;
  };
  readonly Backend?: string;
  readonly Namespace?: string;
}

/** Of a gRPC request; which method is in the step's name. */
export interface ExpectedCall {
  readonly RequestMetadata?: {
    readonly Authority?: string;
    readonly Metadata?: Readonly<Record<string, string>>;
  };
  readonly Response?: { readonly Code?: number };
  readonly Backend?: string;
  readonly Namespace?: string;
}

/** All arguments of the helpers that are played; each helper has some of them, under the names of its Go code. */
export interface StepArguments {
  readonly gw?: NamespacedName;
  readonly gwNN?: NamespacedName;
  readonly gwName?: NamespacedName;
  readonly gwRef?: NamespacedName;
  readonly routeNN?: NamespacedName;
  readonly routeName?: NamespacedName;
  readonly rNN?: NamespacedName;
  readonly gwcNN?: { readonly Name: string };
  readonly gwcName?: string;
  readonly lsNN?: NamespacedName;
  readonly lsName?: NamespacedName;
  readonly policyNN?: NamespacedName;
  /** A BackendTLSPolicy. */
  readonly r?: NamespacedName;
  /** A parent of routes, of any kind. */
  readonly resource?: NamespacedName & {
    readonly GroupKind: { readonly Group: string; readonly Kind: string };
    readonly ListenerNames: readonly string[];
  };
  /** `*v1.HTTPRoute` */
  readonly routeType?: string;
  readonly routeNNs?: readonly NamespacedName[];
  readonly condition?: ExpectedCondition;
  readonly expectedCondition?: ExpectedCondition;
  readonly conditions?: readonly ExpectedCondition[];
  readonly listeners?: readonly ExpectedListener[];
  readonly listenerNames?: readonly string[];
  readonly lName?: string;
  readonly expectedCount?: number;
  readonly parents?: readonly ExpectedParent[];
  readonly namespaceRequired?: boolean;
  readonly expected?: ExpectedResponse;
  readonly expectedWeights?: Readonly<Record<string, number>>;
  /** Symbolic: `<gateway>.<namespace>.gw:<listener port>`. */
  readonly gwAddr?: string;
  readonly serverName?: string;
  /** `<1151 bytes>`: certificates are not recorded, their lengths are. */
  readonly clientCertificate?: string;
  readonly clientCertificateKey?: string;
  readonly mirrorPods?: readonly NamespacedName[];
  /** Of requests that are mirrored. */
  readonly percent?: number;
  readonly path?: string;
  /** Of a raw request. */
  readonly url?: string;
}
