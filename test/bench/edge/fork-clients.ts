import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";

export interface AckingClients {
  stop(): void;
}

/** Starts proxies in a process of their own. Resolves when each has had a route table. */
export function forkClients(options: {
  readonly edges: readonly string[];
  readonly protocol: string;
  readonly count: number;
  readonly nodeGroup: string;
}): Promise<AckingClients> {
  const { edges, protocol, count, nodeGroup } = options;
  const program = fileURLToPath(new URL("./acking-clients.ts", import.meta.url));
  const child = fork(program, [edges.join(","), protocol, String(count), nodeGroup]);
  return new Promise((resolve, reject) => {
    child.on("message", (message) => {
      if (message === "served") resolve({ stop: () => void child.kill() });
      else reject(new Error(JSON.stringify(message)));
    });
    child.on("exit", (code) => reject(new Error(`the proxies ended with ${code}`)));
  });
}
