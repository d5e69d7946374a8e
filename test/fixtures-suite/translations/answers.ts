import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { Probe } from "./requests.ts";

/** What a proxy made of a request. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  /** What the backend saw; undefined when the answer is the proxy's own. */
  readonly echo: Echo | undefined;
}

interface Echo {
  /** Of the backend that answered: `namespace/name:port`. */
  readonly pod: string;
  readonly path: string;
  readonly host: string;
  readonly method: string;
  readonly proto: string;
  readonly headers: Readonly<Record<string, readonly string[]>>;
}

/** How long one request may take, milliseconds. */
const timeoutMs = 10_000;

/** Asks proxies on 127.0.0.1. Close it when done. */
export class Client {
  readonly #plain = new HttpAgent({ keepAlive: true, maxSockets: 16 });
  // A connection is one server name's.
  readonly #secured = new HttpsAgent({ keepAlive: true, maxSockets: 4 });

  /** Undefined where no answer came: a connection or a handshake that was refused. */
  ask(probe: Probe, port: number): Promise<Answer | undefined> {
    const { method, path, host, headers, sni } = probe;
    const options = {
      host: "127.0.0.1",
      port,
      method,
      path,
      headers: { ...headers, host },
      timeout: timeoutMs,
    };
    return new Promise((resolve) => {
      const answered = (response: IncomingMessage): void => void readAnswer(response).then(resolve);
      const request =
        sni === undefined
          ? httpRequest({ ...options, agent: this.#plain }, answered)
          : httpsRequest(
              { ...options, agent: this.#secured, servername: sni, rejectUnauthorized: false },
              answered,
            );
      request.on("timeout", () => request.destroy());
      request.on("error", () => resolve(undefined));
      request.end();
    });
  }

  close(): void {
    this.#plain.destroy();
    this.#secured.destroy();
  }
}

async function readAnswer(response: IncomingMessage): Promise<Answer | undefined> {
  let body = "";
  try {
    for await (const chunk of response.setEncoding("utf8")) body += chunk;
  } catch {
    return undefined;
  }
  const echo = body.startsWith('{"path":') ? (JSON.parse(body) as Echo) : undefined;
  return { status: response.statusCode ?? 0, headers: response.headers, echo };
}

/** For people and for the list of differences: `GET http://a.example.com/x env=canary`. */
export function probeName({ method, host, path, headers, sni }: Probe): string {
  const scheme = sni === undefined ? "http" : "https";
  const sent = Object.entries(headers).map(([name, value]) => `${name}=${value}`);
  const asked = sni === undefined || host.toLowerCase().replace(/:\d+$/, "") === sni ? [] : [`sni=${sni}`];
  return [method, `${scheme}://${host}${path}`, ...sent, ...asked].join(" ");
}

/**
 * What of an answer is compared, a fact a name. The first, `answer`, is the status with where a redirect leads, and
 * which backend answered; the others are what became of a request that reached one.
 */
export function answerFacts(answer: Answer | undefined): Map<string, string> {
  if (answer === undefined) return new Map([["answer", "none"]]);
  const { status, headers, echo } = answer;
  const told = [
    status,
    headers.location,
    headers["grpc-status"] && `grpc-status=${headers["grpc-status"]}`,
    echo?.pod,
  ];
  const facts = new Map([["answer", told.filter((part) => part !== undefined).join(" ")]]);
  for (const [name, value] of Object.entries(headers)) {
    if (!ofEachAnswer.has(name)) facts.set(`response header ${name}`, String(value));
  }
  if (echo === undefined) return facts;
  facts.set("path", echo.path).set("host", echo.host).set("method", echo.method).set("protocol", echo.proto);
  for (const [name, values] of Object.entries(echo.headers)) {
    if (!ofEachRequest.has(name.toLowerCase()))
      facts.set(`request header ${name.toLowerCase()}`, values.join(", "));
  }
  return facts;
}

/** Headers whose values are other ones each time. */
const ofEachAnswer = new Set([
  "date",
  "content-length",
  "x-envoy-upstream-service-time",
  "location",
  "grpc-status",
]);
const ofEachRequest = new Set(["x-request-id"]);
