/** What proxies say of their requests to clusters, summed over a window. In memory, of one edge, never in a log. */
import { assert, by, compareStrings } from "@routeledger/std";

/** The longest window that can be asked for, milliseconds; what is older is forgotten. */
export const loadWindowMsMax = 60_000;

/** Reports are summed in steps of so long, milliseconds: a window begins with the step that its begin is in. */
export const loadStepMs = 1_000;

/** Clusters with requests in one report; those after them are left out, and counted. */
export const loadClustersMax = 10_000;

/** A count of one report beyond this is no count: that cluster of the report is left out, and counted. */
export const loadCountMax = 1_000_000_000;

/** Requests of one proxy to one cluster since its report before. */
export interface ClusterLoad {
  readonly cluster: string;
  /** Finished without an error of the backend: of HTTP all but 5xx. */
  readonly successful: number;
  /** Finished with one: 5xx, a reset, no connection; of gRPC also six of its codes. */
  readonly errors: number;
  /** Begun. */
  readonly issued: number;
  /** Not finished when the report was made. */
  readonly inProgress: number;
}

/** The same, of all proxies of a node group and over a window. */
export interface LoadSum extends Omit<ClusterLoad, "cluster"> {
  /** `errors` of all that finished, 0 to 1; undefined when none did. */
  readonly errorShare: number | undefined;
  /** Proxies whose reports come here now, whether or not they sent anything to the cluster. */
  readonly proxies: number;
}

export interface LoadQuery {
  /** namespace/name of the Gateway. */
  readonly nodeGroup: string;
  readonly cluster: string;
  /** At most `loadWindowMsMax`. */
  readonly windowMs: number;
}

export interface NamedLoadSum extends LoadSum {
  readonly cluster: string;
}

/** The last report of one proxy of one cluster. */
export interface ProxyLoad extends ClusterLoad {
  readonly nodeId: string;
  /** How long ago it came, milliseconds. */
  readonly ageMs: number;
}

/** What may be asked. */
export interface LoadView {
  sum(query: LoadQuery): LoadSum;
  /** That of `sum`: what a switch is watched by. */
  errorShare(query: LoadQuery): number | undefined;
  /** Each cluster that had requests in the window, or has some in progress, sorted by name. */
  clusters(query: Omit<LoadQuery, "cluster">): NamedLoadSum[];
  /** The last report of each proxy in which the cluster had requests, sorted by node id. */
  proxies(query: Omit<LoadQuery, "windowMs">): ProxyLoad[];
  /** Node groups of which proxies report, or did within the longest window, sorted. */
  nodeGroups(): string[];
}

/** One proxy's stream of reports; each object is another one. */
export interface LoadReporter {
  readonly nodeId: string;
  readonly nodeGroup: string;
}

export interface LoadSumsOptions {
  /** Monotonic. */
  readonly nowMs: () => number;
  /**
   * Whether a node group has such a cluster: others are left out, so that what is kept is bounded by what is configured
   * and not by what proxies say.
   */
  readonly isServed: (nodeGroup: string, cluster: string) => boolean;
  /** Told what each report adds of each cluster, but for the first of a stream: nobody knows when that happened. */
  readonly onLoad?: (nodeGroup: string, load: ClusterLoad) => void;
}

export interface TakenReport {
  /** Over all clusters. */
  readonly taken: Pick<ClusterLoad, "successful" | "errors">;
  /** Clusters with requests that were left out for `loadClustersMax` or `loadCountMax`. */
  readonly leftOut: number;
}

interface Reported {
  readonly nodeId: string;
  atMs: number;
  clusters: ReadonlyMap<string, ClusterLoad>;
}

interface Step {
  readonly index: number;
  successful: number;
  errors: number;
  issued: number;
}

interface Group {
  readonly reporters: Map<LoadReporter, Reported>;
  /** By cluster: the steps in which it had requests, oldest first. */
  readonly steps: Map<string, Step[]>;
}

/**
 * Keeps of each open stream its last report, and of each node group and cluster the sums of each second for a minute.
 * A report counts at the time at which it came.
 */
export class LoadSums implements LoadView {
  readonly #options: LoadSumsOptions;
  readonly #groups = new Map<string, Group>();
  #sweptMs: number;

  constructor(options: LoadSumsOptions) {
    this.#options = options;
    this.#sweptMs = options.nowMs();
  }

  /** From now on this proxy reports. Idempotent. */
  opened(reporter: LoadReporter): void {
    const { nodeId, nodeGroup } = reporter;
    const group = this.#groups.get(nodeGroup) ?? { reporters: new Map(), steps: new Map() };
    this.#groups.set(nodeGroup, group);
    if (group.reporters.has(reporter)) return;
    group.reporters.set(reporter, { nodeId, atMs: Number.NEGATIVE_INFINITY, clusters: new Map() });
  }

  /** Forgets its last report; what it added to sums stays for its minute. Idempotent. */
  ended(reporter: LoadReporter): void {
    const group = this.#groups.get(reporter.nodeGroup);
    group?.reporters.delete(reporter);
    // At once: names of node groups are what clients say.
    if (group?.reporters.size === 0 && group.steps.size === 0) this.#groups.delete(reporter.nodeGroup);
    this.#sweep();
  }

  /** Takes a report of an opened reporter, in place of its last one. A cluster that is named twice is the sum. */
  reported(reporter: LoadReporter, loads: Iterable<ClusterLoad>): TakenReport {
    const group = this.#groups.get(reporter.nodeGroup);
    const reported = group?.reporters.get(reporter);
    assert(group !== undefined && reported !== undefined, "a report of a stream that was opened");
    const clusters = new Map<string, ClusterLoad>();
    let leftOut = 0;
    for (const load of loads) {
      if (isIdle(load) || !this.#options.isServed(reporter.nodeGroup, load.cluster)) continue;
      const before = clusters.get(load.cluster);
      const sum = before === undefined ? load : sumOf(load.cluster, [before, load]);
      const isFull = before === undefined && clusters.size >= loadClustersMax;
      if (isFull || !isCount(sum)) leftOut++;
      else clusters.set(load.cluster, sum);
    }
    // The first report of a stream tells of all the time since the last one of the stream before it, wherever that was.
    const isTimely = reported.atMs > Number.NEGATIVE_INFINITY;
    reported.atMs = this.#options.nowMs();
    reported.clusters = clusters;
    const index = Math.floor(reported.atMs / loadStepMs);
    const taken = { successful: 0, errors: 0 };
    for (const load of clusters.values()) {
      addTo(group.steps, load, index);
      if (isTimely) this.#options.onLoad?.(reporter.nodeGroup, load);
      taken.successful += load.successful;
      taken.errors += load.errors;
    }
    this.#sweep();
    return { taken, leftOut };
  }

  sum({ nodeGroup, cluster, windowMs }: LoadQuery): LoadSum {
    const group = this.#groups.get(nodeGroup);
    const current = this.#current(group);
    const inProgress = totalOf(current.map(({ clusters }) => clusters.get(cluster)?.inProgress ?? 0));
    const first = this.#firstStep(windowMs);
    return windowSum(group?.steps.get(cluster) ?? [], { first, inProgress, proxies: current.length });
  }

  errorShare(query: LoadQuery): number | undefined {
    return this.sum(query).errorShare;
  }

  clusters({ nodeGroup, windowMs }: Omit<LoadQuery, "cluster">): NamedLoadSum[] {
    const group = this.#groups.get(nodeGroup);
    const current = this.#current(group);
    const inProgress = new Map<string, number>();
    for (const { clusters } of current)
      for (const load of clusters.values())
        inProgress.set(load.cluster, (inProgress.get(load.cluster) ?? 0) + load.inProgress);
    const first = this.#firstStep(windowMs);
    return [...new Set([...(group?.steps.keys() ?? []), ...inProgress.keys()])]
      .map((cluster) => ({
        cluster,
        ...windowSum(group?.steps.get(cluster) ?? [], {
          ...{ first, inProgress: inProgress.get(cluster) ?? 0, proxies: current.length },
        }),
      }))
      .filter((load) => !isIdle(load))
      .sort(by(({ cluster }) => cluster));
  }

  proxies({ nodeGroup, cluster }: Omit<LoadQuery, "windowMs">): ProxyLoad[] {
    const nowMs = this.#options.nowMs();
    return this.#current(this.#groups.get(nodeGroup))
      .flatMap(({ nodeId, atMs, clusters }) => {
        const load = clusters.get(cluster);
        return load === undefined ? [] : [{ ...load, nodeId, ageMs: nowMs - atMs }];
      })
      .sort(by(({ nodeId }) => nodeId));
  }

  /** Proxies of a node group whose reports come here now. */
  reporting(nodeGroup: string): number {
    return this.#current(this.#groups.get(nodeGroup)).length;
  }

  nodeGroups(): string[] {
    this.#sweep();
    return [...this.#groups.keys()].sort(compareStrings);
  }

  /** Those whose last report is not too old to count. */
  #current(group: Group | undefined): Reported[] {
    const oldestMs = this.#options.nowMs() - loadWindowMsMax;
    return [...(group?.reporters.values() ?? [])].filter(({ atMs }) => atMs >= oldestMs);
  }

  #firstStep(windowMs: number): number {
    const isWindow = windowMs > 0 && windowMs <= loadWindowMsMax;
    assert(isWindow, `a window of up to ${loadWindowMsMax} ms, got ${windowMs}`);
    return Math.floor((this.#options.nowMs() - windowMs) / loadStepMs);
  }

  /** Drops what no window reaches any more, once in the longest window. */
  #sweep(): void {
    const nowMs = this.#options.nowMs();
    if (nowMs - this.#sweptMs < loadWindowMsMax) return;
    this.#sweptMs = nowMs;
    const first = this.#firstStep(loadWindowMsMax);
    for (const [nodeGroup, { reporters, steps }] of this.#groups) {
      for (const [cluster, list] of steps) if ((list.at(-1)?.index ?? 0) < first) steps.delete(cluster);
      if (reporters.size === 0 && steps.size === 0) this.#groups.delete(nodeGroup);
    }
  }
}

/** All of them as one. */
export function sumOf(cluster: string, loads: readonly Omit<ClusterLoad, "cluster">[]): ClusterLoad {
  const total = { successful: 0, errors: 0, issued: 0, inProgress: 0 };
  for (const { successful, errors, issued, inProgress } of loads) {
    total.successful += successful;
    total.errors += errors;
    total.issued += issued;
    total.inProgress += inProgress;
  }
  return { cluster, ...total };
}

function addTo(steps: Group["steps"], load: ClusterLoad, index: number): void {
  let list = steps.get(load.cluster);
  if (list === undefined) {
    list = [];
    steps.set(load.cluster, list);
  }
  const first = index - loadWindowMsMax / loadStepMs;
  while (list[0] !== undefined && list[0].index < first) list.shift();
  let step = list.at(-1);
  if (step?.index !== index) {
    step = { index, successful: 0, errors: 0, issued: 0 };
    list.push(step);
  }
  step.successful += load.successful;
  step.errors += load.errors;
  step.issued += load.issued;
}

function windowSum(
  steps: readonly Step[],
  { first, ...current }: { readonly first: number } & Pick<LoadSum, "inProgress" | "proxies">,
): LoadSum {
  const total = { successful: 0, errors: 0, issued: 0 };
  for (const { index, successful, errors, issued } of steps) {
    if (index < first) continue;
    total.successful += successful;
    total.errors += errors;
    total.issued += issued;
  }
  const finished = total.successful + total.errors;
  return { ...total, errorShare: finished === 0 ? undefined : total.errors / finished, ...current };
}

function isIdle({ successful, errors, issued, inProgress }: Omit<ClusterLoad, "cluster">): boolean {
  return successful === 0 && errors === 0 && issued === 0 && inProgress === 0;
}

function isCount({ successful, errors, issued, inProgress }: ClusterLoad): boolean {
  return Math.max(successful, errors, issued, inProgress) <= loadCountMax;
}

function totalOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
