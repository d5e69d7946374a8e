import { Agent, type IncomingHttpHeaders, request } from "node:http";
import { type Agent as SecureAgent, request as secureRequest } from "node:https";

/** Requests one after another on connections that are kept, to one path, until stopped. Counts the answers. */
export class Load {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: connections });
  readonly #port: number;
  readonly #path: string;
  readonly #counts = new Map<string, number>();
  readonly #loops: Promise<void>[];
  #stopped = false;

  constructor(port: number, path = "/") {
    this.#port = port;
    this.#path = path;
    this.#loops = Array.from({ length: connections }, () => this.#loop());
  }

  /** How often each status came, `failed: <code>` for connections that broke. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counts].sort());
  }

  /** Every answer so far was one of these. */
  hasOnly(...statuses: string[]): boolean {
    return [...this.#counts.keys()].every((status) => statuses.includes(status));
  }

  /** Resolves when `count` more answers of that status came. */
  async more(count: number, status = "200"): Promise<void> {
    const start = this.#counts.get(status) ?? 0;
    const deadlineMs = performance.now() + patienceMs;
    while ((this.#counts.get(status) ?? 0) < start + count) {
      if (this.#stopped) throw new Error("load that goes on");
      if (performance.now() > deadlineMs)
        throw new Error(`${count} more answers ${status}, got ${JSON.stringify(this.counts)}`);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#loops);
    this.#agent.destroy();
  }

  async #loop(): Promise<void> {
    while (!this.#stopped) {
      const status = await statusOf(this.#port, this.#path, this.#agent);
      this.#counts.set(status, (this.#counts.get(status) ?? 0) + 1);
    }
  }
}

const connections = 3;
/** How long answers are waited for, milliseconds. */
const patienceMs = 30_000;

/** The status of one GET, or `failed: <code>`. */
export async function statusOf(port: number, path = "/", agent: Agent | false = false): Promise<string> {
  return (await answerOf({ port, path, agent })).status;
}

export interface Target {
  readonly port: number;
  /** `/` without one. */
  readonly path?: string;
  /** What is asked for; 127.0.0.1 without one. */
  readonly host?: string;
  /** Over TLS, to the host by its name; its certificate is not looked at. */
  readonly isSecure?: boolean;
  /** A new connection without one. */
  readonly agent?: Agent | SecureAgent | false;
}

export interface Answer {
  /** `failed: <code>` where there is none. */
  readonly status: string;
  readonly headers: IncomingHttpHeaders;
}

/** What one GET is answered. */
export function answerOf({
  port,
  path = "/",
  host,
  isSecure = false,
  agent = false,
}: Target): Promise<Answer> {
  const headers = host === undefined ? {} : { host };
  const tls = { servername: host ?? "", rejectUnauthorized: false };
  const options = { host: "127.0.0.1", port, path, agent, headers, ...(isSecure ? tls : {}) };
  return new Promise((resolve) => {
    const failed = ({ code }: NodeJS.ErrnoException): void =>
      resolve({ status: `failed: ${code}`, headers: {} });
    const sent = (isSecure ? secureRequest : request)(options, (response) => {
      response.resume();
      response.on("end", () => resolve({ status: String(response.statusCode), headers: response.headers }));
      response.on("error", failed);
    });
    sent.on("error", failed);
    sent.end();
  });
}
