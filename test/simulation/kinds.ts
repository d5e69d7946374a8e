/** The kinds of random worlds, and how many of each are played. */
import type { HistoryOptions } from "./world/happenings.ts";

export interface WorldKind {
  readonly name: string;
  readonly options: HistoryOptions;
}

/** The kind that needs the least to be understood. */
export const plain: HistoryOptions = {
  withRejected: false,
  withSlowClusters: false,
  withLongLag: false,
  withCuts: true,
  stepsMax: 40,
};

export const kinds: readonly WorldKind[] = [
  { name: "commits, cuts, slow sockets, moves between edges", options: plain },
  { name: "clusters that check health or wait for secrets", options: { ...plain, withSlowClusters: true } },
  { name: "proxies that reject some of it", options: { ...plain, withRejected: true } },
  { name: "edges further behind than a new stream waits for", options: { ...plain, withLongLag: true } },
  {
    name: "references whose bytes change, on streams that last",
    options: { ...plain, withSlowClusters: true, withCuts: false },
  },
];

/** Worlds of each kind and protocol. `make soak` raises it. */
export const worldsEach = Number(process.env.SIMULATION_WORLDS ?? 120);

/** What is played unless told otherwise, so that a change's failures are its own. `any`: another seed each time. */
const seed = process.env.SIMULATION_SEED ?? "20261121";

/** The seed, and of a failure that is to be seen again the path, as its first line says. */
export const again: { readonly seed?: number; readonly path?: string } = {
  ...(seed === "any" ? {} : { seed: Number(seed) }),
  ...(process.env.SIMULATION_PATH === undefined ? {} : { path: process.env.SIMULATION_PATH }),
};
