import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { Failure, type JsonObject, type JsonValue } from "@routeledger/std";
import type { ChangeAnswer } from "./api-types.ts";

/** How long the api may be silent before a call is given up, milliseconds. Waits are told apart by the caller. */
const silenceMaxMs = 60_000;

/** A call to the api. Query members that are undefined are left out. */
export interface ApiCall {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: JsonValue;
  readonly signal?: AbortSignal;
}

export interface ApiAnswer {
  readonly status: number;
  readonly body: JsonObject;
}

/** Who asks, and whom to believe. */
export interface ApiAccess {
  readonly token?: string;
  /** PEM of the authorities that the server's certificate may come from; absent: those of Node. */
  readonly ca?: string;
}

/** Speaks HTTP and JSON to the api. One connection a call: commands are short. */
export class ApiClient {
  readonly server: URL;
  readonly #access: ApiAccess;

  /** @throws Failure `cli.server` for what is no http or https URL */
  constructor(server: string, access: ApiAccess = {}) {
    this.server = parseServer(server);
    this.#access = access;
  }

  /** The answer's JSON. @throws Failure with the api's own code and message for a status of 400 and above. */
  async call(call: ApiCall): Promise<JsonObject> {
    const answer = await this.ask(call);
    if (answer.status < 400) return answer.body;
    throw errorOf(answer);
  }

  /** The results of apply and delete, which come with an error's status too when all was refused. */
  expectChange(answer: ApiAnswer): ChangeAnswer {
    if (!Array.isArray(answer.body.results)) throw errorOf(answer);
    return answer.body as unknown as ChangeAnswer;
  }

  /** The answer whatever its status. @throws Failure `cli.unreachable` when there is none. */
  ask(call: ApiCall): Promise<ApiAnswer> {
    const url = new URL(call.path, this.server);
    for (const [name, value] of Object.entries(call.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const body = call.body === undefined ? undefined : JSON.stringify(call.body);
    const headers = {
      accept: "application/json",
      ...(body === undefined
        ? {}
        : { "content-type": "application/json", "content-length": Buffer.byteLength(body) }),
      ...(this.#access.token !== undefined && { authorization: `Bearer ${this.#access.token}` }),
      ...call.headers,
    };
    const { ca } = this.#access;
    const send = url.protocol === "https:" ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const options = {
        method: call.method,
        headers,
        agent: false,
        ...(call.signal ? { signal: call.signal } : {}),
        ...(ca !== undefined && { ca }),
      };
      const sent = send(url, options, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", (cause) => reject(unreachable(this.server, cause)));
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          resolve({ status: response.statusCode ?? 0, body: parseBody(text, url) });
        });
      });
      sent.setTimeout(silenceMaxMs, () => sent.destroy(new Error(`silent for ${silenceMaxMs / 1000} s`)));
      sent.on("error", (cause) => reject(unreachable(this.server, cause)));
      sent.end(body);
    });
  }
}

function parseServer(server: string): URL {
  const url = URL.parse(server.includes("://") ? server : `http://${server}`);
  if (url !== null && (url.protocol === "http:" || url.protocol === "https:")) return url;
  throw new Failure(`invalid server "${server}": expected a URL such as http://127.0.0.1:7480`, {
    code: "cli.server",
    retryable: false,
  });
}

function parseBody(text: string, url: URL): JsonObject {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return parsed as JsonObject;
  } catch {
    // Said below: whatever answered is no api of ours.
  }
  throw new Failure(`${url.origin} answered something else than JSON`, {
    code: "cli.notAnApi",
    retryable: false,
    hint: "is this address the api of a routeledger? --server and ROUTELEDGER_SERVER say where it is",
  });
}

function errorOf({ status, body }: ApiAnswer): Failure {
  const error = (body.error ?? {}) as JsonObject;
  const message = typeof error.message === "string" ? error.message : `the server answered ${status}`;
  return new Failure(message, {
    code: typeof error.code === "string" ? error.code : `http.${status}`,
    retryable: status === 503,
    ...(typeof error.hint === "string" ? { hint: error.hint } : {}),
    fields: { status },
  });
}

/** The server's certificate comes from nobody whom we believe. */
const untrustedCodes = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

function unreachable(server: URL, cause: Error): Failure {
  const code = "code" in cause ? String(cause.code) : "";
  const refused = code === "ECONNREFUSED";
  const what = refused
    ? `the connection to the server ${server.host} was refused - did you specify the right host or port?`
    : `talk to the server ${server.host}: ${cause.message}`;
  return new Failure(what, {
    code: "cli.unreachable",
    retryable: true,
    hint: untrustedCodes.has(code)
      ? "--ca-file or ROUTELEDGER_CA_FILE names the certificates to believe"
      : "--server or ROUTELEDGER_SERVER says where the api is; `routeledger dev` starts one on this machine",
    cause,
  });
}
