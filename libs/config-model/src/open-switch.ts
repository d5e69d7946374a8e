/** What of prepared switches `evolve` must remember (docs/spec/switches.md). */
import type { Revision, SortedMap } from "@routeledger/std";
import type { ObjectChange } from "./config-event.ts";
import type { ConfigObject } from "./config-state.ts";
import type { ObjectRef } from "./object-ref.ts";

/** A cluster that a switch brings up. */
export interface SwitchedCluster {
  /** Without a generation. */
  readonly name: string;
  /** In use before the turn; 0: none, the cluster is new. */
  readonly generationBefore: number;
  /** In use after it. */
  readonly generation: number;
  /** Requests are tried on it before the turn (SW10). */
  readonly tried: boolean;
  /** It speaks in clear, and the generation before spoke TLS: a backend may hang up only when it has the request. */
  readonly cleared: boolean;
}

export interface SwitchWatch {
  /** How long after the turn, milliseconds. */
  readonly periodMs: number;
  readonly errorsPerMillionMax: number;
}

/** What a switch is to do, as its event says. */
export interface SwitchPlan {
  /** Completed, at most one an object. */
  readonly changes: readonly ObjectChange[];
  /** Sorted by name. */
  readonly clusters: readonly SwitchedCluster[];
  /** `namespace/name` of the Gateways whose proxies it concerns, sorted. */
  readonly nodeGroups: readonly string[];
  /** How long each step may take until every proxy has it, milliseconds. */
  readonly deadlineMs: number;
  /** How long requests are tried before the turn, milliseconds. */
  readonly trialMs: number;
  /** Undefined: errors are not watched. */
  readonly watch: SwitchWatch | undefined;
}

export type SwitchPhase = "prepared" | "tried" | "turned";

/** An object and what it is on the side of a switch that is not in use; undefined: it is not there. */
export interface AsideObject {
  readonly ref: ObjectRef;
  readonly object: ConfigObject | undefined;
}

/** The switch that is under way. */
export interface OpenSwitch {
  /** The revision of its SwitchPrepared, by which it is known. */
  readonly prepared: Revision;
  readonly plan: SwitchPlan;
  readonly phase: SwitchPhase;
  /** The revision of its last step, and that event's time, milliseconds since 1970. */
  readonly stepped: Revision;
  readonly steppedMs: number;
  /** The changed objects on the other side: as they will be, and after the turn as they were. */
  readonly aside: readonly AsideObject[];
}

/** Generations of a cluster's name (SW4). */
export interface ClusterGenerations {
  readonly inUse: number;
  readonly highest: number;
}

/** By name without a generation; a name that is missing has generation 1 alone. */
export type GenerationIndex = SortedMap<ClusterGenerations>;

export const firstGeneration: ClusterGenerations = { inUse: 1, highest: 1 };

/** The name of a cluster in a generation (SW4). */
export function generationName(name: string, generation: number): string {
  return generation <= 1 ? name : `${name}~${generation}`;
}
