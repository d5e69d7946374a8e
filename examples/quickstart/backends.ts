import type { Server } from "node:http";
import { startBackend, stopBackend } from "./backend.ts";

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
  const host = "127.0.0.1";
  const blue = await startBackend({ name: "blue", host, port: ports.blue });
  const green = await startBackend({ name: "green", host, port: ports.green }).catch(
    async (error: unknown) => {
      await stopBackend(blue);
      throw error;
    },
  );
  return {
    ports: { blue: portOf(blue), green: portOf(green) },
    stop: async () => void (await Promise.all([blue, green].map(stopBackend))),
  };
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}
