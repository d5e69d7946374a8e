import { createServer, type Server } from "node:http";

export interface QuickstartBackends {
  readonly ports: { readonly blue: number; readonly green: number };
  stop(): Promise<void>;
}

/**
 * Starts the two servers of the quickstart on loopback; port 0 takes a free one.
 * @throws Error when a port is taken
 */
export async function startQuickstartBackends(ports: {
  blue: number;
  green: number;
}): Promise<QuickstartBackends> {
  const blue = await startBackend("blue", ports.blue);
  const green = await startBackend("green", ports.green).catch(async (error: unknown) => {
    await stopServer(blue);
    throw error;
  });
  return {
    ports: { blue: portOf(blue), green: portOf(green) },
    stop: async () => void (await Promise.all([blue, green].map(stopServer))),
  };
}

function startBackend(name: string, port: number): Promise<Server> {
  const server = createServer((request, response) => {
    response.setHeader("content-type", "text/plain");
    response.end(`${name} says hello to ${request.method} ${request.url}\n`);
  });
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(new Error(`backend ${name} on port ${port}: ${error.message}`)));
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

function stopServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
