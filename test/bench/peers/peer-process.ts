import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** A server that is measured, on one core of its own. */
export interface PeerServer {
  readonly address: string;
  /** Makes a change; resolves when the server was told. */
  change(what: "endpoint" | "route"): void;
  /** Resident memory after a full garbage collection, MiB. */
  residentMib(): Promise<number>;
  kill(): void;
}

/** CPU of the servers; the proxies have the other ones. */
const serverCpu = "0";

/** Starts a program that prints its address first and then takes commands. */
export async function startPeer(command: string, args: readonly string[]): Promise<PeerServer> {
  const child = spawn("taskset", ["-c", serverCpu, command, ...args], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const { value: address } = await lines.next();
  if (typeof address !== "string") throw new Error(`${command} ended before it listened`);
  return {
    address,
    change: (what) => void child.stdin.write(`change ${what}\n`),
    async residentMib() {
      child.stdin.write("gc\n");
      await lines.next();
      const status = await readFile(`/proc/${child.pid}/status`, "utf8");
      return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1_024;
    },
    kill: () => void child.kill("SIGKILL"),
  };
}

/** Proxies in a process of their own. */
export interface PeerProxies {
  /** When all had everything, nanoseconds of the monotonic clock. */
  complete(): Promise<bigint>;
  /** Resolves when they wait for the next response of a type; the promise in it to when each had it. */
  arm(type: "endpoint" | "route"): Promise<{ readonly arrived: Promise<bigint[]> }>;
  received(): Promise<{ readonly messages: number; readonly bytes: number }>;
  stop(): void;
}

export function forkProxies(options: {
  readonly addresses: readonly string[];
  readonly protocol: string;
  readonly count: number;
  readonly nodeGroup: string;
  readonly services: number;
}): PeerProxies {
  const { addresses, protocol, count, nodeGroup, services } = options;
  const program = fileURLToPath(new URL("./proxies-process.ts", import.meta.url));
  const args = [addresses.join(","), protocol, String(count), nodeGroup, String(services)];
  const child = fork(program, args, { execArgv: ["--no-warnings", "--max-old-space-size=8192"] });
  return {
    complete: async () => BigInt((await said<{ complete: string }>(child, "complete")).complete),
    async arm(type) {
      const armed = said(child, "armed");
      child.send({ arm: type });
      await armed;
      const arrived = said<{ arrived: string[] }>(child, "arrived");
      return { arrived: arrived.then(({ arrived: times }) => times.map(BigInt)) };
    },
    async received() {
      const answer = said<{ received: { messages: number; bytes: number } }>(child, "received");
      child.send({ count: true });
      return (await answer).received;
    },
    stop: () => void child.kill("SIGKILL"),
  };
}

/** The next message of the child that has a field. */
async function said<T extends object>(child: ChildProcess, field: string): Promise<T> {
  for (;;) {
    const [message] = (await once(child, "message")) as [T];
    if (field in message) return message;
  }
}
