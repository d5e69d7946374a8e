import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EventLog, LogMessage } from "@routeledger/event-log";
import type { EventLogHarness } from "@routeledger/event-log/testing";
import { createNatsStreams, type NatsEventLogs, openNatsEventLogs } from "@routeledger/event-log-nats";
import { assert } from "@routeledger/std";
import { type JetStreamAdmin, jetStreamAdmin } from "./jetstream-admin.ts";
import type { NatsTestServers } from "./nats-server.ts";

export interface NatsLogHarnessOptions {
  readonly start: () => Promise<NatsTestServers>;
  readonly replicas: 1 | 3;
  /** What `reopen` does to the servers between closing and opening. */
  readonly disturb: (servers: NatsTestServers) => Promise<void>;
}

/** Gives the contract logs on real servers, one at a time: a new log takes the place of the one before. */
export function natsLogHarness({ start, replicas, disturb }: NatsLogHarnessOptions): EventLogHarness {
  const opened = new Map<EventLog, NatsEventLogs>();
  const copies: string[] = [];
  let servers: NatsTestServers | undefined;
  let admin: JetStreamAdmin | undefined;

  const open = async (): Promise<EventLog> => {
    const logs = await openNatsEventLogs({ servers: servers!.url.split(","), name: "contract" });
    opened.set(logs.config, logs);
    return logs.config;
  };
  const close = async (log: EventLog): Promise<void> => {
    const logs = opened.get(log);
    assert(logs, "a log that this harness opened");
    opened.delete(log);
    await logs.close();
  };
  const create = async (): Promise<EventLog> => {
    servers ??= await start();
    admin ??= await jetStreamAdmin(servers.url);
    await admin.deleteStream("CONFIG");
    await createNatsStreams({ servers: servers.url.split(","), name: "contract", replicas });
    return await open();
  };
  /** Each server's files are those of another moment, under the same names. */
  const exchangeFiles = async (exchange: (folder: string, copy: string) => Promise<void>, to: string) => {
    for (const server of servers!.servers) await server.stop();
    for (const { name, storeFolder } of servers!.servers) await exchange(storeFolder, join(to, name));
    for (const server of servers!.servers) await server.spawn();
    await servers!.ready();
  };

  return {
    create,
    reopen: async (log) => {
      await close(log);
      await disturb(servers!);
      return await open();
    },
    truncate: async (log, lastSequence) => {
      const kept: LogMessage[] = [];
      for await (const message of log.read({ after: 0, until: lastSequence })) kept.push(message);
      await close(log);
      const shorter = await create();
      const messages = kept.map(({ body }) => ({ subject: "ChangeSet", body }));
      await shorter.append({ messages, expectedLast: 0 });
      return shorter;
    },
    recreate: async (log) => {
      await close(log);
      return await create();
    },
    copy: async (log) => {
      await close(log);
      const copied = await mkdtemp(join(tmpdir(), "routeledger-nats-copy-"));
      copies.push(copied);
      await exchangeFiles((folder, copy) => cp(folder, copy, { recursive: true }), copied);
      const restore = async (current: EventLog) => {
        await close(current);
        await exchangeFiles(async (folder, copy) => {
          await rm(folder, { recursive: true });
          await cp(copy, folder, { recursive: true });
        }, copied);
        return await open();
      };
      return { log: await open(), copy: { restore } };
    },
    dispose: async () => {
      for (const logs of opened.values()) await logs.close();
      await admin?.close();
      await servers?.dispose();
      for (const copied of copies) await rm(copied, { recursive: true });
    },
  };
}
