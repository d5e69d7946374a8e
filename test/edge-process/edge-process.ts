/** Edges in processes of their own, that can be killed, frozen, flooded and measured. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import type { ProxyState } from "@routeledger/xds-edge";
import type { Part } from "@routeledger/xds-model";
import { defaultGroup } from "../features/xds/edge-world.ts";
import type { EdgeAnswer, EdgeCommand, ProcessLimits } from "./edge-command.ts";

const script = fileURLToPath(new URL("serving-process.ts", import.meta.url));
/** How long an answer may take before the test fails, milliseconds: two cores may be busy with something else. */
const patienceMs = 60_000;

export interface EdgeProcessOptions {
  /** Default `edge-1`. */
  readonly edgeId?: string;
  readonly limits?: ProcessLimits;
}

/** One edge. What it was told to publish is told again to the process that follows a killed one. */
export class EdgeProcess {
  readonly edgeId: string;
  readonly #limits: ProcessLimits;
  readonly #history: Extract<EdgeCommand, { type: "publish" }>[] = [];
  readonly #waiting = new Map<number, (answer: EdgeAnswer) => void>();
  #address = "127.0.0.1:0";
  #asked = 0;
  #child: ChildProcess | undefined;

  constructor({ edgeId = "edge-1", limits = {} }: EdgeProcessOptions = {}) {
    this.edgeId = edgeId;
    this.#limits = limits;
  }

  /** An edge that serves these parts, and ends with the test. */
  static async serving(
    test: TestContext,
    parts: readonly Part[],
    options?: EdgeProcessOptions,
  ): Promise<EdgeProcess> {
    const edge = new EdgeProcess(options);
    test.after(() => edge.kill());
    await edge.start();
    await edge.publish(parts);
    return edge;
  }

  /** host:port, the same over restarts. */
  get address(): string {
    return this.#address;
  }

  /** Of the process that runs now, or ran last. */
  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get running(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Resolves when it is ready and serves what it served before. */
  async start(): Promise<void> {
    const child = spawn(
      process.execPath,
      ["--no-warnings", "--expose-gc", script, this.#address, this.edgeId, JSON.stringify(this.#limits)],
      { serialization: "advanced", stdio: ["ignore", "inherit", "inherit", "ipc"] },
    );
    this.#child = child;
    child.on("message", ({ id, answer }: { id: number; answer: EdgeAnswer }) => {
      this.#waiting.get(id)?.(answer);
      this.#waiting.delete(id);
    });
    const { address } = await this.#answerOf(0);
    if (address !== undefined) this.#address = address;
    for (const command of this.#history) await this.#ask(command);
  }

  /** Makes the node group exactly these parts; resolves to their sequence when the edge has offered them. */
  async publish(parts: readonly Part[], nodeGroup = defaultGroup): Promise<number> {
    const command = { type: "publish", nodeGroup, parts } as const;
    this.#history.push(command);
    return this.running ? ((await this.#ask(command)).sequence ?? 0) : this.#history.length;
  }

  /** Its open streams, sorted by node id. */
  async proxies(): Promise<readonly ProxyState[]> {
    return (await this.#ask({ type: "look" })).proxies ?? [];
  }

  /** Bytes in use, after a collection: of the heap and of the buffers beside it; of the whole process. */
  async memory(): Promise<{ readonly usedBytes: number; readonly residentBytes: number }> {
    const { memory } = await this.#ask({ type: "measure" });
    if (memory === undefined) throw new Error(`${this.edgeId} that says its memory`);
    return { usedBytes: memory.heapUsed + memory.external, residentBytes: memory.rss };
  }

  /** In order, as an operator stops it. */
  async stop(): Promise<void> {
    await this.#ask({ type: "stop" });
    await this.kill();
  }

  /** kill -9. Resolves when it is gone. */
  async kill(): Promise<void> {
    if (this.#child === undefined || !this.running) return;
    const gone = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await gone;
  }

  #ask(command: EdgeCommand): Promise<EdgeAnswer> {
    const id = ++this.#asked;
    const answer = this.#answerOf(id);
    this.#child?.send({ id, ...command });
    return answer;
  }

  #answerOf(id: number): Promise<EdgeAnswer> {
    const child = this.#child;
    return new Promise((resolve, reject) => {
      const finish = (act: () => void): void => {
        clearTimeout(timer);
        child?.off("exit", gone);
        this.#waiting.delete(id);
        act();
      };
      const fail = (why: string): void => finish(() => reject(new Error(`${this.edgeId}: ${why}`)));
      const gone = (code: number | null, signal: string | null): void =>
        fail(`ended by itself: ${signal ?? code}`);
      const timer = setTimeout(() => fail(`no answer in ${patienceMs} ms`), patienceMs);
      child?.once("exit", gone);
      this.#waiting.set(id, (answer) => finish(() => resolve(answer)));
    });
  }
}
