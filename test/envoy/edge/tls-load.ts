import { connect } from "node:tls";

/** What one new TLS connection came to: the certificate's common name and the status of one GET. */
export interface TlsAnswer {
  readonly commonName: string;
  readonly status: string;
}

/** Connects, asks once, closes. `failed: <code>` where the handshake or the connection broke. */
export function askOverTls(port: number): Promise<TlsAnswer> {
  return new Promise((resolve) => {
    let commonName = "";
    let text = "";
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false }, () => {
      const subject = socket.getPeerCertificate().subject;
      commonName = typeof subject?.CN === "string" ? subject.CN : "";
      socket.write("GET / HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
    });
    const end = (status: string): void => {
      socket.destroy();
      resolve({ commonName, status });
    };
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      // Envoy itself keeps the connection for another second.
      const status = /^HTTP\/1\.1 (\d+) .*\r\n\r\n/s.exec(text)?.[1];
      if (status !== undefined) end(status);
    });
    socket.on("error", (error: NodeJS.ErrnoException) => end(`failed: ${error.code}`));
    socket.on("close", () => end("failed: no answer"));
  });
}

/** New connections, one after another, until stopped. */
export class TlsLoad {
  readonly #port: number;
  readonly #counts = new Map<string, number>();
  readonly #loop: Promise<void>;
  #stopped = false;

  constructor(port: number) {
    this.#port = port;
    this.#loop = this.#run();
  }

  /** How often each `<common name> <status>` came. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counts].sort());
  }

  hasOnly(...answers: string[]): boolean {
    return [...this.#counts.keys()].every((answer) => answers.includes(answer));
  }

  /** Resolves when `count` more of that answer came. */
  async more(count: number, answer: string): Promise<void> {
    const start = this.#counts.get(answer) ?? 0;
    const deadlineMs = performance.now() + 30_000;
    while ((this.#counts.get(answer) ?? 0) < start + count) {
      if (performance.now() > deadlineMs)
        throw new Error(`${count} more answers ${answer}, got ${JSON.stringify([...this.#counts])}`);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#loop;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const { commonName, status } = await askOverTls(this.#port);
      const answer = `${commonName} ${status}`;
      this.#counts.set(answer, (this.#counts.get(answer) ?? 0) + 1);
    }
  }
}
