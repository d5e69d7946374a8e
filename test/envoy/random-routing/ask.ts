import { Agent, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest, Agent as TlsAgent } from "node:https";
import type { Echo } from "./echo-backends.ts";
import type { Asked } from "./oracle.ts";

/** What a request got: nothing, because there was no connection, no TLS or no HTTP; or an answer. */
export type Got = "refused" | Answer;

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined when the answer is the proxy's own. */
  readonly echo: Echo | undefined;
}

/** How long an answer may take, milliseconds. */
const timeoutMs = 5_000;

/** Connections that requests share; `close` ends them, so that what comes after meets no old configuration. */
export class Client {
  readonly #plain = new Agent({ keepAlive: true, maxSockets: 4 });
  readonly #secured = new TlsAgent({ keepAlive: true, maxSockets: 4, maxCachedSessions: 0 });
  readonly #address: (port: number) => string;

  /** @param address of a port */
  constructor(address: (port: number) => string) {
    this.#address = address;
  }

  ask({ port, sni, method, host, path, headers }: Asked): Promise<Got> {
    const options = {
      host: this.#address(port),
      port,
      method,
      path,
      headers: { host, ...headers },
      setHost: false,
      timeout: timeoutMs,
    };
    return new Promise((resolve) => {
      const respond = (response: IncomingMessage): void => void answerOf(response).then(resolve);
      const sent =
        sni === undefined
          ? httpRequest({ ...options, agent: this.#plain }, respond)
          : httpsRequest(
              { ...options, agent: this.#secured, servername: sni, rejectUnauthorized: false },
              respond,
            );
      sent.on("timeout", () => sent.destroy());
      sent.on("error", () => resolve("refused"));
      sent.end();
    });
  }

  close(): void {
    this.#plain.destroy();
    this.#secured.destroy();
  }
}

async function answerOf(response: IncomingMessage): Promise<Got> {
  let text = "";
  response.setEncoding("utf8");
  try {
    for await (const chunk of response) text += chunk;
  } catch {
    return "refused";
  }
  const headers = Object.fromEntries(
    Object.entries(response.headers).map(([name, value]) => [name, String(value)]),
  );
  const isEcho = text.startsWith('{"backend":');
  return { status: response.statusCode ?? 0, headers, echo: isEcho ? (JSON.parse(text) as Echo) : undefined };
}
