import { createServer, type Server } from "node:net";

/** Below what the kernel gives to outgoing connections, which would else take a port before its Envoy listens. */
const lowest = 16_384;
const highest = 32_000;
/** Ports of one run, the guard among them. */
const blockLength = 128;

/** What is left of this process's blocks. */
let claimed: Promise<number[]> | undefined;

/** TCP ports on which nobody listens and that no other process gets from here, others at each call. */
export async function freePorts(count: number): Promise<number[]> {
  claimed ??= claimBlock();
  const ports = (await claimed).splice(0, count);
  if (ports.length === count) return ports;
  claimed = claimBlock();
  return [...ports, ...(await freePorts(count - ports.length))];
}

/**
 * A block of ports is a process's as long as it listens on the first of them. Envoys share a port with other Envoys
 * without a word, so two runs must not have one in common.
 */
async function claimBlock(): Promise<number[]> {
  const blocks = Math.floor((highest - lowest) / blockLength);
  for (let tried = 0; tried < blocks; tried++) {
    const first = lowest + ((process.pid + tried) % blocks) * blockLength;
    const guard = await listen(first);
    if (guard === undefined) continue;
    guard.unref();
    return unused(first + 1, first + blockLength);
  }
  throw new Error(`a block of ${blockLength} ports from ${lowest} to ${highest}`);
}

/** Leaves out those on which somebody listens. */
async function unused(from: number, until: number): Promise<number[]> {
  const ports: number[] = [];
  for (let port = from; port < until; port++) {
    const server = await listen(port);
    if (server === undefined) continue;
    await new Promise((resolve) => server.close(resolve));
    ports.push(port);
  }
  return ports;
}

/** Undefined where somebody listens already. */
function listen(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen(port, "0.0.0.0", () => resolve(server));
  });
}
