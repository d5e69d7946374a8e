/**
 * One edge on a log in memory, in a process of its own, with the commands of go-control-plane/main.go. Arguments: the
 * node group, how many services it has.
 */
import { randomBytes } from "node:crypto";
import { createInterface } from "node:readline";
import { CommitWriter, emptyTail, MemoryEventLog, MemoryStorage } from "@routeledger/event-log";
import { silentLogger } from "@routeledger/service-kit";
import { systemClock } from "@routeledger/std";
import { startXdsEdge } from "@routeledger/xds-edge";
import { encodePublication, type Part } from "@routeledger/xds-model";
import { gatewayParts } from "../edge/ten-thousand.ts";

const [nodeGroup = "", services = "1"] = process.argv.slice(2);
const shape = { groups: 1, services: Number(services), tables: 1 };
const parts = gatewayParts(shape);
const others = gatewayParts({ ...shape, prefix: "/other", port: 8081 });
const changed = {
  endpoint: pairs("endpoint"),
  route: pairs("route").filter(([part]) => part?.virtualHost !== ""),
};
const xds = new MemoryStorage("xds");
const delivery = new MemoryEventLog("DELIVERY", new MemoryStorage("delivery"));
const writer = new CommitWriter(new MemoryEventLog("XDS", xds), { clock: systemClock, randomBytes });
let tail = emptyTail;
let sequence = 0;
await publish(parts);

const edge = await startXdsEdge({
  xdsLog: new MemoryEventLog("XDS", xds),
  deliveryLog: delivery,
  ...{ address: "127.0.0.1:0", edgeId: "bench", clock: systemClock, randomBytes, logger: silentLogger },
});
await edge.becameReady;
process.stdout.write(`${edge.address}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  const [command, argument] = line.split(" ");
  if (command === "gc") {
    // What was recorded is elsewhere in production.
    await delivery.purge((await delivery.info()).lastSequence + 1);
    globalThis.gc?.();
    process.stdout.write("done\n");
    continue;
  }
  const all = changed[argument as keyof typeof changed];
  const [first, second] = all[sequence % all.length] ?? [];
  const part = Math.floor(sequence / all.length) % 2 === 0 ? second : first;
  if (part !== undefined) await publish([part]);
}
process.exit();

/** Each part of a type as it is, and with other bytes. */
function pairs(type: Part["type"]): (readonly [Part, Part | undefined])[] {
  return parts.flatMap((part, index) => (part.type === type ? [[part, others[index]] as const] : []));
}

/** As a translator does: what changed, and no more. */
async function publish(changes: readonly Part[]): Promise<void> {
  sequence++;
  const timeMs = Date.now();
  const groups = [{ nodeGroup, deleted: false, changed: changes, removed: [], retired: [] }];
  const payload = encodePublication({
    ...{ configEpoch: 1, from: sequence, to: sequence, timeMs, translatorVersion: 1 },
    configHash: new Uint8Array(32),
    deltas: [{ sequence, timeMs, retireGraceMs: 60_000, groups, statuses: [] }],
  });
  const said = { kind: "Publication", schemaVersion: 1, term: 0, actor: "translator", source: "bench" };
  const outcome = await writer.append({ ...said, summary: `revision ${sequence}`, payload }, tail);
  if (outcome.outcome !== "appended") throw new Error(outcome.outcome);
  tail = outcome.tail;
}
