import { deepEqual } from "node:assert/strict";
import type { TestContext } from "node:test";
import type { JsonObject } from "@routeledger/std";
import { Cluster } from "../../cluster/cluster.ts";
import { type GatewayName, gateways } from "../../cluster/cluster-objects.ts";
import type { ClusterService } from "../../cluster/cluster-service.ts";
import { faultsOf, noFaults } from "../edge/envoy-world.ts";
import type { TestEnvoy } from "../edge/test-envoy.ts";
import { TlsBackend } from "../tls/tls-backend.ts";
import { flipObjects, flipped, policy } from "./flip-objects.ts";
import { TimedLoad } from "./timed-load.ts";

/** What a flip is played with. */
export interface FlipSteps {
  /** When traffic shows that the policy is gone, and before it is applied again. */
  readonly between?: () => Promise<void>;
  /** After the api said that it is applied again; what took long here is not counted. */
  readonly after?: () => Promise<void>;
}

/** What one proxy's traffic showed of a flip: milliseconds from the commit of the re-apply, or from the end of `after`. */
export interface Flip {
  readonly gateway: GatewayName;
  readonly toFirstGoodMs: number;
  /** To the end of the last request that failed. */
  readonly toLastErrorMs: number;
}

/** Answers in a row after which traffic is as it shall be. */
const goodInRow = 20;
const badInRow = 5;

/** A control plane in processes, an Envoy of each protocol under constant load, and a backend that takes only TLS. */
export class FlipWorld {
  readonly cluster: Cluster;
  readonly envoys: readonly TestEnvoy[];
  readonly #loads: ReadonlyMap<GatewayName, TimedLoad>;
  /** Of what no flip concerns. */
  readonly #others: readonly TimedLoad[];
  /** When traffic to the backend may fail. */
  readonly #gaps: { readonly fromMs: number; readonly toMs: number }[] = [];

  private constructor(test: TestContext, cluster: Cluster, envoys: readonly TestEnvoy[]) {
    this.cluster = cluster;
    this.envoys = envoys;
    this.#loads = new Map(gateways.map((name) => [name, TimedLoad.of(cluster.ports[name], `/${flipped}`)]));
    this.#others = gateways.map((name) => TimedLoad.of(cluster.ports[name], "/stable"));
    test.after(() => Promise.all([...this.#loads.values(), ...this.#others].map((load) => load.stop())));
  }

  /** Resolves when all traffic is good. All ends with the test. */
  static async start(test: TestContext): Promise<FlipWorld> {
    const backend = await TlsBackend.start({ plainStatus: 400 });
    test.after(() => backend.close());
    const cluster = await Cluster.start(test, { natsServers: 1, apis: 1, translators: 1, edges: 2 });
    const envoys = await Promise.all(gateways.map((name) => cluster.envoy(name)));
    await apply(cluster, [...flipObjects(gateways, backend.port), policy]);
    await Promise.all(gateways.map((name) => untilServed(cluster.ports[name])));
    const world = new FlipWorld(test, cluster, envoys);
    await world.#untilGood();
    return world;
  }

  /** Deletes the policy and applies it again, in two change sets. Resolves when all traffic is good again. */
  async flip({ between, after }: FlipSteps = {}): Promise<Flip[]> {
    const loads = [...this.#loads.values()];
    const deletedMs = performance.now();
    await change(this.cluster, "delete", { refs: [{ kind: "BackendTLSPolicy", name: flipped }] });
    await Promise.all(loads.map((load) => load.untilOnly("400", badInRow)));
    await between?.();
    const applyingMs = performance.now();
    await apply(this.cluster, [policy]);
    await after?.();
    const fromMs = performance.now();
    await this.#untilGood();
    this.#gaps.push({ fromMs: deletedMs, toMs: performance.now() });
    return [...this.#loads].map(([gateway, { answers }]) => {
      const since = answers.filter(({ endedMs }) => endedMs > applyingMs);
      const firstGood = since.find(({ status }) => status === "200");
      const lastError = since.findLast(({ status }) => status !== "200");
      const after = (ms: number | undefined): number => Math.max(0, (ms ?? fromMs) - fromMs);
      return { gateway, toFirstGoodMs: after(firstGood?.endedMs), toLastErrorMs: after(lastError?.endedMs) };
    });
  }

  /** @throws AssertionError when a request failed that was not meant to, or an Envoy waited or rejected */
  async checkAll(): Promise<void> {
    const isMeant = ({ startedMs, endedMs }: { readonly startedMs: number; readonly endedMs: number }) =>
      this.#gaps.some(({ fromMs, toMs }) => endedMs >= fromMs && startedMs <= toMs);
    for (const load of this.#loads.values()) {
      deepEqual(
        load.errorsSince(0).filter((answer) => !isMeant(answer)),
        [],
        "errors only between delete and re-apply",
      );
    }
    for (const load of this.#others) deepEqual(load.errorsSince(0), [], "errors of other routes");
    for (const envoy of this.envoys) deepEqual(await faultsOf(envoy), noFaults);
  }

  /** Responses that all edges which run sent since they started, by type. @throws Error when there are none */
  async responses(): Promise<Readonly<Record<string, number>>> {
    const counts: Record<string, number> = {};
    for (const { text } of await this.#metrics()) {
      const sent = text.matchAll(/^routeledger_edge_responses_sent_total\{[^}]*type="(\w+)"[^}]*\} (\d+)/gm);
      for (const [, type = "", count] of sent) counts[type] = (counts[type] ?? 0) + Number(count);
    }
    if (Object.keys(counts).length === 0) throw new Error("edges that count their responses");
    return counts;
  }

  /** How many proxies each edge has, in the order of the cluster's edges; 0 where none runs. */
  async streams(): Promise<number[]> {
    const texts = new Map((await this.#metrics()).map(({ name, text }) => [name, text]));
    return this.cluster.edges.map(({ name }) =>
      [...(texts.get(name) ?? "").matchAll(/^routeledger_edge_connected_streams\{[^}]*\} (\d+)/gm)].reduce(
        (sum, [, count]) => sum + Number(count),
        0,
      ),
    );
  }

  /** Resolves when every proxy has found an edge again: Envoy looks for one every 0.2 to 5 s. @throws Error after 30 s */
  async untilConnected(): Promise<void> {
    const deadlineMs = performance.now() + 30_000;
    for (;;) {
      const streams = await this.streams();
      if (streams.reduce((sum, count) => sum + count, 0) === this.envoys.length) return;
      if (performance.now() > deadlineMs) throw new Error(`proxies at edges, got ${streams.join(" and ")}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async #metrics(): Promise<{ readonly name: string; readonly text: string }[]> {
    const running = this.cluster.edges.filter((edge: ClusterService) => edge.running);
    return Promise.all(
      running.map(async ({ name, operations }) => {
        const answer = await fetch(`http://${operations}/metrics`, { headers: { connection: "close" } });
        return { name, text: await answer.text() };
      }),
    );
  }

  async #untilGood(): Promise<void> {
    await Promise.all([...this.#loads.values()].map((load) => load.untilOnly("200", goodInRow)));
  }
}

/** Resolves when the api says that it is committed. */
export async function apply(cluster: Cluster, objects: readonly JsonObject[]): Promise<void> {
  await change(cluster, "apply", { objects: [...objects] });
}

/** The same of any body that the api takes. @throws Error when it refuses */
export async function change(cluster: Cluster, what: "apply" | "delete", body: JsonObject): Promise<void> {
  const answer = await fetch(`${cluster.apiUrls[0]}/v1/${what}?actor=flipper`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`${what}: ${answer.status} ${text}`);
}

/** Both routes of a Gateway answer 200. */
async function untilServed(port: number): Promise<void> {
  for (const path of ["/stable", `/${flipped}`]) {
    const load = TimedLoad.of(port, path);
    await load.untilOnly("200", goodInRow).finally(() => load.stop());
  }
}
