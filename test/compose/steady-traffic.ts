import { Agent, request } from "node:http";
import { setTimeout as pause } from "node:timers/promises";

/** Between an answer and the next request of a connection, milliseconds. */
const paceMs = 5;
const connections = 2;
const answerTimeoutMs = 5_000;

/** Asks the gateway for `/`, some hundred times a second on kept connections, and notes every answer that is wrong. */
export class SteadyTraffic {
  readonly wrong: string[] = [];
  answers = 0;
  readonly #port: number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: connections });
  readonly #loops: Promise<void>[];
  #stopped = false;

  constructor(port: number) {
    this.#port = port;
    this.#loops = Array.from({ length: connections }, () => this.#loop());
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#loops);
    this.#agent.destroy();
  }

  async #loop(): Promise<void> {
    while (!this.#stopped && this.wrong.length < 20) {
      const answer = await this.#ask();
      if (/^200 (blue|green) says hello/.test(answer)) this.answers++;
      else this.wrong.push(`${new Date().toISOString()}: ${answer.trimEnd()}`);
      await pause(paceMs);
    }
  }

  #ask(): Promise<string> {
    return new Promise((resolve) => {
      const options = { host: "127.0.0.1", port: this.#port, path: "/", agent: this.#agent };
      const sent = request(options, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", (error) => resolve(`failed: ${error.message}`));
        response.on("end", () => resolve(`${response.statusCode} ${Buffer.concat(chunks).toString("utf8")}`));
      });
      sent.setTimeout(answerTimeoutMs, () => sent.destroy(new Error("no answer in time")));
      sent.on("error", (error) => resolve(`failed: ${error.message}`));
      sent.end();
    });
  }
}
