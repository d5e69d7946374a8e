import { createServer } from "node:http";
import { createServer as createHttp2Server, createSecureServer } from "node:http2";
import type { Server as NetServer, Socket } from "node:net";
import type { Certificate } from "./certificates.ts";
import { answerEcho, type EchoRequest, type EchoResponse } from "./echo-answer.ts";
import { echoWebSockets } from "./echo-websocket.ts";

/** Who answers: what the official suite's echo server knows of itself from its pod. */
export interface EchoPod {
  readonly namespace: string;
  readonly service: string;
  /** `<deployment>-<hash>-<hash>`: the weight tests count by what stands before the hashes. */
  readonly pod: string;
  /** Serves HTTPS with it. */
  readonly tls?: EchoTls;
  /** Is told what it logs, as the suite's mirror tests look for. */
  log(line: string): void;
}

export interface EchoTls extends Certificate {
  /** PEM: clients may show certificates that it signed. */
  readonly clientAuthority?: string;
}

export interface EchoBackend {
  stop(): Promise<void>;
}

/** Container ports of the suite's echo server: HTTP/1.1, HTTP/2 by prior knowledge only, and HTTPS with either. */
export const echoPorts = { http: 3000, h2c: 3001, https: 8443 } as const;

/**
 * Stands in for one pod of the official suite's echo server on an address of the loopback net: any path answers 200
 * and says what arrived (fixtures/README.md).
 */
export async function startEchoBackend(address: string, pod: EchoPod): Promise<EchoBackend> {
  const plain = createServer((request, response) => answerEcho(request, response, pod));
  echoWebSockets(plain);
  const h2c = createHttp2Server((request, response) =>
    answerEcho(request as unknown as EchoRequest, response as unknown as EchoResponse, pod),
  );
  const servers: [NetServer, number][] = [
    [plain, echoPorts.http],
    [h2c, echoPorts.h2c],
    ...(pod.tls === undefined
      ? []
      : [[secureServer(pod, pod.tls), echoPorts.https] satisfies [NetServer, number]]),
  ];
  const sockets = new Set<Socket>();
  for (const [server] of servers) {
    server.on("connection", (socket: Socket) => {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
    });
  }
  await Promise.all(servers.map(([server, port]) => listen(server, address, port)));
  return {
    async stop() {
      const closed = servers.map(([server]) => close(server));
      for (const socket of sockets) socket.destroy();
      await Promise.all(closed);
    },
  };
}

/** A client's certificate is verified where the pod has an authority for them, and none is asked for of others. */
function secureServer(pod: EchoPod, { certificate, key, clientAuthority }: EchoTls): NetServer {
  const clients =
    clientAuthority === undefined
      ? {}
      : { requestCert: true, rejectUnauthorized: false, ca: clientAuthority };
  const options = { cert: certificate, key, allowHTTP1: true, ...clients };
  const server = createSecureServer(options, (request, response) =>
    answerEcho(request as unknown as EchoRequest, response as unknown as EchoResponse, pod),
  );
  // Whoever does not like the certificate goes away in the handshake.
  server.on("tlsClientError", () => undefined);
  return server;
}

function listen(server: NetServer, address: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, address, () => resolve());
  });
}

function close(server: NetServer): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
