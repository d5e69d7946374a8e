import { generationName, type OpenSwitch, type SwitchedCluster } from "@routeledger/config-model";

/** What the store knows of one of a switch's Gateways, of the revision of its last step. */
export interface SeenGroup {
  readonly nodeGroup: string;
  /** Nodes of connected proxies, and those of them that have not acknowledged it. */
  readonly connected: readonly string[];
  readonly missing: readonly string[];
  readonly rejected: readonly { readonly node: string; readonly what: string; readonly message: string }[];
  /** Nodes that went away a moment ago. */
  readonly gone: readonly string[];
  /** Since every proxy had it, and of the old clusters before the switch was tried. */
  readonly since: SeenLoads;
  readonly before: SeenLoads;
}

/** What proxies reported, by cluster. */
export interface SeenLoads {
  /** How many proxies report, and for how long by now all of them do, milliseconds. */
  readonly proxies: number;
  readonly heardMs: number;
  readonly clusters: ReadonlyMap<string, SeenLoad>;
}

export interface SeenLoad {
  readonly successful: number;
  readonly errors: number;
  readonly issued: number;
}

export interface Seen {
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  /** What the step became is published. */
  readonly published: boolean;
  readonly groups: readonly SeenGroup[];
}

export type SwitchDecision =
  | { readonly type: "wait"; readonly what: string }
  | { readonly type: "try" | "turn" | "finish" | "revert"; readonly why: string };

/** Requests that a share of errors is taken of, and that let a trial end early. */
export const judgedRequestsMin = 20;

const namesMax = 3;

/** The step that is due for the open switch (SW11 to SW18). Pure. */
export function decideStep(open: OpenSwitch, seen: Seen): SwitchDecision {
  const { nowMs, groups, published } = seen;
  const { deadlineMs } = open.plan;
  const isLate = nowMs - open.steppedMs >= deadlineMs;
  const inTime = `within ${deadlineMs / 1000} s`;
  const [rejection] = groups.flatMap(({ rejected }) => rejected);
  if (rejection !== undefined) {
    const { node, what, message } = rejection;
    return { type: "revert", why: `proxy ${node} rejected ${what}: ${message}` };
  }
  if (!published)
    return isLate
      ? { type: "revert", why: `nothing was published ${inTime}` }
      : wait("waits for the translator");
  const connected = groups.flatMap((group) => group.connected);
  if (connected.length === 0) return decideAlone(open, groups, isLate);
  const missing = groups.flatMap((group) => group.missing);
  if (missing.length > 0) {
    const who = `${connected.length - missing.length} of ${connected.length} proxies have it`;
    const names = `missing: ${missing.slice(0, namesMax).join(", ")}${missing.length > namesMax ? ", ..." : ""}`;
    return isLate
      ? { type: "revert", why: `${who} ${inTime}; ${names}` }
      : wait(`waits for proxies: ${who}; ${names}`);
  }
  const all = connected.length === 1 ? "1 proxy has it" : `all ${connected.length} proxies have it`;
  switch (open.phase) {
    case "prepared": {
      const isTried = open.plan.trialMs > 0 && open.plan.clusters.some(({ tried }) => tried);
      return { type: isTried ? "try" : "turn", why: all };
    }
    case "tried":
      return judgeTrial(open, seen, all);
    case "turned":
      return judgeWatch(open, seen, all);
  }
}

function wait(what: string): SwitchDecision {
  return { type: "wait", what };
}

/** Nobody is there to warm, and no traffic to lose (SW14); who left a moment ago may be on its way to another edge. */
function decideAlone(open: OpenSwitch, groups: readonly SeenGroup[], isLate: boolean): SwitchDecision {
  const gone = groups.flatMap((group) => group.gone);
  if (gone.length > 0 && !isLate) return wait(`waits for ${gone.slice(0, namesMax).join(", ")} to come back`);
  return { type: open.phase === "turned" ? "finish" : "turn", why: "no proxy is connected" };
}

function judgeTrial(open: OpenSwitch, seen: Seen, all: string): SwitchDecision {
  const { trialMs } = open.plan;
  const tried = open.plan.clusters.filter((cluster) => cluster.tried);
  const { isOver, silent } = hearing(open, seen, trialMs);
  let judged = 0;
  let requests = 0;
  for (const { since } of seen.groups) {
    for (const cluster of tried) {
      const { fresh, old, name, oldName } = loadsOf(cluster, since);
      if (old.issued > 0 && fresh.issued === 0) {
        const why = `no request got a connection to ${name}: ${old.issued} went to ${oldName} instead`;
        return { type: "revert", why };
      }
      const { successful, errors } = fresh;
      if (successful === 0 && errors > 0 && (isOver || errors >= judgedRequestsMin))
        return { type: "revert", why: `all of ${errors} requests to ${name} failed` };
      requests += successful;
      if (successful > 0) judged = judged === 0 ? successful : Math.min(judged, successful);
    }
  }
  const worse = worseErrors(open, seen);
  if (worse !== undefined) return { type: "revert", why: worse };
  if (judged >= judgedRequestsMin) return { type: "turn", why: `${all}, and ${requests} requests went well` };
  if (!isOver && silent > 0) return wait(`waits for ${silent} proxies to report their load`);
  if (!isOver) return wait(`waits for requests that try it: ${requests} so far`);
  const blind = unwatched(open, seen);
  if (blind !== undefined) return { type: "revert", why: blind };
  const what = requests === 0 ? "no request tried it" : `${requests} requests went well`;
  const unheard = silent === 0 ? "" : `, and ${silent} proxies report no load`;
  return { type: "turn", why: `${all}; ${what} in ${trialMs / 1000} s${unheard}` };
}

function judgeWatch(open: OpenSwitch, seen: Seen, all: string): SwitchDecision {
  const { watch } = open.plan;
  if (watch === undefined) return { type: "finish", why: all };
  const worse = worseErrors(open, seen);
  if (worse !== undefined) return { type: "revert", why: worse };
  const { isOver, silent } = hearing(open, seen, watch.periodMs);
  if (!isOver && silent > 0) return wait(`waits for ${silent} proxies to report their load`);
  if (!isOver) return wait(`watches errors for ${watch.periodMs / 1000} s`);
  const blind = unwatched(open, seen);
  if (blind !== undefined) return { type: "revert", why: blind };
  return {
    type: "finish",
    why: `${all}, and errors stayed below ${percent(watch.errorsPerMillionMax / 1e6)}`,
  };
}

/** Says so when the new clusters have more errors than they may, and than the old ones had. */
function worseErrors({ plan: { watch, clusters } }: OpenSwitch, { groups }: Seen): string | undefined {
  if (watch === undefined) return undefined;
  for (const { since, before } of groups) {
    for (const cluster of clusters) {
      if (cluster.generationBefore === 0) continue;
      const { fresh, name, oldName } = loadsOf(cluster, since);
      const requests = fresh.successful + fresh.errors;
      const share = shareOf(fresh);
      const shareBefore = shareOf(before.clusters.get(oldName) ?? noLoad);
      if (requests < judgedRequestsMin || share <= Math.max(watch.errorsPerMillionMax / 1e6, shareBefore))
        continue;
      const limit = percent(watch.errorsPerMillionMax / 1e6);
      return `${percent(share)} of ${requests} requests to ${name} failed, ${percent(shareBefore)} before; the limit is ${limit}`;
    }
  }
  return undefined;
}

/**
 * Whether all connected proxies have reported for so long; those that do not may be on the way to another edge, with their
 * streams of reports: after the deadline they are not waited for any more.
 */
function hearing(
  { steppedMs, plan: { deadlineMs } }: OpenSwitch,
  { nowMs, groups }: Seen,
  forMs: number,
): { readonly isOver: boolean; readonly silent: number } {
  const reporting = groups.filter(({ connected }) => connected.length > 0);
  const silent = reporting.reduce(
    (sum, { connected, since }) => sum + Math.max(0, connected.length - since.proxies),
    0,
  );
  const heardMs = Math.min(...reporting.map(({ since }) => since.heardMs));
  const isLate = nowMs - steppedMs >= Math.max(deadlineMs, forMs);
  return { isOver: isLate || (silent === 0 && heardMs >= forMs), silent };
}

/** Whoever wants errors watched wants somebody to watch (SW18). */
function unwatched({ plan: { watch } }: OpenSwitch, { groups }: Seen): string | undefined {
  const isBlind = watch !== undefined && groups.every(({ since }) => since.proxies === 0);
  return isBlind ? "errors cannot be watched: no proxy reports its load" : undefined;
}

const noLoad: SeenLoad = { successful: 0, errors: 0, issued: 0 };

function loadsOf({ name, generation, generationBefore }: SwitchedCluster, { clusters }: SeenLoads) {
  const fresh = generationName(name, generation);
  const old = generationName(name, generationBefore);
  return {
    ...{ name: fresh, oldName: old },
    fresh: clusters.get(fresh) ?? noLoad,
    old: clusters.get(old) ?? noLoad,
  };
}

function shareOf({ successful, errors }: SeenLoad): number {
  return successful + errors === 0 ? 0 : errors / (successful + errors);
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(2))}%`;
}
