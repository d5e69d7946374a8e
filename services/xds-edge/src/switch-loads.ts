/** What proxies say of clusters that are being switched, for whoever decides on the switch (docs/spec/switches.md). */
import { by, type Clock } from "@routeledger/std";
import type { Published, Snapshot } from "@routeledger/xds-model";
import type { DeliveryFact } from "./delivery-facts.ts";
import { type ClusterLoad, sumOf } from "./load-sums.ts";

/** Clusters of one record; a switch has at most 500, each in two generations. */
const clustersMax = 1_000;

export interface SwitchLoadsOptions {
  readonly clock: Clock;
  /** How often proxies report, and how often it is written, milliseconds. */
  readonly intervalMs: number;
  readonly record: (fact: DeliveryFact) => void;
  /** Proxies of a node group whose reports come here now. */
  readonly reporting: (nodeGroup: string) => number;
}

/** Writes to DELIVERY, once an interval, what was reported of clusters of which a snapshot has two generations (SW22). */
export class SwitchLoads {
  readonly #options: SwitchLoadsOptions;
  /** By node group: the clusters, and what was reported of them since the record before. */
  readonly #watched = new Map<string, Map<string, ClusterLoad | undefined>>();
  #cancel: (() => void) | undefined;

  constructor(options: SwitchLoadsOptions) {
    this.#options = options;
  }

  /** Which clusters those are, when snapshots changed. */
  follow(published: Published, before: Published): void {
    for (const [group, snapshot] of published.snapshots) {
      if (snapshot === before.snapshots.get(group)) continue;
      const names = switchedClusters(snapshot);
      const known = this.#watched.get(group);
      if (names.length === 0) this.#watched.delete(group);
      else this.#watched.set(group, new Map(names.map((name) => [name, known?.get(name)])));
    }
    for (const group of this.#watched.keys())
      if (!published.snapshots.has(group)) this.#watched.delete(group);
    if (this.#watched.size > 0) this.#start();
  }

  /** A report said this of a cluster. */
  add(nodeGroup: string, load: ClusterLoad): void {
    const clusters = this.#watched.get(nodeGroup);
    if (clusters === undefined || !clusters.has(load.cluster)) return;
    const known = clusters.get(load.cluster);
    clusters.set(load.cluster, known === undefined ? load : sumOf(load.cluster, [known, load]));
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #start(): void {
    const { clock, intervalMs } = this.#options;
    this.#cancel ??= clock.after(intervalMs, () => {
      this.#cancel = undefined;
      this.#write();
      if (this.#watched.size > 0) this.#start();
    });
  }

  #write(): void {
    const { intervalMs, record, reporting } = this.#options;
    for (const [nodeGroup, clusters] of this.#watched) {
      const proxies = reporting(nodeGroup);
      if (proxies === 0) continue;
      const loads = [...clusters.values()].filter((load) => load !== undefined);
      for (const name of clusters.keys()) clusters.set(name, undefined);
      record({
        ...{ nodeId: "", nodeGroup, streamId: 0 },
        // What comes within this interval is of the one before at the earliest.
        loads: {
          proxies,
          windowMs: 2 * intervalMs,
          clusters: loads.sort(by(({ cluster }) => cluster)).map(said),
        },
      });
    }
  }
}

function said({ cluster, successful, errors, issued }: ClusterLoad) {
  return { name: cluster, successful, errors, issued };
}

/** Clusters of which there are two generations, also where one is retiring (SW4). */
function switchedClusters({ types, retiring }: Snapshot): string[] {
  const names = [...types.cluster.resources.keys(), ...retiring.cluster.keys()];
  const byBase = Map.groupBy(
    names.filter((name) => !name.endsWith("/trial")),
    (name) => name.replace(/~\d+$/, ""),
  );
  return [...byBase.values()]
    .filter((generations) => generations.length > 1)
    .flat()
    .sort()
    .slice(0, clustersMax);
}
