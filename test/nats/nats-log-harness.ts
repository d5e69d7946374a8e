import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EventLog, LogMessage } from "@routeledger/event-log";
import type { EventLogHarness } from "@routeledger/event-log/testing";
import {
  createNatsStreams,
  type NatsEventLogs,
  type NatsOptions,
  openNatsEventLogs,
} from "@routeledger/event-log-nats";
import { assert } from "@routeledger/std";
import { jetStreamAdmin } from "./jetstream-admin.ts";
import type { NatsTestServers } from "./nats-server.ts";
import { whenReachable } from "./when-reachable.ts";

export interface NatsLogHarnessOptions {
  /** Starts servers with these lines in their configuration. */
  readonly start: (configuration: string) => Promise<NatsTestServers>;
  readonly replicas: 1 | 3;
  /** What `reopen` does to the servers between closing and opening. */
  readonly disturb: (servers: NatsTestServers) => Promise<void>;
}

/** Logs that live beside each other; the next one takes the place of the oldest. */
const accounts = 6;

interface Opened {
  readonly account: number;
  readonly logs: NatsEventLogs;
}

/** Gives the contract logs on real servers, each in an account of its own, since their streams have the same names. */
export function natsLogHarness({ start, replicas, disturb }: NatsLogHarnessOptions): EventLogHarness {
  const opened = new Map<EventLog, Opened>();
  let servers: NatsTestServers;
  let folder: string | undefined;
  let created = 0;
  let copies = 0;

  const begin = async (): Promise<void> => {
    if (folder !== undefined) return;
    folder = await mkdtemp(join(tmpdir(), "routeledger-nats-harness-"));
    await writeFile(join(folder, "password"), "secret\n");
    servers = await start(accountsConfiguration());
  };
  const options = (account: number): NatsOptions => ({
    servers: servers.url.split(","),
    name: "contract",
    user: `user${account}`,
    passwordFile: join(folder!, "password"),
  });
  // A cluster that has just lost a server elects leaders first.
  const open = async (account: number): Promise<EventLog> => {
    const logs = await whenReachable(() => openNatsEventLogs(options(account)));
    opened.set(logs.config, { account, logs });
    return logs.config;
  };
  const close = async (log: EventLog): Promise<number> => {
    const found = opened.get(log);
    assert(found, "a log that this harness opened");
    opened.delete(log);
    await found.logs.close();
    return found.account;
  };
  const createIn = async (account: number): Promise<EventLog> => {
    await jetStreamAdmin(servers.url, { user: `user${account}`, pass: "secret" }).deleteStream("CONFIG");
    const choices = { replicas, deliveryBytesMax: 16 * 1024 ** 2 };
    await whenReachable(() => createNatsStreams({ ...options(account), ...choices }));
    return await open(account);
  };
  const create = async (): Promise<EventLog> => {
    await begin();
    const account = created++ % accounts;
    for (const [log, old] of opened) if (old.account === account) await close(log);
    return await createIn(account);
  };
  /** Another log with the same bodies. */
  const copied = async (log: EventLog, lastSequence: number): Promise<EventLog> => {
    const kept: LogMessage[] = [];
    for await (const message of log.read({ after: 0, until: lastSequence })) kept.push(message);
    const copy = await create();
    const messages = kept.map(({ body }) => ({ subject: "ChangeSet", body }));
    await copy.append({ messages, expectedLast: 0 });
    return copy;
  };
  /** Works on the servers' files while none of them runs. */
  const withFiles = async (work: (storeFolder: string, name: string) => Promise<void>): Promise<void> => {
    for (const server of servers.servers) await server.stop();
    for (const { name, storeFolder } of servers.servers) await work(storeFolder, name);
    for (const server of servers.servers) await server.spawn();
    await servers.ready();
  };

  return {
    create,
    reopen: async (log) => {
      const account = await close(log);
      await disturb(servers);
      return await open(account);
    },
    truncate: async (log, lastSequence) => {
      const { identity } = await log.info();
      const shorter = await copied(log, lastSequence);
      // The journal of a replicated stream does not go with the files of another: only its name is kept.
      if (replicas > 1) return withIdentity(shorter, identity);
      const [account, from] = [await close(log), await close(shorter)];
      await withFiles(async (store) => {
        await rm(messagesFolder(store, account), { recursive: true });
        await cp(messagesFolder(store, from), messagesFolder(store, account), { recursive: true });
      });
      return await open(account);
    },
    recreate: async (log) => await createIn(await close(log)),
    copy: async (log) => {
      if (replicas > 1) {
        const { identity, lastSequence } = await log.info();
        const copy = await copied(log, lastSequence);
        return { log, copy: { restore: async () => withIdentity(copy, identity) } };
      }
      const account = await close(log);
      const files = join(folder!, `copy${copies++}`);
      await withFiles((store, name) => cp(store, join(files, name), { recursive: true }));
      const restore = async (current: EventLog) => {
        await close(current);
        await withFiles(async (store, name) => {
          await rm(store, { recursive: true });
          await cp(join(files, name), store, { recursive: true });
        });
        return await open(account);
      };
      return { log: await open(account), copy: { restore } };
    },
    dispose: async () => {
      for (const { logs } of opened.values()) await logs.close();
      if (folder === undefined) return;
      await servers?.dispose();
      await rm(folder, { recursive: true });
    },
  };
}

function accountsConfiguration(): string {
  const blocks = Array.from({ length: accounts }, (_, index) => {
    return `  account${index} { jetstream: enabled, users: [{ user: user${index}, password: secret }] }\n`;
  });
  return `accounts {\n${blocks.join("")}}\n`;
}

function messagesFolder(storeFolder: string, account: number): string {
  return join(storeFolder, "jetstream", `account${account}`, "streams", "CONFIG", "msgs");
}

function withIdentity(log: EventLog, identity: string): EventLog {
  return {
    name: log.name,
    info: async () => ({ ...(await log.info()), identity }),
    read: (options) => log.read(options),
    at: (sequence) => log.at(sequence),
    lastOf: (subject) => log.lastOf(subject),
    purge: (before) => log.purge(before),
    append: (request) => log.append(request),
    close: () => log.close(),
  };
}
