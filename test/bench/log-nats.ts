/** The log on NATS, durable, on one server and on three: appends, the way to a reader, replay, the largest commit. */
import type { EventLog } from "@routeledger/event-log";
import { createNatsStreams, type NatsOptions, openNatsEventLogs } from "@routeledger/event-log-nats";
import { startNatsCluster, startNatsServer } from "../nats/nats-server.ts";

const appends = 1_000;
const replayed = 100_000;
const smallBytes = 300;
const chunkBytes = 512 * 1024;

function say(what: string): void {
  process.stdout.write(`${what}\n`);
}

function percentiles(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(2);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`;
}

function messages(count: number, bytes: number) {
  return Array.from({ length: count }, () => ({ subject: "ChangeSet", body: new Uint8Array(bytes).fill(7) }));
}

/** One append after the other, each also read by another connection that waits. */
async function latency(writer: EventLog, reader: EventLog): Promise<void> {
  const stop = new AbortController();
  const arrivals = new Map<number, () => void>();
  const reading = (async () => {
    for await (const { sequence } of reader.read({ after: 0, signal: stop.signal }))
      arrivals.get(sequence)?.();
  })();
  const acknowledged: number[] = [];
  const read: number[] = [];
  for (let last = 0; last < appends; last++) {
    const from = performance.now();
    const arrived = new Promise<void>((resolve) => {
      arrivals.set(last + 1, () => {
        read.push(performance.now() - from);
        resolve();
      });
    });
    await writer.append({ messages: messages(1, smallBytes), expectedLast: last });
    acknowledged.push(performance.now() - from);
    await arrived;
  }
  stop.abort();
  await reading;
  say(`append to acknowledgement: ${percentiles(acknowledged)}`);
  say(`append to reader: ${percentiles(read)}`);
}

async function throughput(writer: EventLog, reader: EventLog): Promise<void> {
  let last = (await writer.info()).lastSequence;
  const batch = messages(125, smallBytes);
  let from = performance.now();
  for (const end = last + replayed; last < end; ) {
    last = (await writer.append({ messages: batch, expectedLast: last })).lastSequence;
  }
  say(`appends of ${batch.length} in a batch: ${perSecond(replayed, from)} messages/s`);
  from = performance.now();
  let read = 0;
  for await (const _ of reader.read({ after: 0, until: last })) read++;
  say(`replay: ${perSecond(read, from)} messages/s`);
  from = performance.now();
  await writer.append({ messages: messages(128, chunkBytes), expectedLast: last });
  say(`commit of 64 MiB: ${Math.round(performance.now() - from)} ms`);
}

function perSecond(count: number, fromMs: number): number {
  return Math.round((count / (performance.now() - fromMs)) * 1_000);
}

for (const replicas of [1, 3] as const) {
  const servers = replicas === 1 ? await startNatsServer() : await startNatsCluster();
  say(`${replicas} ${replicas === 1 ? "server" : "servers"}, sync_interval: always`);
  const options: NatsOptions = { servers: servers.url.split(","), name: "bench" };
  await createNatsStreams({ ...options, replicas });
  const [writer, reader] = [await openNatsEventLogs(options), await openNatsEventLogs(options)];
  await latency(writer.config, reader.config);
  await throughput(writer.config, reader.config);
  await writer.close();
  await reader.close();
  await servers.dispose();
}
