import { createServer } from "node:net";

/** Below what the kernel gives to outgoing connections, which would else take a port before its Envoy listens. */
const lowest = 16_384;
const highest = 32_000;

/** TCP ports on which nobody listened a moment ago, `count` different ones, from a place that differs by run. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  let port = lowest + ((process.pid * 61) % (highest - lowest));
  for (let tried = lowest; tried < highest && ports.length < count; tried++) {
    if (await isFree(port)) ports.push(port);
    port = port + 1 < highest ? port + 1 : lowest;
  }
  if (ports.length < count) throw new Error(`${count} free ports, got ${ports.length}`);
  return ports;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "0.0.0.0", () => server.close(() => resolve(true)));
  });
}
