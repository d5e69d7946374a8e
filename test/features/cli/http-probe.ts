import { Agent, request } from "node:http";

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Asks one port again and again on kept connections. */
export class HttpProbe {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 8 });
  readonly #port: number;

  constructor(port: number) {
    this.#port = port;
  }

  /** @throws Error when the connection fails or nothing comes for 5 s */
  get(path = "/", headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const options = { host: "127.0.0.1", port: this.#port, path, headers, agent: this.#agent };
      const sent = request(options, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString("utf8") }),
        );
      });
      sent.setTimeout(5_000, () => sent.destroy(new Error("no answer in 5 s")));
      sent.on("error", reject);
      sent.end();
    });
  }

  /** Asks until the answer is as wanted; a refused connection counts as another answer. @throws Error after 15 s */
  async until(
    wanted: (answer: Answer) => boolean,
    path = "/",
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const deadline = performance.now() + 15_000;
    for (;;) {
      const answer = await this.get(path, headers).catch((error: Error) => ({
        status: 0,
        body: error.message,
      }));
      if (wanted(answer)) return answer;
      if (performance.now() > deadline)
        throw new Error(`waited 15 s; the last answer: ${JSON.stringify(answer)}`);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  close(): void {
    this.#agent.destroy();
  }
}
