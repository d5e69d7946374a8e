import { createServer, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { Failure, type JsonObject } from "@routeledger/std";
import type { Metrics } from "./metrics.ts";

/** Whether work can be sent here; the body says why not, and whatever helps. */
export interface Readiness {
  readonly ready: boolean;
  readonly body: JsonObject;
}

export interface OperationsServerOptions {
  /** HOST:PORT; port 0 takes a free one. */
  readonly address: string;
  readonly metrics: Metrics;
  readonly readiness: () => Promise<Readiness> | Readiness;
  /** PEM; plain HTTP without it. */
  readonly tls?: { readonly cert: string | Buffer; readonly key: string | Buffer } | undefined;
  /** More pages by path, JSON, asked with GET; undefined is 400, of a query that they do not know. */
  readonly pages?: Readonly<Record<string, (query: URLSearchParams) => JsonObject | undefined>>;
  /** What every other path answers, with 503; without it they are 404. */
  readonly elsewhere?: () => JsonObject;
}

export interface OperationsServer {
  /** HOST:PORT, with the port that it got. */
  readonly address: string;
  stop(): Promise<void>;
}

/** Answers are small: a client that does not read them is cut off. */
const requestTimeoutMs = 10_000;

/**
 * Serves what machines ask of a process: `/livez` (200 while it runs), `/readyz` (200 or 503, JSON) and `/metrics`.
 * @throws Failure `operations.address` when the address cannot be listened on
 */
export async function startOperationsServer(options: OperationsServerOptions): Promise<OperationsServer> {
  const times = { requestTimeout: requestTimeoutMs, headersTimeout: requestTimeoutMs };
  const { tls, pages = {} } = options;
  const server = tls === undefined ? createServer(times) : createTlsServer({ ...times, ...tls });
  server.on("request", (request, response) => {
    const [path = "", query = ""] = (request.url ?? "/").split("?");
    const page = request.method === "GET" && Object.hasOwn(pages, path) ? pages[path] : undefined;
    const answered =
      page === undefined
        ? answer(options, `${request.method} ${path}`, response)
        : answerPage(response, () => page(new URLSearchParams(query)));
    answered.catch((error: unknown) => {
      if (!response.headersSent) json(response, 500, { error: String(error) });
      else response.destroy();
    });
  });
  const address = await listen(server, options.address);
  return {
    address,
    stop() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

async function answerPage(response: ServerResponse, page: () => JsonObject | undefined): Promise<void> {
  const body = page();
  if (body === undefined) json(response, 400, { error: "no such query" });
  else json(response, 200, body);
}

async function answer(
  { metrics, readiness, elsewhere }: OperationsServerOptions,
  request: string,
  response: ServerResponse,
): Promise<void> {
  switch (request) {
    case "GET /livez":
      response.setHeader("content-type", "text/plain");
      response.end("ok\n");
      return;
    case "GET /readyz": {
      const { ready, body } = await readiness();
      json(response, ready ? 200 : 503, { ready, ...body });
      return;
    }
    case "GET /metrics": {
      const text = await metrics.text();
      response.setHeader("content-type", metrics.contentType);
      response.end(text);
      return;
    }
    default:
      if (elsewhere === undefined) json(response, 404, { error: "no such page: /livez, /readyz, /metrics" });
      else json(response, 503, elsewhere());
  }
}

function json(response: ServerResponse, status: number, body: JsonObject): void {
  response.statusCode = status;
  response.setHeader("content-type", "application/json");
  response.end(`${JSON.stringify(body)}\n`);
}

async function listen(server: Server, address: string): Promise<string> {
  const colon = address.lastIndexOf(":");
  const written = address.slice(0, colon);
  const host = written.replace(/^\[|\]$/g, "");
  const port = Number(address.slice(colon + 1));
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => {
      reject(
        new Failure(`listen for operations on ${address}: ${cause.message}`, {
          code: "operations.address",
          retryable: false,
          hint: "choose another address, or stop what listens there",
          cause,
        }),
      );
    });
    server.listen({ host, port }, resolve);
  });
  return `${written}:${(server.address() as AddressInfo).port}`;
}
