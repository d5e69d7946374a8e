import type { ProxyState, XdsEdgeOptions } from "@routeledger/xds-edge";
import type { Part } from "@routeledger/xds-model";

/** What a test asks of an edge in a process of its own. */
export type EdgeCommand =
  /** Answered when the edge has offered it to its streams. */
  | { readonly type: "publish"; readonly nodeGroup: string; readonly parts: readonly Part[] }
  | { readonly type: "look" }
  /** Memory in use, after a collection. */
  | { readonly type: "measure" }
  /** In order, as an operator stops it. */
  | { readonly type: "stop" };

/** Has what was asked for, and nothing else. */
export interface EdgeAnswer {
  /** host:port; said once, unasked, when the edge is ready. */
  readonly address?: string;
  /** Of the CONFIG log. */
  readonly sequence?: number;
  readonly proxies?: readonly ProxyState[];
  /** Bytes. */
  readonly memory?: NodeJS.MemoryUsage;
}

/** Options of an edge that are numbers: its limits and times. */
export type ProcessLimits = {
  readonly [Name in keyof XdsEdgeOptions as XdsEdgeOptions[Name] extends number | undefined
    ? Name
    : never]?: number;
};
