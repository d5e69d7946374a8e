import { createServer, type Server } from "node:http";

/**
 * Starts an HTTP server that says its name; port 0 takes a free one.
 * @throws Error when the port is taken
 */
export function startBackend(options: { name: string; host: string; port: number }): Promise<Server> {
  const { name, host, port } = options;
  const server = createServer((request, response) => {
    response.setHeader("content-type", "text/plain");
    response.end(`${name} says hello to ${request.method} ${request.url}\n`);
  });
  // Longer than Envoy keeps an idle connection unasked here: a request never meets one that is just being closed.
  server.keepAliveTimeout = 3_700_000;
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(new Error(`backend ${name} on port ${port}: ${error.message}`)));
    server.listen(port, host, () => resolve(server));
  });
}

/** Stops it, whatever is connected. */
export function stopBackend(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
