import { Agent, request } from "node:http";
import type { Editor } from "./edited-route.ts";

/** Between an answer and the next request, milliseconds: some hundred a second, so that `dev` gets a core. */
const paceMs = 1;

/** After more wrong answers than these nobody asks on. */
const wrongMax = 20;

/**
 * Asks Envoy again and again, on one kept connection for each of two paths, and notes every answer that is wrong: no
 * answer, another status or backend, an edit that nobody sent, or one older than the connection saw before (P6).
 */
export class TrafficWatch {
  readonly wrong: string[] = [];
  answers = 0;
  /** The newest edit that traffic showed. */
  newestEdit = 0;
  readonly #port: number;
  readonly #editor: Editor;
  readonly #agents = [
    new Agent({ keepAlive: true, maxSockets: 1 }),
    new Agent({ keepAlive: true, maxSockets: 1 }),
  ];
  readonly #loops: Promise<void>[];
  readonly #waiting = new Set<() => void>();
  #stopped = false;

  constructor(port: number, editor: Editor) {
    this.#port = port;
    this.#editor = editor;
    const [stable, shop] = this.#agents as [Agent, Agent];
    this.#loops = [this.#watch("/stable", stable), this.#watch("/shop", shop)];
  }

  /** Resolves when traffic shows that edit or a newer one. @throws Error after 20 s, or when too many answers are wrong */
  async sawEdit(edit: number): Promise<void> {
    const deadline = AbortSignal.timeout(20_000);
    while (this.newestEdit < edit) {
      if (this.wrong.length > wrongMax)
        throw new Error(`wrong answers: ${this.wrong.slice(0, 5).join("; ")}`);
      if (deadline.aborted) throw new Error(`traffic shows edit ${this.newestEdit}, expected ${edit}`);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#loops);
    for (const agent of this.#agents) agent.destroy();
  }

  async #watch(path: string, agent: Agent): Promise<void> {
    let seen = 0;
    while (!this.#stopped) {
      try {
        const { status, body, edit } = await this.#ask(path, agent);
        if (status !== 200 || body !== "blue") this.wrong.push(`${path}: ${status} ${body}`);
        else if (path === "/shop") seen = this.#checkEdit(edit, seen);
        this.answers++;
      } catch (error) {
        this.wrong.push(`${path}: ${error instanceof Error ? error.message : String(error)}`);
      }
      for (const wake of this.#waiting) wake();
      this.#waiting.clear();
      await new Promise((resolve) => setTimeout(resolve, paceMs));
      if (this.wrong.length > wrongMax) return;
    }
  }

  #checkEdit(edit: number, seen: number): number {
    if (edit > this.#editor.attempted) this.wrong.push(`/shop: edit ${edit}, which nobody sent`);
    if (edit < seen) this.wrong.push(`/shop: edit ${edit} after edit ${seen}`);
    this.newestEdit = Math.max(this.newestEdit, edit);
    return Math.max(seen, edit);
  }

  #ask(path: string, agent: Agent): Promise<{ status: number; body: string; edit: number }> {
    return new Promise((resolve, reject) => {
      const sent = request({ host: "127.0.0.1", port: this.#port, path, agent }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            body: Buffer.concat(chunks).toString("utf8"),
            edit: Number(response.headers["x-edit"] ?? 0),
          }),
        );
      });
      sent.setTimeout(5_000, () => sent.destroy(new Error("no answer in 5 s")));
      sent.on("error", reject);
      sent.end();
    });
  }
}
