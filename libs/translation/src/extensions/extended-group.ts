import type { Part, PartSet, Reference } from "@routeledger/xds-model";
import type { ExtensionProblem, WantedCall } from "./hook-chain.ts";

/** What extensions make of the resources of a node group, as far as a state says it. */
export interface ExtendedGroup {
  /** Without what is held. */
  readonly parts: PartSet;
  /** Undefined where the parts are all there is to say. */
  readonly unsettled: Unsettled | undefined;
  /** What the leading translator asks. */
  readonly calls: readonly WantedCall[];
  readonly problems: readonly ExtensionProblem[];
}

/** What of a node group depends on what proxies have: `settleGroup` puts it in. Keys are `partKeyText`. */
export interface Unsettled {
  /** Parts that keep the bytes that proxies have; those that they do not have are left out. */
  readonly held: ReadonlySet<string>;
  /** Of virtual hosts, the routes that are held, by name and place among those of the name. */
  readonly heldRoutes: ReadonlyMap<string, ReadonlySet<string>>;
  /** What stands for parts of extensions where they name what is not there. */
  readonly closings: ReadonlyMap<string, Closing>;
}

/** The part with an error for what names something missing; undefined where it goes. */
export type Closing = (isMissing: (reference: Reference) => boolean) => Part | undefined;
