import { createServer as createHttp } from "node:http";
import { createServer as createHttps } from "node:https";
import { type AddressInfo, createServer, type Socket } from "node:net";
import type { TestContext } from "node:test";
import { certificateA } from "./test-certificates.ts";

/** First byte of a TLS handshake. */
const handshakeByte = 0x16;

export interface DualBackend {
  readonly port: number;
  /** How many connections began with a TLS handshake. */
  readonly handshakes: number;
}

/** A backend that answers "ok" in clear and over TLS, on one port. */
export async function startDualBackend(test: TestContext): Promise<DualBackend> {
  const plain = createHttp((_, response) => response.end("ok"));
  let handshakes = 0;
  const { certificate: cert, privateKey: key } = certificateA;
  const secured = createHttps({ cert, key }, (_, response) => response.end("ok"));
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
    socket.once("readable", () => {
      const first: Buffer | null = socket.read();
      if (first === null) return;
      socket.unshift(first);
      const isSecured = first[0] === handshakeByte;
      if (isSecured) handshakes++;
      (isSecured ? secured : plain).emit("connection", socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  test.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    port,
    get handshakes() {
      return handshakes;
    },
  };
}
