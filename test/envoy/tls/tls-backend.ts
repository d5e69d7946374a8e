import { createServer as createHttp } from "node:http";
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from "node:http2";
import { type AddressInfo, createServer, type Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { authority, backend } from "./backend-certificates.ts";

/** What a request of a proxy was to the backend. */
export interface SeenByBackend {
  /** `plain` when it came without TLS. */
  readonly transport: string;
  readonly sni: string;
  readonly alpn: string;
  readonly httpVersion: string;
  /** Common name of the client's certificate; empty when it showed none that `authority` signed. */
  readonly client: string;
}

/** First byte of a TLS handshake. */
const handshakeByte = 0x16;

/** Answers, in clear and over TLS on one port, with what it saw, so that a proxy in plain text would be found out. */
export class TlsBackend {
  readonly port: number;
  /** False: it hangs up on requests in clear. */
  takesPlain = true;
  readonly #close: () => void;
  readonly #seen: SeenByBackend[];

  private constructor(port: number, seen: SeenByBackend[], close: () => void) {
    this.port = port;
    this.#seen = seen;
    this.#close = close;
  }

  /** @param options.plainStatus what requests in clear are answered; 400 is what most servers of TLS say */
  static async start({ plainStatus = 200 } = {}): Promise<TlsBackend> {
    const seen: SeenByBackend[] = [];
    const plain = createHttp((request, response) => {
      if (!made.takesPlain) {
        request.socket.destroy();
        return;
      }
      const one = { transport: "plain", sni: "", alpn: "", httpVersion: "1.1", client: "" };
      seen.push(one);
      response.statusCode = plainStatus;
      response.end(JSON.stringify(one));
    });
    const secured = createSecureServer(
      {
        cert: backend.certificate,
        key: backend.key,
        ca: authority,
        requestCert: true,
        rejectUnauthorized: false,
        allowHTTP1: true,
      },
      (request, response) => {
        const one = seenIn(request);
        seen.push(one);
        answer(response, one);
      },
    );
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
      socket.on("error", () => undefined);
      socket.once("readable", () => {
        const first: Buffer | null = socket.read();
        if (first === null) return;
        socket.unshift(first);
        (first[0] === handshakeByte ? secured : plain).emit("connection", socket);
      });
    });
    secured.on("tlsClientError", () => undefined);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const made = new TlsBackend((server.address() as AddressInfo).port, seen, () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return made;
  }

  /** Every request until now. */
  get seen(): readonly SeenByBackend[] {
    return this.#seen;
  }

  close(): void {
    this.#close();
  }
}

function seenIn(request: Http2ServerRequest): SeenByBackend {
  const socket = (request.stream?.session?.socket ?? request.socket) as TLSSocket;
  const { servername, alpnProtocol, authorized } = socket as TLSSocket & { servername: string | false };
  const { subject } = authorized ? socket.getPeerCertificate() : { subject: undefined };
  return {
    transport: socket.getProtocol() ?? "",
    sni: servername || "",
    alpn: alpnProtocol || "",
    httpVersion: request.httpVersion,
    client: String(subject?.CN ?? ""),
  };
}

function answer(response: Http2ServerResponse, seen: SeenByBackend): void {
  response.end(JSON.stringify(seen));
}
