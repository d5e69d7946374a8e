/**
 * A real kube-apiserver with its etcd, for tests: a process each, on free ports, in a folder of their own that goes
 * with them. Nothing else of Kubernetes runs: objects are stored and validated, no controller looks at them.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { once } from "node:events";
import { openSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { Agent, request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cacheFolder } from "@routeledger/cli";
import type { JsonObject } from "@routeledger/std";
import { kubeApiserverBinaries } from "../../scripts/kube-apiserver-binaries.ts";
import { freePorts } from "../conformance/free-ports.ts";

const readyWithinMs = 90_000;
const pollEveryMs = 200;
const answerWithinMs = 30_000;

/** What the server answers: an object, or a Status that says why not. */
export interface Answer {
  readonly code: number;
  readonly body: JsonObject;
}

export class KubeApiserver {
  readonly #folder: string;
  readonly #port: number;
  readonly #token: string;
  readonly #processes: readonly ChildProcess[];
  readonly #agent: Agent;

  /** Use `startKubeApiserver`. */
  constructor(options: {
    readonly folder: string;
    readonly port: number;
    readonly token: string;
    readonly processes: readonly ChildProcess[];
  }) {
    this.#folder = options.folder;
    this.#port = options.port;
    this.#token = options.token;
    this.#processes = options.processes;
    // The server makes its own certificate, for an address of this machine.
    this.#agent = new Agent({ keepAlive: true, maxSockets: 4, rejectUnauthorized: false });
  }

  /** @param path with its query: `/api/v1/namespaces/default/services?dryRun=All` */
  async ask(method: "GET" | "POST" | "PUT", path: string, body?: JsonObject): Promise<Answer> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    return await new Promise((resolve, reject) => {
      const sent = request(
        {
          ...{
            host: "127.0.0.1",
            port: this.#port,
            method,
            path,
            agent: this.#agent,
            timeout: answerWithinMs,
          },
          headers: { authorization: `Bearer ${this.#token}`, "content-type": "application/json" },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("error", reject);
          response.on("end", () => {
            const answer = Buffer.concat(chunks).toString();
            resolve({ code: response.statusCode ?? 0, body: parseAnswer(answer) });
          });
        },
      );
      sent.on("timeout", () =>
        sent.destroy(new Error(`no answer to ${method} ${path} in ${answerWithinMs} ms`)),
      );
      sent.on("error", reject);
      sent.end(text);
    });
  }

  async stop(): Promise<void> {
    this.#agent.destroy();
    for (const child of this.#processes) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** `/readyz` answers text. */
function parseAnswer(text: string): JsonObject {
  return text.startsWith("{") ? (JSON.parse(text) as JsonObject) : { message: text };
}

/**
 * Starts both and waits until the server is ready.
 * @throws Error that names the folder with the logs, which then stays
 */
export async function startKubeApiserver(): Promise<KubeApiserver> {
  const progress = (line: string): void => void process.stderr.write(`${line}\n`);
  const binaries = await kubeApiserverBinaries({ cacheFolder: cacheFolder(process.env), progress });
  const folder = await mkdtemp(join(tmpdir(), "kube-apiserver-"));
  const [port, clientPort, peerPort] = (await freePorts(3)) as [number, number, number];
  const token = randomBytes(16).toString("hex");
  const files = await writeFiles(folder, token);
  const peer = `http://127.0.0.1:${peerPort}`;
  const client = `http://127.0.0.1:${clientPort}`;
  const etcd = run("etcd", folder, binaries.etcd, [
    ...["--data-dir", join(folder, "etcd"), "--name", "only", "--unsafe-no-fsync"],
    ...["--listen-client-urls", client, "--advertise-client-urls", client],
    ...[
      "--listen-peer-urls",
      peer,
      "--initial-advertise-peer-urls",
      peer,
      "--initial-cluster",
      `only=${peer}`,
    ],
  ]);
  const apiserver = run("apiserver", folder, binaries.apiserver, [
    ...[`--etcd-servers=${client}`, `--cert-dir=${join(folder, "certificates")}`, `--secure-port=${port}`],
    // A range in which 10.0.0.1 is not the first address: that one the server takes for itself.
    ...["--bind-address=127.0.0.1", "--service-cluster-ip-range=8.0.0.0/6,fd00::/108"],
    ...["--service-account-issuer=https://kubernetes.default.svc", `--service-account-key-file=${files.key}`],
    ...[`--service-account-signing-key-file=${files.key}`, `--token-auth-file=${files.tokens}`],
    ...["--authorization-mode=AlwaysAllow", "--disable-admission-plugins=ServiceAccount"],
  ]);
  const server = new KubeApiserver({ folder, port, token, processes: [apiserver, etcd] });
  await untilReady(server, [apiserver, etcd], folder);
  return server;
}

async function writeFiles(folder: string, token: string): Promise<{ key: string; tokens: string }> {
  const key = join(folder, "service-account.key");
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  await writeFile(key, privateKey.export({ type: "pkcs1", format: "pem" }));
  const tokens = join(folder, "tokens.csv");
  await writeFile(tokens, `${token},tests,1,system:masters\n`);
  return { key, tokens };
}

function run(name: string, folder: string, binary: string, args: readonly string[]): ChildProcess {
  const log = openSync(join(folder, `${name}.log`), "w");
  return spawn(binary, args, { stdio: ["ignore", log, log] });
}

async function untilReady(
  server: KubeApiserver,
  processes: readonly ChildProcess[],
  folder: string,
): Promise<void> {
  const deadline = performance.now() + readyWithinMs;
  for (;;) {
    const ready = await server.ask("GET", "/readyz").catch(() => undefined);
    if (ready?.code === 200) return;
    const ended = processes.some((child) => child.exitCode !== null);
    if (ended || performance.now() > deadline) {
      const log = await readFile(join(folder, "apiserver.log"), "utf8");
      const last = log.trimEnd().split("\n").slice(-5).join("\n");
      for (const child of processes) child.kill("SIGKILL");
      throw new Error(
        `kube-apiserver is not ready, ${ended ? "it ended" : "time is over"}; ${folder}:\n${last}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, pollEveryMs));
  }
}
