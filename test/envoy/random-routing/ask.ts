import { Agent, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";
import { request as httpsRequest, Agent as TlsAgent } from "node:https";
import type { Readable } from "node:stream";
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

/**
 * Connections that requests share, those of HTTP/2 by their server name as browsers do (G91). `close` ends them, so
 * that what comes after meets no old configuration.
 */
export class Client {
  readonly #plain = new Agent({ keepAlive: true, maxSockets: 4 });
  readonly #secured = new TlsAgent({ keepAlive: true, maxSockets: 4, maxCachedSessions: 0 });
  readonly #sessions = new Map<string, ClientHttp2Session>();
  readonly #address: (port: number) => string;

  /** @param address of a port */
  constructor(address: (port: number) => string) {
    this.#address = address;
  }

  ask(asked: Asked): Promise<Got> {
    return asked.protocol === "HTTP/2" ? this.#askHttp2(asked) : this.#askHttp(asked);
  }

  #askHttp({ port, sni, method, host, path, headers }: Asked): Promise<Got> {
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
      const respond = (response: IncomingMessage): void =>
        void answerOf(response.statusCode, response.headers, response).then(resolve);
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

  #askHttp2(asked: Asked): Promise<Got> {
    const { method, host, path, headers } = asked;
    return new Promise((resolve) => {
      const pseudo = { ":method": method, ":authority": host, ":path": path, ":scheme": "https" };
      const sent: ClientHttp2Stream = this.#session(asked).request({ ...pseudo, ...headers });
      sent.setTimeout(timeoutMs, () => sent.close());
      sent.on("error", () => resolve("refused"));
      let isAnswered = false;
      sent.on("close", () => isAnswered || resolve("refused"));
      sent.on("response", (response) => {
        isAnswered = true;
        void answerOf(response[":status"], response, sent).then(resolve);
      });
      sent.end();
    });
  }

  #session({ port, sni = "" }: Asked): ClientHttp2Session {
    const key = `${port} ${sni}`;
    const open = this.#sessions.get(key);
    if (open !== undefined && !open.closed && !open.destroyed) return open;
    const session = connect(`https://${this.#address(port)}:${port}`, {
      servername: sni,
      rejectUnauthorized: false,
    });
    session.on("error", () => session.destroy());
    this.#sessions.set(key, session);
    return session;
  }

  close(): void {
    this.#plain.destroy();
    this.#secured.destroy();
    for (const session of this.#sessions.values()) session.destroy();
  }
}

async function answerOf(
  status: number | undefined,
  received: IncomingHttpHeaders,
  body: Readable,
): Promise<Got> {
  let text = "";
  body.setEncoding("utf8");
  try {
    for await (const chunk of body) text += chunk;
  } catch {
    return "refused";
  }
  const headers = Object.fromEntries(Object.entries(received).map(([name, value]) => [name, String(value)]));
  const isEcho = text.startsWith('{"backend":');
  return { status: status ?? 0, headers, echo: isEcho ? (JSON.parse(text) as Echo) : undefined };
}
