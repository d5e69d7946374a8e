/** What the api answers, as far as commands read it. The whole is in `docs/spec/api.md`. */
import type { XdsChange } from "@routeledger/api";
import type { JsonObject } from "@routeledger/std";

export type { ChangeAnswer, InputProblem, ObjectResult, Outcome, XdsChange } from "@routeledger/api";

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
}

export interface ProxyEntry {
  readonly node: string;
  readonly nodeGroup: string;
  readonly edge?: string;
  readonly connected: boolean;
  /** RFC 3339, of the last connect or disconnect. */
  readonly since: string;
  readonly protocol: string;
  readonly types: readonly ProxyType[];
}

export interface ProxyType {
  /** `CDS`, `EDS`, `LDS`, `RDS`. */
  readonly type: string;
  /** TypeVersions; empty where there is none. */
  readonly wanted: string;
  readonly sent: string;
  readonly acked: string;
  readonly rejected?: { readonly version: string; readonly message: string; readonly time: string } | null;
  /** What it holds is what it should hold, by digests. */
  readonly current: boolean;
}

/** `GET /v1/status`. */
export interface StatusAnswer {
  /** Last revision of CONFIG that the store holds. */
  readonly head: string;
  /** Up to which revision XDS is published. */
  readonly published: string;
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
