import { createServer, type Server } from "node:net";
import { assert } from "@routeledger/std";

/** Addresses of loopback that are one run's: runs on one machine have no port in common. */
export interface LoopbackNet {
  /** A CIDR: what Gateways get. */
  readonly gateways: string;
  /** An address that no Gateway gets unless it names it. */
  readonly spare: string;
  /** @param number 1 for the first; at most 254 */
  pod(number: number): string;
}

/** The second number of the nets: 127.0.0.0/16 is everybody's. */
const lowest = 2;
const highest = 254;
/** A net is a process's as long as it listens here; below what the kernel gives to outgoing connections. */
const guardPort = 19_999;

/** Takes a net 127.N.0.0/16 that no other run has, until the process ends. */
export async function claimLoopbackNet(): Promise<LoopbackNet> {
  const count = highest - lowest + 1;
  for (let tried = 0; tried < count; tried++) {
    const net = lowest + ((process.pid + tried) % count);
    const guard = await listen(`127.${net}.255.254`);
    if (guard === undefined) continue;
    guard.unref();
    return {
      gateways: `127.${net}.128.0/17`,
      spare: `127.${net}.2.1`,
      pod(number) {
        assert(number > 0 && number < 255, `at most 254 pods, got ${number}`);
        return `127.${net}.1.${number}`;
      },
    };
  }
  throw new Error(`a loopback net from 127.${lowest}.0.0/16 to 127.${highest}.0.0/16`);
}

/** Undefined where somebody listens already. */
function listen(address: string): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen(guardPort, address, () => resolve(server));
  });
}
