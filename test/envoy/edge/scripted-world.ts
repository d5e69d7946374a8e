import { deepEqual } from "node:assert/strict";
import type { TestContext } from "node:test";
import { bootstrap } from "@routeledger/translation";
import type { Part } from "@routeledger/xds-model";
import { freePorts } from "../../conformance/free-ports.ts";
import { defaultGroup } from "../../features/xds/edge-world.ts";
import { startBackend, type Variant } from "./envoy-world.ts";
import { Load, statusOf } from "./load.ts";
import { ScriptedServer } from "./scripted-server.ts";
import { TestEnvoy } from "./test-envoy.ts";

export interface ScriptedPorts {
  /** Of two listeners. */
  readonly port: number;
  readonly otherPort: number;
  readonly backendPort: number;
}

/** A real Envoy whose management server does what the test says. All ends with the test. */
export class ScriptedWorld implements ScriptedPorts {
  readonly envoy: TestEnvoy;
  readonly server: ScriptedServer;
  readonly port: number;
  readonly otherPort: number;
  readonly backendPort: number;
  readonly #test: TestContext;

  private constructor(
    test: TestContext,
    made: ScriptedPorts & { readonly envoy: TestEnvoy; readonly server: ScriptedServer },
  ) {
    this.#test = test;
    this.envoy = made.envoy;
    this.server = made.server;
    this.port = made.port;
    this.otherPort = made.otherPort;
    this.backendPort = made.backendPort;
  }

  /** Starts a server that answers all types from `parts`, and an Envoy. Resolves when Envoy is ready. */
  static async start(
    test: TestContext,
    variant: Variant,
    parts: (ports: ScriptedPorts) => readonly Part[],
  ): Promise<ScriptedWorld> {
    const world = await ScriptedWorld.open(test, variant, (server, ports) => server.answerAll(parts(ports)));
    await world.envoy.untilReady();
    return world;
  }

  /** The same with a server that was told what to answer, and without waiting for Envoy to be ready. */
  static async open(
    test: TestContext,
    { version, protocol }: Variant,
    prepare: (server: ScriptedServer, ports: ScriptedPorts) => void,
  ): Promise<ScriptedWorld> {
    const backendPort = await startBackend(test);
    const [port = 0, otherPort = 0, serverPort = 0] = await freePorts(3);
    const server = new ScriptedServer(protocol, serverPort);
    test.after(() => server.stop());
    prepare(server, { port, otherPort, backendPort });
    await server.start();
    const edges = [{ host: "127.0.0.1", port: serverPort }];
    const envoy = await TestEnvoy.start(
      version,
      bootstrap({ gateway: defaultGroup, nodeId: "envoy-1", edges, protocol }),
    );
    test.after(() => envoy.stop());
    return new ScriptedWorld(test, { envoy, server, port, otherPort, backendPort });
  }

  load(path = "/"): Load {
    const load = new Load(this.port, path);
    this.#test.after(() => load.stop());
    return load;
  }

  /** What one new connection to the listener is answered. */
  status(path = "/", port = this.port): Promise<string> {
    return statusOf(port, path);
  }

  get warming(): Promise<number> {
    return this.envoy.stat("cluster_manager.warming_clusters");
  }

  async untilWarming(count: number): Promise<number> {
    return this.envoy.until(`${count} warming clusters`, async () => (await this.warming) === count);
  }

  /** Of one cluster, as `/clusters` has them, sorted. */
  async hostsOf(name: string): Promise<string[]> {
    const text = await this.envoy.ask("/clusters");
    const hosts = [...text.matchAll(/^(.+?)::(127\.0\.0\.1:\d+)::cx_active/gm)];
    return hosts
      .filter(([, cluster]) => cluster === name)
      .map(([, , host = ""]) => host)
      .sort();
  }

  async assertHosts(name: string, ...ports: number[]): Promise<void> {
    deepEqual(
      await this.hostsOf(name),
      ports.map((port) => `127.0.0.1:${port}`),
      `hosts of ${name}`,
    );
  }
}
