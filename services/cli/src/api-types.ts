/** What the api answers, as far as commands read it. The whole is in `docs/spec/api.md`. */
import type { XdsChange } from "@routeledger/api";
import type { JsonObject } from "@routeledger/std";

export type { ChangeAnswer, InputProblem, ObjectResult, Outcome, XdsChange } from "@routeledger/api";

/** `GET /v1/switch`. */
export interface OpenSwitchAnswer {
  /** `1.412`. */
  readonly prepared: string;
  readonly phase: "prepared" | "tried" | "turned";
  readonly since: string;
  readonly waitsFor: string | null;
  readonly objects: readonly ObjectChange["ref"][];
  readonly clusters: readonly {
    readonly name: string;
    readonly replaces: string | null;
    readonly tried: boolean;
  }[];
  readonly nodeGroups: readonly string[];
}

/** `GET /v1/log`: newest first. */
export interface LogAnswer {
  readonly events: readonly LogEvent[];
}

export interface LogEvent {
  /** `1.412`. */
  readonly revision: string;
  /** RFC 3339. */
  readonly time: string;
  /** `ChangeSet`, `TermStarted`, ... */
  readonly kind: string;
  readonly actor: string;
  readonly source: string;
  readonly summary: string;
  /** Of a ChangeSet. */
  readonly changes?: readonly ObjectChange[];
}

export interface ObjectChange {
  readonly ref: {
    readonly group: string;
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
  };
  readonly change: "created" | "configured" | "deleted";
  /** With `show` and `diff`. */
  readonly old?: JsonObject | null;
  readonly new?: JsonObject | null;
}

/** `GET /v1/events/:revision`. */
export interface EventAnswer extends LogEvent {
  readonly xds?: readonly XdsChange[];
}

/** `GET /v1/diff?a=&b=`. */
export interface DiffAnswer {
  readonly a: string;
  readonly b: string;
  readonly objects: readonly ObjectChange[];
  readonly xds: readonly XdsChange[];
}

/** `GET /v1/proxies`. Wanted, sent, acked and rejected are four facts, never merged. */
export interface ProxiesAnswer {
  readonly proxies: readonly ProxyEntry[];
  /** Records that are known to be missing. */
  readonly lost: number;
}

export interface ProxyEntry {
  readonly node: string;
  readonly nodeGroup: string;
  readonly edge: string;
  readonly connected: boolean;
  /** `disconnected`, `rejected`, `waiting`, `behind` or `current`. */
  readonly state: string;
  /** RFC 3339, of the last connect or disconnect. */
  readonly since: string;
  /** Why it is not connected. */
  readonly reason?: string;
  readonly protocol: string;
  readonly peer: string;
  readonly userAgent: string;
  readonly identity?: string;
  /** The oldest thing that keeps it from having all. */
  readonly waits: ProxyGate | ProxyUnanswered | null;
  readonly types: readonly ProxyType[];
  readonly rejections: readonly ProxyRejection[];
  /** How much its streams hold back. */
  readonly held: number;
}

export interface NamedResource {
  /** `CDS`. */
  readonly type: string;
  /** `cluster`. */
  readonly resourceType: string;
  readonly name: string;
}

export interface ProxyGate extends NamedResource {
  readonly reason: "addition" | "removal" | "quarantine";
  readonly waitsFor: readonly NamedResource[];
  readonly since: string;
  readonly until?: string;
}

/** A response that it has not answered. */
export interface ProxyUnanswered {
  readonly reason: "answer";
  readonly type: string;
  readonly version: string;
  readonly since: string;
}

export interface ProxyRejection extends NamedResource {
  readonly version: string;
  readonly time: string;
  /** In the proxy's own words. */
  readonly message: string;
  /** It was this one; else it is one of several. */
  readonly isCulprit: boolean;
  /** Those at fault first. */
  readonly madeBy: readonly ProxyMaker[];
}

export interface ProxyMaker {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly revision: string;
  readonly atFault: boolean;
}

/** `GET /v1/proxies/:node`. */
export interface ProxyDetail extends ProxyEntry {
  readonly gates: readonly ProxyGate[];
  readonly streams: readonly ProxyStream[];
  /** Newest first. */
  readonly history: readonly ProxyRecord[];
}

export interface ProxyStream {
  readonly edge: string;
  readonly stream: number;
  /** Of a per-type service. */
  readonly type?: string;
  readonly protocol: string;
  readonly peer: string;
  readonly identity?: string;
  readonly connected: string;
}

export interface ProxyRecord {
  readonly time: string;
  readonly edge: string;
  readonly what: string;
  readonly type?: string;
  readonly version?: string;
  readonly detail: JsonObject;
}

export interface ProxyType {
  /** `CDS`, `EDS`, `LDS`, `RDS`. */
  readonly type: string;
  /** TypeVersions; empty where there is none. */
  readonly wanted: string;
  readonly sent: string;
  readonly sentAt?: string;
  readonly acked: string;
  readonly ackedAt?: string;
  readonly rejected?: {
    readonly version: string;
    readonly message: string;
    readonly resources: readonly string[];
    readonly time: string;
  } | null;
  /** What it holds is what it should hold, by digests. */
  readonly current: boolean;
}

/** `GET /v1/status`. */
export interface StatusAnswer {
  /** Last revision of CONFIG that the store holds. */
  readonly head: string;
  /** Up to which revision XDS is published. */
  readonly published: string;
  /** While one is under way. */
  readonly switch?: OpenSwitchAnswer;
  readonly gateways: readonly {
    readonly namespace: string;
    readonly name: string;
    readonly programmed: string;
    readonly routes: number;
    readonly proxies: number;
    readonly acknowledged: number;
  }[];
  /** Conditions that are not as they should be. */
  readonly problems: readonly {
    readonly ref: { readonly kind: string; readonly namespace: string; readonly name: string };
    /** The parent or listener of which the condition is; absent: of the whole object. */
    readonly where?: string;
    readonly condition: string;
    readonly reason: string;
    readonly message: string;
  }[];
}

/** `POST /v1/replay/check`. */
export interface ReplayAnswer {
  readonly checked: number;
  readonly from: string;
  readonly to: string;
  readonly differences: readonly {
    readonly revision: string;
    readonly nodeGroup: string;
    readonly type: string;
    readonly name: string;
    readonly recorded: string;
    readonly replayed: string;
  }[];
  /** Spans that another translator version wrote; not compared. */
  readonly otherVersions: readonly { readonly version: number; readonly from: string; readonly to: string }[];
}
