import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";

/**
 * Starts a server on loopback that takes TLS only and says which; port 0 takes a free one. Its key is public and protects
 * nothing.
 * @throws Error when the port is taken
 */
export function startTlsBackend(port: number): Promise<Server> {
  const [cert, key] = ["backend.crt", "backend.key"].map((name) =>
    readFileSync(join(import.meta.dirname, name)),
  );
  const server = createServer({ cert, key }, (request, response) => {
    response.setHeader("content-type", "text/plain");
    response.end(`the shop says hello over ${(request.socket as TLSSocket).getProtocol()}\n`);
  });
  // Longer than Envoy keeps an idle connection unasked here: a request never meets one that is just being closed.
  server.keepAliveTimeout = 3_700_000;
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(new Error(`the shop on port ${port}: ${error.message}`)));
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}

/** Stops it, whatever is connected. */
export function stopTlsBackend(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
