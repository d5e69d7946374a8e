import { randomBytes } from "node:crypto";
import { MemoryEventLog, MemoryStorage } from "@routeledger/event-log";
import { silentLogger } from "@routeledger/service-kit";
import { systemClock } from "@routeledger/std";
import { startXdsEdge } from "@routeledger/xds-edge";
import { Publisher } from "../features/xds/publisher.ts";
import type { EdgeAnswer, EdgeCommand, ProcessLimits } from "./edge-command.ts";

/**
 * A process that tests kill, flood and measure: an edge on an XDS log of its own, in memory, of which its parent says
 * what is published. Start it with an IPC channel and `--expose-gc`; its arguments are the address, the edge's
 * id and its limits in JSON. It ends with its parent.
 */
const [, , address = "", edgeId = "", limits = "{}"] = process.argv;
const xdsLog = new MemoryEventLog("XDS", new MemoryStorage("xds-1"));
const deliveryLog = new MemoryEventLog("DELIVERY", new MemoryStorage("delivery-1"));
const publisher = new Publisher(xdsLog, { retireGraceMs: 2_000 });
const edge = await startXdsEdge({
  xdsLog,
  deliveryLog,
  address,
  edgeId,
  clock: systemClock,
  randomBytes,
  logger: silentLogger,
  secretsInClear: true,
  ...(JSON.parse(limits) as ProcessLimits),
});
await edge.becameReady;

process.on("disconnect", () => process.exit(0));
process.on("message", ({ id, ...command }: EdgeCommand & { readonly id: number }) => {
  void perform(command).then((answer) => process.send?.({ id, answer }));
});
process.send?.({ id: 0, answer: { address: edge.address } satisfies EdgeAnswer });

async function perform(command: EdgeCommand): Promise<EdgeAnswer> {
  switch (command.type) {
    case "publish": {
      const sequence = await publisher.publish(command.nodeGroup, command.parts);
      while (edge.published.revision.sequence < sequence) await nextTurn();
      return { sequence };
    }
    case "look":
      return { proxies: edge.proxies() };
    case "measure":
      return { memory: await measured() };
    case "stop":
      await edge.stop();
      return {};
  }
}

/** Without what the logs hold, which is here in memory and elsewhere is not; after collections. */
async function measured(): Promise<NodeJS.MemoryUsage> {
  for (const log of [xdsLog, deliveryLog]) await log.purge((await log.info()).lastSequence + 1);
  for (let round = 0; round < 3; round++) {
    globalThis.gc?.();
    await nextTurn();
  }
  return process.memoryUsage();
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
