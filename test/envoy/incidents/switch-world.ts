import { deepEqual } from "node:assert/strict";
import type { TestContext } from "node:test";
import type { JsonObject } from "@routeledger/std";
import { Cluster } from "../../cluster/cluster.ts";
import { gateways } from "../../cluster/cluster-objects.ts";
import type { ClusterService } from "../../cluster/cluster-service.ts";
import { faultsOf, noFaults } from "../edge/envoy-world.ts";
import type { TestEnvoy } from "../edge/test-envoy.ts";
import { TlsBackend } from "../tls/tls-backend.ts";
import { flipObjects, flipped, policy } from "./flip-objects.ts";
import { apply } from "./flip-world.ts";
import { TimedLoad } from "./timed-load.ts";

/** How often proxies report their loads here, milliseconds: a trial takes a few reports. */
const reportEveryMs = 200;
/** How long a switch may take, milliseconds. */
const switchWithinMs = 60_000;

/** What became of a switch. */
export interface SwitchStory {
  readonly prepared: string;
  readonly phase: string;
  readonly steps: readonly { readonly kind: string; readonly summary: string }[];
}

/** The policy with another name to check: another cluster. */
export function withHostname(hostname: string): JsonObject {
  const { validation, ...spec } = policy.spec as { validation: JsonObject; targetRefs: JsonObject[] };
  return { ...policy, spec: { ...spec, validation: { ...validation, hostname } } };
}

/** A control plane in processes, an Envoy of each protocol under constant load, and a backend that takes both TLS and clear. */
export class SwitchWorld {
  readonly cluster: Cluster;
  readonly envoys: readonly TestEnvoy[];
  readonly backend: TlsBackend;
  readonly #loads: readonly TimedLoad[];

  private constructor(cluster: Cluster, envoys: readonly TestEnvoy[], backend: TlsBackend) {
    this.cluster = cluster;
    this.envoys = envoys;
    this.backend = backend;
    this.#loads = gateways.flatMap((name) =>
      [`/${flipped}`, "/stable"].map((path) => TimedLoad.of(cluster.ports[name], path)),
    );
  }

  /** Resolves when all traffic is good. All ends with the test. */
  static async start(test: TestContext): Promise<SwitchWorld> {
    const backend = await TlsBackend.start();
    test.after(() => backend.close());
    const edgeArgs = ["--load-report-interval-ms", String(reportEveryMs)];
    const cluster = await Cluster.start(test, {
      natsServers: 1,
      apis: 2,
      translators: 1,
      edges: 2,
      edgeArgs,
    });
    const envoys = [await cluster.envoy("delta", "1.40.0"), await cluster.envoy("sotw", "1.36.4")];
    await apply(cluster, flipObjects(gateways, backend.port));
    await Promise.all(gateways.map((name) => untilServed(cluster.ports[name])));
    const world = new SwitchWorld(cluster, envoys, backend);
    test.after(() => Promise.all(world.#loads.map((load) => load.stop())));
    return world;
  }

  /** Prepares a change, and does something while it is under way. Resolves when the switch is over. */
  async switched(
    change: { readonly apply: JsonObject } | { readonly remove: JsonObject },
    { during = async () => undefined, query = "" }: { during?: () => Promise<unknown>; query?: string } = {},
  ): Promise<SwitchStory> {
    const [path, body] =
      "apply" in change
        ? ["apply", { objects: [change.apply] }]
        : ["delete", { refs: [{ kind: String(change.remove.kind), name: flipped }] }];
    const answer = await this.ask("POST", `/v1/${path}?actor=switcher&prepare=true${query}`, body);
    const prepared = answer.switch;
    if (typeof prepared !== "string") throw new Error(`a switch, got ${JSON.stringify(answer)}`);
    await during();
    const deadlineMs = performance.now() + switchWithinMs;
    for (let steps = 0; ; ) {
      const story = (await this.ask("GET", `/v1/switches/${prepared}?waitMs=2000&steps=${steps}`)) as never;
      const { phase, steps: taken } = story as SwitchStory;
      if (phase === "finished" || phase === "reverted") return story;
      if (performance.now() > deadlineMs) throw new Error(`the end of a switch: ${JSON.stringify(story)}`);
      steps = taken.length;
    }
  }

  /** Asks an api that runs. @throws Error for anything but 200 */
  async ask(method: "GET" | "POST", path: string, body?: JsonObject): Promise<JsonObject> {
    const index = this.cluster.apis.findIndex(({ running }) => running);
    const answer = await fetch(`${this.cluster.apiUrls[index]}${path}`, {
      method,
      headers: { "content-type": "application/json", connection: "close" },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text) as JsonObject;
  }

  /** How requests reach the backend now: `plain`, or the TLS version and the name that was asked for. */
  transports(): string[] {
    return [
      ...new Set(this.backend.seen.slice(-20).map(({ transport, sni }) => `${transport} ${sni}`.trim())),
    ];
  }

  /** @throws AssertionError when any request ever failed, or an Envoy waited or rejected */
  async checkAll(): Promise<void> {
    for (const load of this.#loads) deepEqual(load.errorsSince(0), [], "requests that failed");
    for (const envoy of this.envoys) deepEqual(await faultsOf(envoy), noFaults);
  }

  /** The edge that most proxies have. @throws Error when none has any */
  async busiestEdge(): Promise<ClusterService> {
    let busiest: { readonly edge: ClusterService; readonly streams: number } | undefined;
    for (const edge of this.cluster.edges) {
      const answer = await fetch(`http://${edge.operations}/metrics`, { headers: { connection: "close" } });
      const found = (await answer.text()).matchAll(/^routeledger_edge_connected_streams\{[^}]*\} (\d+)/gm);
      const streams = [...found].reduce((sum, [, count]) => sum + Number(count), 0);
      if (streams > (busiest?.streams ?? 0)) busiest = { edge, streams };
    }
    if (busiest === undefined) throw new Error("an edge with proxies");
    return busiest.edge;
  }

  /** Requests that were answered. */
  get answered(): number {
    return this.#loads.reduce((sum, { answers }) => sum + answers.length, 0);
  }
}

/** Both routes of a Gateway answer 200. */
async function untilServed(port: number): Promise<void> {
  for (const path of ["/stable", `/${flipped}`]) {
    const load = TimedLoad.of(port, path);
    await load.untilOnly("200", 20).finally(() => load.stop());
  }
}
