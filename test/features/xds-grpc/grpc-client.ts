/** gRPC clients that find their servers over xDS, each in a process of its own: targets are names of listeners. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { cacheFolder } from "@routeledger/cli";
import { grpcGoClientBinary } from "../../../scripts/grpc-go-client-binary.ts";
import { defaultGroup } from "../xds/edge-world.ts";
import type { ClientAnswer, ClientCommand } from "./client-command.ts";
import { serverListenerTemplate } from "./grpc-parts.ts";

const callTimeoutMs = 20_000;
const loadEveryMs = 5;
/** How long a call may take to end as a test expects, milliseconds. */
const patienceMs = 30_000;

/** The libraries. grpc-js has one ADS stream for all targets of a process and knows one server, grpc-go one a target. */
export type Library = "grpc-js" | "grpc-go";
export const libraries: readonly Library[] = ["grpc-js", "grpc-go"];

export interface GrpcClientOptions {
  /** The bootstrap's servers, the preferred one first; each a name of one or more addresses, HOST:PORT. */
  readonly servers: readonly (readonly string[])[];
  readonly nodeId?: string;
}

export interface CallOutcome {
  /** What the backend said; empty when the call failed. */
  readonly text: string;
  /** In the words of gRPC's specification: OK, UNAVAILABLE ... */
  readonly code: string;
  readonly message: string;
}

export interface LoadCount {
  readonly good: number;
  readonly failed: number;
  /** How the first of them failed. */
  readonly firstFailure: string;
}

/** Starts a client that ends with the test. */
export async function startGrpcClient(
  test: TestContext,
  library: Library,
  { servers, nodeId = "grpc-1" }: GrpcClientOptions,
): Promise<GrpcClient> {
  const uris = servers.map((addresses, index) => {
    if (library === "grpc-js") return `ipv4:${addresses.join(",")}`;
    return addresses.length === 1 ? `passthrough:///${addresses[0]}` : `several:///${index}`;
  });
  const client = new GrpcClient(await spawnClient(library, bootstrapOf(uris, nodeId)));
  test.after(() => client.end());
  if (library === "grpc-go")
    for (const [index, addresses] of servers.entries()) await client.setAddresses(String(index), addresses);
  return client;
}

async function spawnClient(library: Library, bootstrap: string): Promise<ChildProcess> {
  const script = fileURLToPath(new URL("js-client-process.ts", import.meta.url));
  const [command, ...args] =
    library === "grpc-js"
      ? [process.execPath, "--no-warnings", script]
      : [await grpcGoClientBinary({ cacheFolder: cacheFolder(process.env), progress: () => {} })];
  const env = { ...process.env, GRPC_XDS_BOOTSTRAP_CONFIG: bootstrap };
  return spawn(command, args, { env, stdio: ["pipe", "pipe", "inherit"] });
}

function bootstrapOf(serverUris: readonly string[], nodeId: string): string {
  return JSON.stringify({
    xds_servers: serverUris.map((uri) => ({
      server_uri: uri,
      channel_creds: [{ type: "insecure" }],
      server_features: ["xds_v3"],
    })),
    node: { id: nodeId, cluster: defaultGroup, locality: {} },
    server_listener_resource_name_template: serverListenerTemplate,
  });
}

export class GrpcClient {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: ClientAnswer) => void>();
  #asked = 0;

  constructor(child: ChildProcess) {
    this.#child = child;
    createInterface({ input: child.stdout! }).on("line", (line) => {
      const answer = JSON.parse(line) as ClientAnswer;
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
  }

  /** Calls the target's service once. A target's channel is made at its first use. */
  async call(target: string, { wait = false } = {}): Promise<CallOutcome> {
    const answer = await this.#ask({ op: "call", target: xds(target), wait, timeoutMs: callTimeoutMs });
    return { text: answer.text ?? "", code: specified(answer.code), message: answer.message ?? "" };
  }

  /** Resolves when a call to the target ends so. @throws Error with the last outcome after 30 s */
  async until(target: string, expected: Partial<CallOutcome>): Promise<void> {
    const deadlineMs = performance.now() + patienceMs;
    for (;;) {
      const outcome = await this.call(target);
      if (Object.entries(expected).every(([key, value]) => outcome[key as keyof CallOutcome] === value))
        return;
      if (performance.now() > deadlineMs) {
        throw new Error(`${target} to answer ${JSON.stringify(expected)}, got ${JSON.stringify(outcome)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, loadEveryMs));
    }
  }

  /** Calls for ever, 5 ms apart, without waiting for a connection: a failed pick is a failed call. */
  async load(target: string): Promise<void> {
    await this.#done({ op: "load", target: xds(target), everyMs: loadEveryMs });
  }

  /** What the load of that target saw so far. */
  async counted(target: string): Promise<LoadCount> {
    const answer = await this.#done({ op: "counted", target: xds(target) });
    const { good = 0, failed = 0, firstFailure = "" } = answer;
    return { good, failed, firstFailure };
  }

  /** Ends the target's load and its channel. */
  async close(target: string): Promise<void> {
    await this.#done({ op: "close", target: xds(target) });
  }

  /** Of grpc-go: what `several:///name` resolves to. */
  async setAddresses(name: string, addresses: readonly string[]): Promise<void> {
    await this.#done({ op: "addresses", target: "", name, addresses });
  }

  /** Of grpc-go: starts a server on HOST:PORT whose listener comes over xDS. Returns the address that it got. */
  async serve(address: string): Promise<string> {
    return (await this.#done({ op: "serve", target: address })).text ?? "";
  }

  /** Of grpc-go: what a server was, in order: SERVING, NOT_SERVING. */
  async modes(address: string): Promise<readonly string[]> {
    return (await this.#done({ op: "modes", target: address })).modes ?? [];
  }

  /** SIGSTOP: it is there and reads nothing. */
  freeze(): void {
    this.#child.kill("SIGSTOP");
  }

  thaw(): void {
    this.#child.kill("SIGCONT");
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await gone;
  }

  #ask(command: Omit<ClientCommand, "id">): Promise<ClientAnswer> {
    const id = ++this.#asked;
    return new Promise((resolve, reject) => {
      const gone = (): void => reject(new Error(`${command.op} of a client that ended`));
      this.#child.once("exit", gone);
      this.#waiting.set(id, (answer) => {
        this.#child.off("exit", gone);
        resolve(answer);
      });
      this.#child.stdin?.write(`${JSON.stringify({ id, ...command })}\n`, (error) => error && reject(error));
    });
  }

  async #done(command: Omit<ClientCommand, "id">): Promise<ClientAnswer> {
    const answer = await this.#ask(command);
    if (answer.code !== "OK") throw new Error(`${JSON.stringify(command)}: ${answer.message}`);
    return answer;
  }
}

function xds(target: string): string {
  return `xds:///${target}`;
}

/** grpc-go writes DeadlineExceeded what the specification calls DEADLINE_EXCEEDED. */
function specified(code: string): string {
  return code.replace(/([a-z])([A-Z])/g, "$1_$2").toUpperCase();
}
