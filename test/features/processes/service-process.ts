import { WatchedProcess } from "../cli/watched-process.ts";

/** How long a page may take to say what a test waits for, milliseconds. */
const patienceMs = 20_000;
const pollEveryMs = 25;

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface Page {
  readonly status: number;
  readonly body: string;
}

/** One `routeledger api`, `translator` or `edge`, on a port that the system chose, and what it says of itself. */
export class ServiceProcess extends WatchedProcess {
  /** Log lines so far; what is no JSON is left out. */
  get lines(): readonly LogLine[] {
    return this.output.split("\n").flatMap((line) => (line.startsWith("{") ? parsed(line) : []));
  }

  /** Waits for a log line. @throws Error as `saw` */
  async said(message: RegExp): Promise<LogLine> {
    await this.saw(new RegExp(`"msg":"[^"]*(?:${message.source})`));
    const line = this.lines.find(({ msg }) => message.test(msg));
    if (line === undefined) throw new Error(`a log line ${message}:\n${this.output}`);
    return line;
  }

  /** HOST:PORT of `/livez`, `/readyz`, `/metrics`. */
  async operations(): Promise<string> {
    const { address } = await this.said(/operations are served|the api waits for the logs/);
    return String(address);
  }

  async page(path: string): Promise<Page> {
    const answer = await fetch(`http://${await this.operations()}${path}`, {
      headers: { connection: "close" },
      signal: AbortSignal.timeout(5_000),
    });
    return { status: answer.status, body: await answer.text() };
  }

  /** Asks a page again and again until it says what is wanted. @throws Error with its last answer after 20 s */
  async pageThat(path: string, wanted: (page: Page) => boolean): Promise<Page> {
    const deadline = performance.now() + patienceMs;
    for (;;) {
      // A connection may be refused while an address changes hands.
      const page = await this.page(path).catch((error: unknown) => ({ status: 0, body: String(error) }));
      if (wanted(page)) return page;
      if (this.hasEnded || performance.now() > deadline) {
        throw new Error(`${path} as wanted, last ${JSON.stringify(page)}:\n${this.output}`);
      }
      await new Promise((resolve) => setTimeout(resolve, pollEveryMs));
    }
  }

  async ready(): Promise<Page> {
    return await this.pageThat("/readyz", ({ status }) => status === 200);
  }
}

function parsed(line: string): LogLine[] {
  try {
    return [JSON.parse(line) as LogLine];
  } catch {
    // The last one may not be whole yet.
    return [];
  }
}
