import { type EventLog, type LogName, messageBytesMax } from "@routeledger/event-log";
import { Failure } from "@routeledger/std";
import { connectNats } from "./connect-nats.ts";
import { noStreamFailure, streamInfo } from "./jetstream-api.ts";
import { createBus, type NatsBus } from "./nats-bus.ts";
import { NatsEventLog } from "./nats-event-log.ts";
import type { NatsLink } from "./nats-link.ts";
import type { NatsOptions } from "./nats-options.ts";
import { checkStream } from "./stream-settings.ts";

export interface NatsEventLogs {
  readonly config: EventLog;
  readonly xds: EventLog;
  readonly delivery: EventLog;
  /** Messages between the processes that may be lost. */
  readonly bus: NatsBus;
  /** Ends all readers and the connection. Idempotent. */
  close(): Promise<void>;
}

/** Bytes of headers and subject that come to a body, rounded up. */
const headersBytesMax = 4_096;

/**
 * Attaches to the streams CONFIG, XDS and DELIVERY over one connection, which mends itself from then on.
 *
 * @throws Failure `nats.unreachable`, `nats.refused`, `log.unreachable` (retryable), `nats.noStream`,
 * `nats.serverTooOld`, `nats.unsafeStream`, `nats.smallPayload`, `nats.denied`, `nats.credentials`
 */
export async function openNatsEventLogs(options: NatsOptions): Promise<NatsEventLogs> {
  const link = await connectNats(options);
  try {
    checkPayload(link);
    const [config, xds, delivery] = await Promise.all([
      attached(link, "CONFIG"),
      attached(link, "XDS"),
      attached(link, "DELIVERY"),
    ]);
    const close = async (): Promise<void> => {
      for (const log of [config, xds, delivery]) await log.close();
      await link.close();
    };
    return { config, xds, delivery, bus: createBus(link), close };
  } catch (error) {
    await link.close();
    throw error;
  }
}

async function attached(link: NatsLink, name: LogName): Promise<NatsEventLog> {
  const info = await streamInfo(link, name);
  if (!info) throw noStreamFailure(`open log ${name}`, name);
  checkStream(name, info);
  return new NatsEventLog(name, link, info);
}

function checkPayload({ connection }: NatsLink): void {
  const found = connection.info?.max_payload ?? 0;
  const wanted = messageBytesMax + headersBytesMax;
  if (found >= wanted) return;
  throw new Failure(`use NATS: its server takes messages of at most ${found} bytes`, {
    code: "nats.smallPayload",
    retryable: false,
    hint: `set max_payload to at least ${wanted} (the server's default is 1 MB)`,
    fields: { found, wanted },
  });
}
