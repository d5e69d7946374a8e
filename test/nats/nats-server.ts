/**
 * Real nats-servers for tests: one, or a cluster of three, on ports and in folders of their own, durable as
 * production is (`sync_interval: always`). They can be killed, frozen, started again, and looked at.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cacheFolder } from "@routeledger/cli";
import { natsServerBinary } from "../../scripts/nats-server-binary.ts";
import { freePorts } from "../conformance/free-ports.ts";

/** A cluster elects its leaders within about 10 s; two cores may be busy with something else. */
const readyWithinMs = 40_000;
const pollEveryMs = 50;

export interface NatsServerOptions {
  /** More lines of the server's configuration file, such as `authorization { ... }` or `max_payload: 8MB`. */
  readonly configuration?: string;
  /** Room for streams on the disk. Default `4GB`. */
  readonly fileStoreMax?: string;
  /** A command that is put before the server's, given its folder, such as one that mounts a small disk there. */
  readonly within?: (folder: string) => readonly string[];
  /** Another folder's files are kept, for servers that are started on what others left. */
  readonly folder?: string;
}

/** One server. Its ports and its folder stay the same over restarts. */
export class NatsTestServer {
  readonly name: string;
  readonly folder: string;
  readonly port: number;
  /** Of its file at the next start. */
  configuration: string;
  readonly #monitorPort: number;
  readonly #within: readonly string[];
  #process: ChildProcess | undefined;

  constructor(options: {
    readonly name: string;
    readonly folder: string;
    readonly port: number;
    readonly monitorPort: number;
    readonly configuration: string;
    readonly within?: readonly string[];
  }) {
    this.name = options.name;
    this.folder = options.folder;
    this.port = options.port;
    this.#monitorPort = options.monitorPort;
    this.#within = options.within ?? [];
    this.configuration = options.configuration;
  }

  /** For `--nats-url`. */
  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /** Where its streams are. */
  get storeFolder(): string {
    return join(this.folder, "store");
  }

  get running(): boolean {
    return (
      this.#process !== undefined && this.#process.exitCode === null && this.#process.signalCode === null
    );
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Starts the process and does not wait for it; `ready` does. */
  async spawn(): Promise<void> {
    if (this.running) return;
    const binary = await natsServerBinary({ cacheFolder: cacheFolder(process.env), progress: () => {} });
    await mkdir(this.folder, { recursive: true });
    const file = join(this.folder, "nats-server.conf");
    await writeFile(file, this.configuration);
    const log = createWriteStream(join(this.folder, "nats-server.log"), { flags: "a" });
    const [command, ...args] = [...this.#within, binary, "-c", file];
    const child = spawn(command!, args, { stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.pipe(log);
    child.stderr.pipe(log);
    this.#process = child;
    process.once("exit", () => child.kill("SIGKILL"));
  }

  /** Resolves when it answers that it is healthy: streams recovered, in a cluster also its leaders known. */
  async ready(): Promise<void> {
    await until(`nats-server ${this.name} to be ready`, async () => {
      if (!this.running) throw new Error(`nats-server ${this.name} ended:\n${await this.log()}`);
      return (await this.look("/healthz"))?.status === "ok";
    });
  }

  async start(): Promise<void> {
    await this.spawn();
    await this.ready();
  }

  /** As a power cut, without the loss of what the kernel holds. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** In order, as an operator stops it. */
  async stop(): Promise<void> {
    await this.#end("SIGTERM");
  }

  async restart(): Promise<void> {
    await this.kill();
    await this.start();
  }

  /** SIGSTOP: the process is there and says nothing. */
  freeze(): void {
    this.#process?.kill("SIGSTOP");
  }

  thaw(): void {
    this.#process?.kill("SIGCONT");
  }

  /** What the monitoring port answers, such as `/jsz?streams=true`; undefined when it does not. */
  async look(path: string): Promise<MonitorAnswer | undefined> {
    try {
      const answer = await fetch(`http://127.0.0.1:${this.#monitorPort}${path}`, {
        signal: AbortSignal.timeout(2_000),
      });
      return (await answer.json()) as MonitorAnswer;
    } catch {
      return undefined;
    }
  }

  /** The server's own log. */
  async log(): Promise<string> {
    return await readFile(join(this.folder, "nats-server.log"), "utf8").catch(() => "");
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    if (!child || !this.running) return;
    const exited = once(child, "exit");
    child.kill(signal);
    // A frozen process hears SIGTERM only when it goes on.
    child.kill("SIGCONT");
    await exited;
  }
}

/** The fields of the monitoring answers that tests look at. */
export interface MonitorAnswer {
  readonly status?: string;
  readonly meta_cluster?: {
    readonly leader?: string;
    /** As the meta leader sees them; absent elsewhere. */
    readonly replicas?: readonly { readonly offline?: boolean; readonly current?: boolean }[];
  };
  readonly account_details?: readonly {
    readonly stream_detail?: readonly {
      readonly name: string;
      readonly cluster?: { readonly leader?: string };
    }[];
  }[];
}

/** Servers that belong together: one, or a cluster. */
export interface NatsTestServers {
  readonly servers: readonly NatsTestServer[];
  /** All of them, comma-separated, for `--nats-url`. */
  readonly url: string;
  /** Resolves when all that run are ready and streams have leaders. */
  ready(): Promise<void>;
  /** The server that leads a stream now; undefined while none does. */
  leaderOf(stream: string): Promise<NatsTestServer | undefined>;
  /** Ends all and removes their folders. */
  dispose(): Promise<void>;
}

/** Starts one server and waits until it is ready. */
export async function startNatsServer(
  options: NatsServerOptions = {},
): Promise<NatsTestServers & { readonly server: NatsTestServer }> {
  const servers = await startServers(1, options);
  return { ...servers, server: servers.servers[0]! };
}

/** Starts three servers that replicate to each other and waits until they have elected their leader. */
export async function startNatsCluster(options: NatsServerOptions = {}): Promise<NatsTestServers> {
  return await startServers(3, options);
}

async function startServers(count: number, options: NatsServerOptions): Promise<NatsTestServers> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), "routeledger-nats-")));
  const ports = await freePorts(3 * count);
  const [clients, monitors, routes] = [0, 1, 2].map((part) => ports.slice(part * count, (part + 1) * count));
  const servers = clients!.map((port, index) => {
    const name = `n${index + 1}`;
    const place = { name, folder: join(folder, name), port, monitorPort: monitors![index]! };
    const cluster = count === 1 ? "" : clusterConfiguration(routes!, index);
    const fileStoreMax = options.fileStoreMax ?? "4GB";
    const configuration = `${baseConfiguration({ ...place, fileStoreMax })}${cluster}${options.configuration ?? ""}\n`;
    const within = options.within?.(place.folder) ?? [];
    return new NatsTestServer({ ...place, configuration, within });
  });
  for (const server of servers) await server.spawn();
  const started: NatsTestServers = {
    servers,
    url: servers.map(({ url }) => url).join(","),
    ready: () => allReady(servers),
    leaderOf: (stream) => leaderOf(servers, stream),
    dispose: async () => {
      for (const server of servers) await server.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
  try {
    await started.ready();
  } catch (error) {
    await started.dispose();
    throw error;
  }
  return started;
}

function baseConfiguration(place: {
  name: string;
  folder: string;
  port: number;
  monitorPort: number;
  fileStoreMax: string;
}): string {
  return `server_name: ${place.name}
listen: "127.0.0.1:${place.port}"
http: "127.0.0.1:${place.monitorPort}"
jetstream { store_dir: "${join(place.folder, "store")}", sync_interval: always, max_file_store: ${place.fileStoreMax}, max_memory_store: 256MB }
`;
}

function clusterConfiguration(routes: readonly number[], self: number): string {
  const urls = routes.map((port) => `"nats-route://127.0.0.1:${port}"`).join(", ");
  return `cluster { name: routeledger, listen: "127.0.0.1:${routes[self]}", routes: [${urls}] }\n`;
}

async function allReady(servers: readonly NatsTestServer[]): Promise<void> {
  const running = servers.filter((server) => server.running);
  await Promise.all(running.map((server) => server.ready()));
  if (servers.length === 1) return;
  await until("the cluster to have leaders", async () => {
    let online = 0;
    for (const server of running) {
      const answer = await server.look("/jsz?streams=true&accounts=true");
      if (!answer?.meta_cluster?.leader) return false;
      if (streamsOf(answer).some(({ cluster }) => !cluster?.leader)) return false;
      const known = answer.meta_cluster.replicas?.filter(({ offline }) => offline !== true).length ?? 0;
      online = Math.max(online, known);
    }
    // A leader that does not see the others yet finds no place for a stream of three.
    return online === running.length - 1;
  });
}

async function leaderOf(
  servers: readonly NatsTestServer[],
  stream: string,
): Promise<NatsTestServer | undefined> {
  for (const server of servers) {
    const answer = server.running && (await server.look("/jsz?streams=true&accounts=true"));
    const leader = answer && streamsOf(answer).find(({ name }) => name === stream)?.cluster?.leader;
    const found = servers.find(({ name }) => name === leader);
    if (found) return found;
  }
  return undefined;
}

function streamsOf({ account_details }: MonitorAnswer) {
  return (account_details ?? []).flatMap(({ stream_detail }) => stream_detail ?? []);
}

/** Asks again and again, and fails when the answer has not become true in time. */
async function until(what: string, asked: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + readyWithinMs;
  while (!(await asked())) {
    if (performance.now() > deadline) throw new Error(`wait for ${what}: not within ${readyWithinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, pollEveryMs));
  }
}
