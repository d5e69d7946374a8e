/** A whole control plane as processes on real NATS servers, as it runs in production, with real Envoys. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { EnvoyVersion } from "@routeledger/cli";
import { bootstrap, type EdgeAddress } from "@routeledger/translation";
import { freePorts } from "../conformance/free-ports.ts";
import { TestEnvoy } from "../envoy/edge/test-envoy.ts";
import { startNamedBackend } from "../features/cli/named-backend.ts";
import { runCli } from "../features/cli/run-cli.ts";
import { type NatsTestServers, startNatsCluster, startNatsServer } from "../nats/nats-server.ts";
import { type ClusterPorts, firstObjects, type GatewayName } from "./cluster-objects.ts";
import { ClusterService } from "./cluster-service.ts";

export interface ClusterOptions {
  /** 1, or 3 with streams of three replicas. */
  readonly natsServers: 1 | 3;
  readonly apis: number;
  readonly translators: number;
  readonly edges: number;
  /** Further flags of a kind of process. */
  readonly apiArgs?: readonly string[];
  readonly translatorArgs?: readonly string[];
  readonly edgeArgs?: readonly string[];
  /** Names of processes that the test starts itself. */
  readonly later?: readonly string[];
}

/** How long a leader, a replay or an Envoy may take, milliseconds. */
const settledWithinMs = 30_000;

export class Cluster {
  readonly nats: NatsTestServers;
  readonly apis: readonly ClusterService[];
  readonly translators: readonly ClusterService[];
  readonly edges: readonly ClusterService[];
  /** Where the apis answer, in the order of `apis`. */
  readonly apiUrls: readonly string[];
  readonly ports: ClusterPorts;
  readonly #edgeAddresses: readonly EdgeAddress[];
  readonly #test: TestContext;

  private constructor(parts: ClusterParts) {
    this.nats = parts.nats;
    this.apis = parts.apis;
    this.translators = parts.translators;
    this.edges = parts.edges;
    this.apiUrls = parts.apiUrls;
    this.ports = parts.ports;
    this.#edgeAddresses = parts.edgeAddresses;
    this.#test = parts.test;
  }

  /** Starts everything, and applies the first objects. All of it ends with the test. */
  static async start(test: TestContext, options: ClusterOptions): Promise<Cluster> {
    const nats = await (options.natsServers === 3 ? startNatsCluster() : startNatsServer());
    test.after(() => nats.dispose());
    const made = await runCli([
      ...["log", "create", "--nats-url", nats.url],
      ...["--replicas", String(options.natsServers)],
    ]);
    if (made.code !== 0) throw new Error(`create the streams: ${made.stdout}${made.stderr}`);
    await nats.ready();
    const cluster = new Cluster(await partsOf(test, nats, options));
    const all = [...cluster.translators, ...cluster.edges, ...cluster.apis];
    const services = all.filter(({ name }) => options.later?.includes(name) !== true);
    for (const service of services) service.spawn();
    for (const service of services) await service.ready();
    // A standby is ready, too; what is applied is published from now on.
    if (options.translators > 0) await cluster.leader();
    const applied = await runCli(["apply", "-f", "-"], {
      server: cluster.apiUrls[0]!,
      stdin: firstObjects(cluster.ports),
    });
    if (applied.code !== 0) throw new Error(`apply the first objects: ${applied.stdout}${applied.stderr}`);
    return cluster;
  }

  /** Starts the Envoy of a Gateway, which speaks as the Gateway is called, and waits until it serves. */
  async envoy(gateway: GatewayName, version: EnvoyVersion = "1.40.0"): Promise<TestEnvoy> {
    const envoy = await TestEnvoy.start(
      version,
      bootstrap({
        gateway: `default/${gateway}`,
        nodeId: `${gateway}-${version}`,
        edges: this.#edgeAddresses,
        protocol: gateway,
      }),
    );
    this.#test.after(() => envoy.stop());
    await envoy.untilReady();
    return envoy;
  }

  /** The translator that says that it leads, of those in the highest term. @throws Error after 30 s */
  async leader(): Promise<ClusterService> {
    const deadline = performance.now() + settledWithinMs;
    for (;;) {
      const asked = await Promise.all(
        this.translators.map(async (service) => ({ service, answer: await service.readiness() })),
      );
      const leading = asked
        .filter(({ answer }) => answer?.role === "leading")
        .sort((a, b) => (b.answer?.term ?? 0) - (a.answer?.term ?? 0));
      if (leading[0] !== undefined) return leading[0].service;
      if (performance.now() > deadline) throw new Error(`a translator that leads: ${JSON.stringify(asked)}`);
    }
  }

  /** Resolves when the store of every api that runs has all events, and what they became. @throws Error after 30 s */
  async published(): Promise<void> {
    const deadline = performance.now() + settledWithinMs;
    for (const [index, url] of this.apiUrls.entries()) {
      while (this.apis[index]?.running) {
        const answer = await fetch(`${url}/v1/head`, { headers: { connection: "close" } });
        const text = await answer.text();
        const { head, published } = JSON.parse(text) as { head?: string; published?: string };
        if (head !== undefined && head === published) break;
        if (performance.now() > deadline) {
          const said = this.apis[index]?.output.slice(-4_000);
          throw new Error(`${url} has not published all: ${answer.status} ${text}\n${said}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }

  /** Translates the whole log again and compares, on the logs themselves. Throws what differs. */
  async checkReplay(): Promise<{ readonly compared: number; readonly to: number }> {
    const { code, stdout, stderr } = await runCli([
      ...["replay", "--check", "--nats-url", this.nats.url],
      ...["-o", "json"],
    ]);
    if (code !== 0) throw new Error(`replay --check: ${stdout}${stderr}`);
    return JSON.parse(stdout) as { compared: number; to: number };
  }

  /** What the store of each api that runs holds, as a digest: equal when they say the same. */
  async storeDigests(): Promise<readonly string[]> {
    const digests: string[] = [];
    for (const [index, url] of this.apiUrls.entries()) {
      if (!this.apis[index]?.running) continue;
      const answer = await fetch(`${url}/v1/store/digest`, { headers: { connection: "close" } });
      if (answer.status !== 200) throw new Error(`the digest of ${url}: ${answer.status}`);
      digests.push(await answer.text());
    }
    return digests;
  }
}

interface ClusterParts {
  readonly nats: NatsTestServers;
  readonly apis: readonly ClusterService[];
  readonly translators: readonly ClusterService[];
  readonly edges: readonly ClusterService[];
  readonly apiUrls: readonly string[];
  readonly ports: ClusterPorts;
  readonly edgeAddresses: readonly EdgeAddress[];
  readonly test: TestContext;
}

async function partsOf(
  test: TestContext,
  nats: NatsTestServers,
  options: ClusterOptions,
): Promise<ClusterParts> {
  const folder = await mkdtemp(join(tmpdir(), "routeledger-cluster-"));
  test.after(() => rm(folder, { recursive: true, force: true }));
  const backend = await startNamedBackend("blue");
  test.after(() => backend.close());
  const [delta = 0, sotw = 0] = await freePorts(2);
  const logs = ["--nats-url", nats.url];
  const apiPorts = await freePorts(options.apis);
  const apis = apiPorts.map((port, index) => {
    const name = `api-${index + 1}`;
    const address = `127.0.0.1:${port}`;
    const args = ["api", ...logs, "--name", name, "--api-address", address];
    return new ClusterService({
      name,
      args: [...args, "--store-folder", join(folder, name), ...(options.apiArgs ?? [])],
      operations: address,
    });
  });
  const translatorPorts = await freePorts(options.translators);
  const translators = translatorPorts.map((port, index) => {
    const name = `translator-${index + 1}`;
    const operations = `127.0.0.1:${port}`;
    const args = ["translator", ...logs, "--name", name, "--operations-address", operations];
    return new ClusterService({ name, args: [...args, ...(options.translatorArgs ?? [])], operations });
  });
  const edgePorts = await freePorts(2 * options.edges);
  const edgeAddresses = edgePorts
    .slice(0, options.edges)
    .map((port): EdgeAddress => ({ host: "127.0.0.1", port }));
  const edges = edgeAddresses.map(({ port }, index) => {
    const name = `edge-${index + 1}`;
    const operations = `127.0.0.1:${edgePorts[options.edges + index]}`;
    const args = ["edge", ...logs, "--edge-id", name, "--edge-address", `127.0.0.1:${port}`];
    return new ClusterService({
      name,
      args: [...args, "--operations-address", operations, ...(options.edgeArgs ?? [])],
      operations,
    });
  });
  const parts = { nats, apis, translators, edges, test, edgeAddresses };
  test.after(async () => {
    for (const service of [...apis, ...translators, ...edges]) if (service.running) await service.kill();
  });
  const apiUrls = apiPorts.map((port) => `http://127.0.0.1:${port}`);
  return { ...parts, apiUrls, ports: { delta, sotw, backend: backend.port } };
}
