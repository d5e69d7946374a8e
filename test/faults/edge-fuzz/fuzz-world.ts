import { deepEqual, equal, ok } from "node:assert/strict";
import type { TestContext } from "node:test";
import type { Part } from "@routeledger/xds-model";
import type { ProcessLimits } from "../../edge-process/edge-command.ts";
import { EdgeProcess } from "../../edge-process/edge-process.ts";
import { defaultGroup } from "../../features/xds/edge-world.ts";
import { protocols, RawClient, type RawStream } from "../../features/xds/raw-client.ts";
import { cluster, endpoints, fences } from "../../features/xds/sample-parts.ts";

/** How long a change may take to a good client while others do their worst, milliseconds; two cores may be busy. */
const updateMsMax = 3_000;
/** Between two changes while an attack goes on. */
const changeEveryMs = 50;

/**
 * An edge in a process of its own, and good clients beside whatever is done to it: one of each protocol, each on a
 * connection of its own. Ends with the test.
 */
export class FuzzWorld {
  readonly edge: EdgeProcess;
  readonly #good: readonly RawStream[];
  readonly #more: readonly Part[];
  readonly #pid: number;
  #edition = 0;
  /** The last edition that all good clients have. */
  #received = 0;
  #isAttacked = false;
  /** The longest that a change took, milliseconds. */
  slowestMs = 0;

  private constructor(edge: EdgeProcess, good: readonly RawStream[], more: readonly Part[]) {
    this.edge = edge;
    this.#good = good;
    this.#more = more;
    this.#pid = edge.pid;
  }

  /** @param more what is served beside the clusters of the good clients */
  static async start(
    test: TestContext,
    more: readonly Part[] = [],
    limits: ProcessLimits = {},
  ): Promise<FuzzWorld> {
    const edge = await EdgeProcess.serving(test, partsOf(0, more), { limits });
    const good = protocols.map((protocol) => {
      const client = new RawClient(edge.address);
      test.after(() => client.close());
      return client.open(protocol, { id: `good-${protocol}`, cluster: defaultGroup });
    });
    for (const stream of good) {
      stream.subscribe("cluster", "good");
      equal((await stream.take("cluster")).summary, "cluster good");
      stream.subscribe("endpoint", "good");
      equal((await stream.take("endpoint")).summary, "endpoint good");
    }
    return new FuzzWorld(edge, good, more);
  }

  /** The good clients get a change, whole, in time, and nothing else; the process is the same one. */
  async assertUnharmed(): Promise<void> {
    const edition = ++this.#edition;
    const startedMs = performance.now();
    await this.edge.publish(partsOf(edition, this.#more));
    const took = await Promise.all(this.#good.map((stream) => this.#tookChange(stream, edition, startedMs)));
    this.#received = edition;
    const tookMs = Math.max(...took);
    this.slowestMs = Math.max(this.slowestMs, tookMs);
    ok(tookMs < updateMsMax, `a change comes within ${updateMsMax} ms, got ${tookMs}`);
    equal(this.edge.pid, this.#pid);
    ok(this.edge.running, "the process lives");
  }

  /** Resolves when the good clients had a change that began after this call. */
  async changed(): Promise<void> {
    const awaited = this.#edition + 1;
    while (this.#received < awaited && this.#isAttacked)
      await new Promise((resolve) => setImmediate(resolve));
  }

  /** Does that, and meanwhile again and again makes sure that the good clients do not notice. */
  async beside<Result>(attack: () => Promise<Result>): Promise<Result> {
    this.#isAttacked = true;
    const attacked = attack().finally(() => {
      this.#isAttacked = false;
    });
    const settled = attacked.catch(() => undefined);
    try {
      while (this.#isAttacked) {
        await this.assertUnharmed();
        await new Promise((resolve) => setTimeout(resolve, changeEveryMs));
      }
    } finally {
      this.#isAttacked = false;
      await settled;
    }
    await this.assertUnharmed();
    return await attacked;
  }

  /**
   * Does that several times, and compares what the process uses after the first ones with what it uses at the end.
   * @param growthMax bytes that heap and buffers may grow
   */
  async assertFlat(
    attack: () => Promise<unknown>,
    { warmUps = 1, rounds = 2, growthMax = 8_000_000 } = {},
  ): Promise<void> {
    for (let round = 0; round < warmUps; round++) await this.beside(attack);
    const before = await this.edge.memory();
    for (let round = 0; round < rounds; round++) await this.beside(attack);
    const after = await this.edge.memory();
    const grownBytes = after.usedBytes - before.usedBytes;
    ok(grownBytes < growthMax, `${rounds} rounds grow by less than ${growthMax} bytes, got ${grownBytes}`);
    const streams = await this.edge.proxies();
    deepEqual(
      streams.map(({ nodeId }) => nodeId),
      this.#good.map(({ protocol }) => `good-${protocol}`).sort(),
    );
  }

  /** Clusters first, then, unasked, their endpoints (rule 39). */
  async #tookChange(stream: RawStream, edition: number, startedMs: number): Promise<number> {
    const changed = await stream.take("cluster");
    const tookMs = performance.now() - startedMs;
    equal(changed.summary, "cluster good");
    const expected = goodCluster(edition).bytes;
    ok(Buffer.from(expected).equals(changed.resources[0]!.value), `edition ${edition} of the cluster`);
    equal((await stream.take("endpoint")).summary, "endpoint good");
    return tookMs;
  }
}

function goodCluster(edition: number): Part {
  return cluster("good", { timeoutMs: 1_000 + edition });
}

function partsOf(edition: number, more: readonly Part[]): Part[] {
  return [goodCluster(edition), endpoints("good", 9), ...more, ...fences];
}
