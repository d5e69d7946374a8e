/**
 * A simulated world: a log, two edges that follow it, proxies on unsteady connections, on one virtual clock. Plays a
 * history and throws a `Violation` at the first moment at which a promise is broken.
 */
import { emptySnapshot, type Snapshot, typeNames } from "@routeledger/xds-model";
import { snapshotOf } from "@routeledger/xds-model/testing";
import type { Protocol } from "@routeledger/xds-stream";
import { VirtualClock } from "../model/virtual-clock.ts";
import { brokenNow, differencesAtRest, firstWarming, freezesClusters, isBad } from "./checks.ts";
import { type Edit, edited, mended, partsOf, type Wishes } from "./configuration.ts";
import type { Happening, History } from "./happenings.ts";
import type { OpenServerStream } from "./server-stream.ts";
import { catchUpDeadlineMs, SimulatedEdge } from "./simulated-edge.ts";
import { SimulatedProxy } from "./simulated-proxy.ts";
import { Violation } from "./violation.ts";

/** How long a gate holds back at most what refers to a cluster that is not usable (rule 46), milliseconds. */
const gateDeadlineMs = 2_000;
/** Everything that waits for its own time is over by then: grace, drains, health checks. */
const restMs = 600_000;

export interface WorldOptions {
  readonly protocol: Protocol;
  readonly open: OpenServerStream;
  readonly history: History;
  /** What happens, in words. */
  readonly log?: (line: string) => void;
}

export class World {
  readonly #history: History;
  readonly #clock: VirtualClock;
  readonly #edges: readonly SimulatedEdge[];
  readonly #proxies: readonly SimulatedProxy[];
  readonly #log: (line: string) => void;
  readonly #cold = new Map<SimulatedProxy, ReadonlyMap<string, number>>();
  #wishes: Wishes = new Map();
  #snapshot: Snapshot = emptySnapshot("default/gateway");
  #commits = 0;
  #lastBadMs = Number.NEGATIVE_INFINITY;

  constructor({ protocol, open, history, log = () => undefined }: WorldOptions) {
    this.#history = history;
    this.#clock = new VirtualClock(() => this.#check());
    this.#log = (line) => log(`${String(this.#clock.nowMs).padStart(7)} ms  ${line}`);
    this.#edges = ["east", "west"].map((name) => new SimulatedEdge(name, this.#clock, open));
    const mayLag = history.steps.some(
      ({ happening }) => happening.do === "lag" && happening.ms >= catchUpDeadlineMs,
    );
    this.#proxies = history.proxies.map((network, index) => {
      const name = `p${index}`;
      return new SimulatedProxy({ ...network, name, protocol, mayLag, clock: this.#clock, log: this.#log });
    });
  }

  /** Throws at the first promise that is broken. */
  play(): void {
    for (const [index, proxy] of this.#proxies.entries()) proxy.connect(this.#edge(index));
    for (const { afterMs, happening } of this.#history.steps) {
      this.#clock.runUntil(this.#clock.nowMs + afterMs);
      this.#happen(happening);
    }
    this.#comeToRest();
  }

  #happen(happening: Happening): void {
    switch (happening.do) {
      case "commit":
        this.#commit(happening.edits);
        break;
      case "flap":
        this.#flap(happening.edit, happening.everyMs, happening.times);
        break;
      case "cut":
        this.#proxies[happening.proxy]?.cut(this.#edge(happening.edge));
        break;
      case "socket": {
        const proxy = this.#proxies[happening.proxy];
        proxy?.setSocket(happening.ms);
        break;
      }
      case "lag":
        this.#edge(happening.edge).lagMs = happening.ms;
        break;
      case "pass":
        break;
    }
  }

  #commit(edits: readonly Edit[]): void {
    this.#publish(edited(this.#wishes, edits), edits.map(textOfEdit).join("; "));
  }

  #flap(edit: Edit, everyMs: number, times: number): void {
    const before = this.#wishes;
    for (let time = 0; time < times; time++) {
      this.#publish(edited(before, [edit]), textOfEdit(edit));
      this.#clock.runUntil(this.#clock.nowMs + everyMs);
      this.#publish(before, `back before ${textOfEdit(edit)}`);
      this.#clock.runUntil(this.#clock.nowMs + everyMs);
    }
  }

  #publish(wishes: Wishes, why: string): void {
    this.#wishes = wishes;
    const sequence = ++this.#commits;
    const next = snapshotOf(partsOf(wishes), sequence, this.#snapshot, this.#clock.nowMs);
    if (next === this.#snapshot) return;
    this.#snapshot = next;
    this.#log(`commit 1.${sequence}: ${why}`);
    if (Object.values(next.types).some(({ resources }) => [...resources.values()].some(isBad)))
      this.#lastBadMs = this.#clock.nowMs;
    for (const edge of this.#edges) edge.publish(next);
  }

  #edge(index: number): SimulatedEdge {
    return this.#edges[index % this.#edges.length] as SimulatedEdge;
  }

  #check(): void {
    for (const proxy of this.#proxies) {
      const { name } = proxy.options;
      this.#checkTimeouts(proxy);
      this.#checkStorm(proxy);
      if (this.#isExcused(proxy)) continue;
      const mayLackEndpoints = proxy.options.mayLag && proxy.options.protocol === "delta";
      const [broken] = brokenNow(proxy.envoy, { mayLackEndpoints });
      if (broken !== undefined) throw new Violation(`P5: at ${name}, ${broken}`);
    }
  }

  /** Rules 39 to 44: nothing waits until it gives up, but for what the proxy rejects. */
  #checkTimeouts({ envoy, options }: SimulatedProxy): void {
    for (const { type, name } of envoy.fetchTimeouts.splice(0)) {
      const wanted = this.#snapshot.types[type].resources.get(name);
      if (wanted !== undefined && isBad(wanted)) continue;
      throw new Violation(`P4: ${options.name} waited in vain for ${typeNames[type]} ${name}`);
    }
  }

  /** What a proxy rejects may break it, until it is mended; a gate ends though a cluster still warms (rule 46). */
  #isExcused(proxy: SimulatedProxy): boolean {
    if (this.#lastBadMs > Number.NEGATIVE_INFINITY) return true;
    return [...this.#coldSince(proxy).values()].some(
      (sinceMs) => this.#clock.nowMs - sinceMs >= gateDeadlineMs,
    );
  }

  /** Since when its clusters warm for the first time, in whichever edition: one that changes gets no more time. */
  #coldSince(proxy: SimulatedProxy): ReadonlyMap<string, number> {
    const before = this.#cold.get(proxy);
    const now = firstWarming(proxy.envoy).map(
      (name) => [name, before?.get(name) ?? this.#clock.nowMs] as const,
    );
    const since = new Map(now);
    this.#cold.set(proxy, since);
    return since;
  }

  /** Rule 6 and section 3: responses are bounded by what is committed and asked for. */
  #checkStorm({ responses, requests, streams, nacks, options }: SimulatedProxy): void {
    const most = 12 * streams + 12 * this.#commits + requests + 8 * nacks;
    if (responses > most)
      throw new Violation(
        `${options.name} is sent ${responses} responses for ${this.#commits} commits, ${requests} requests, ` +
          `${streams} streams and ${nacks} rejections`,
      );
  }

  #comeToRest(): void {
    if (this.#history.end !== "leave")
      this.#publish(
        mended(this.#wishes, this.#history.end === "remove"),
        `${this.#history.end} what is rejected`,
      );
    for (const proxy of this.#proxies) proxy.socketMs = 0;
    if (!this.#clock.runToRest(this.#clock.nowMs + restMs))
      throw new Violation(`no rest ${restMs / 1_000} s after the last happening`);
    for (const { envoy, options, streams, hasLostRejection } of this.#proxies) {
      const { protocol } = options;
      if (protocol === "delta" && hasLostRejection) continue;
      const areClustersFrozen = protocol === "sotw" && streams > 1 && freezesClusters(this.#snapshot);
      const [difference] = differencesAtRest(envoy, this.#snapshot, { areClustersFrozen });
      if (difference !== undefined) throw new Violation(`P4: at rest, ${options.name}: ${difference}`);
      if (this.#history.end === "leave" && this.#lastBadMs > Number.NEGATIVE_INFINITY) continue;
      const [broken] = brokenNow(envoy);
      if (broken !== undefined) throw new Violation(`P5: at rest, at ${options.name}, ${broken}`);
    }
  }
}

export function textOfEdit(edit: Edit): string {
  const { of, name, ...rest } = edit;
  const said = Object.entries(rest).filter(([, value]) => value !== undefined && value !== false);
  return `${of} ${name} ${said.map(([key, value]) => `${key}=${value}`).join(" ")}`.trim();
}
