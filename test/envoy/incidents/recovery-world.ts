import { deepEqual, equal } from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { EnvoyVersion } from "@routeledger/cli";
import type { JsonObject } from "@routeledger/std";
import { Cluster } from "../../cluster/cluster.ts";
import { type GatewayName, gateways } from "../../cluster/cluster-objects.ts";
import { freePorts } from "../../conformance/free-ports.ts";
import { runCli } from "../../features/cli/run-cli.ts";
import { SwitchableExtension } from "../../features/extensions/switchable-extension.ts";
import { faultsOf, noFaults } from "../edge/envoy-world.ts";
import { answerOf, type Target } from "../edge/load.ts";
import { certificateA } from "../edge/test-certificates.ts";
import type { TestEnvoy } from "../edge/test-envoy.ts";
import { apply } from "./flip-world.ts";
import {
  certificateName,
  type ExtensionChoices,
  extension,
  type Host,
  hostListeners,
  hostRoute,
  hosts,
  servedBy,
  servedByFilter,
} from "./recovery-objects.ts";
import { TimedLoad } from "./timed-load.ts";

/** Answers in a row after which all of a host's traffic is so. */
const inRow = 20;

/** Constant requests to one proxy, for a host over TLS or, in clear, for what no hook governs. */
interface ProxyLoad {
  readonly gateway: GatewayName;
  readonly host: Host | undefined;
  readonly load: TimedLoad;
}

export interface RecoveryChoices extends Pick<ExtensionChoices, "hooks" | "failureMode"> {
  /** Whether routes name an object of the extension's. */
  readonly isNamed?: boolean;
  /** Whether each request comes on a connection of its own. */
  readonly isNewcomers?: boolean;
}

interface Condition {
  readonly type: string;
  readonly status: string;
}

/** Of the hosts' loads; all without one. */
type Which = Partial<Pick<ProxyLoad, "gateway" | "host">>;

/**
 * A control plane in processes with an extension server, and an Envoy of each protocol under constant load: each has two
 * hosts behind one TLS listener, whose routes name an object of the extension's, and a route in clear that names none.
 */
export class RecoveryWorld {
  readonly cluster: Cluster;
  readonly extension: SwitchableExtension;
  /** Of the TLS listeners. */
  readonly ports: Readonly<Record<GatewayName, number>>;
  readonly #envoys = new Map<GatewayName, TestEnvoy>();
  #loads: ProxyLoad[] = [];
  /** On proxies that are gone. */
  readonly #ended: ProxyLoad[] = [];

  readonly #choices: RecoveryChoices;

  private constructor(
    cluster: Cluster,
    server: SwitchableExtension,
    [delta = 0, sotw = 0]: readonly number[],
    choices: RecoveryChoices,
  ) {
    this.cluster = cluster;
    this.extension = server;
    this.ports = { delta, sotw };
    this.#choices = choices;
  }

  /** Resolves when all traffic is good. All ends with the test. */
  static async start(test: TestContext, choices: RecoveryChoices): Promise<RecoveryWorld> {
    const server = await SwitchableExtension.start(test);
    const folder = await mkdtemp(join(tmpdir(), "routeledger-recovery-"));
    test.after(() => rm(folder, { recursive: true, force: true }));
    const keys = ["--secrets-key-file", join(folder, "keys")];
    await runCli(["secrets", "new-key", join(folder, "keys")]);
    const cluster = await Cluster.start(test, {
      ...{ natsServers: 1, apis: 1, translators: 2, edges: 2 },
      ...{ apiArgs: keys, edgeArgs: [...keys, "--edge-secrets-in-clear"] },
    });
    const world = new RecoveryWorld(cluster, server, await freePorts(2), choices);
    test.after(() => Promise.all(gateways.map((name) => world.#stopLoads(name))));
    await world.setFailureMode(choices.failureMode);
    await world.apply(world.#certificate(), servedBy("blue"), ...world.#gateways(hosts));
    for (const host of hosts) await world.editRoute(host, 0);
    for (const gateway of gateways) {
      world.#envoys.set(gateway, await cluster.envoy(gateway));
      await world.#untilServed(gateway);
      world.#startLoads(gateway);
    }
    await world.until("200");
    return world;
  }

  /** A new proxy of a Gateway, instead of the one before it, and load on it as soon as it says that it is ready. */
  async startEnvoy(gateway: GatewayName, version: EnvoyVersion): Promise<void> {
    await this.#stopLoads(gateway);
    await this.#envoys.get(gateway)?.stop();
    this.#envoys.set(gateway, await this.cluster.envoy(gateway, version));
    this.#startLoads(gateway);
  }

  #startLoads(gateway: GatewayName): void {
    const loads = hosts.map((host): ProxyLoad => {
      const load = this.#choices.isNewcomers ? TimedLoad.ofNewcomers : TimedLoad.ofHost;
      return { gateway, host, load: load(this.ports[gateway], host) };
    });
    const other = TimedLoad.of(this.cluster.ports[gateway], "/stable");
    this.#loads.push(...loads, { gateway, host: undefined, load: other });
  }

  get envoys(): readonly TestEnvoy[] {
    return [...this.#envoys.values()];
  }

  /** Resolves when everything that is asked of these hosts is answered so. */
  async until(status: string, which: Which = {}): Promise<void> {
    await Promise.all(this.#hostLoads(which).map((load) => load.untilOnly(status, inRow)));
  }

  /** Milliseconds from then to the end of the last request that a host did not answer 200; 0 without any. */
  lastErrorMs(fromMs: number, which: Which = {}): number {
    const loads = this.#hostLoads(which);
    return Math.max(...loads.map((load) => (load.errorsSince(fromMs).at(-1)?.endedMs ?? fromMs) - fromMs));
  }

  /** @throws AssertionError when a host was ever answered anything else, or what no hook governs not 200 */
  checkAnswers(...statuses: readonly string[]): void {
    for (const { gateway, host, load } of [...this.#ended, ...this.#loads]) {
      const meant = host === undefined ? ["200"] : statuses;
      const others = load.answers.map(({ status }) => status).filter((status) => !meant.includes(status));
      const which = [...new Set(others)].join(", ");
      equal(others.length, 0, `${others.length} answers ${which} of ${gateway} ${host ?? "in clear"}`);
    }
  }

  /** @throws AssertionError when an Envoy waited in vain or rejected anything */
  async checkEnvoys(): Promise<void> {
    for (const envoy of this.envoys) deepEqual(await faultsOf(envoy), noFaults);
  }

  /** How often Envoys replaced a listener, or filter chains of one. */
  async replacedListeners(): Promise<number> {
    const names = ["listener_modified", "listener_in_place_updated"];
    const stats = this.envoys.flatMap((envoy) => names.map((name) => envoy.stat(`listener_manager.${name}`)));
    return (await Promise.all(stats)).reduce((sum, count) => sum + count, 0);
  }

  /** Resolves when the api says that it is committed. */
  async apply(...objects: readonly JsonObject[]): Promise<void> {
    await apply(this.cluster, objects);
  }

  async setFailureMode(failureMode: ExtensionChoices["failureMode"]): Promise<void> {
    const { hooks } = this.#choices;
    await this.apply(extension({ hooks, port: this.extension.port, failureMode }));
  }

  /** What each host of each proxy says in headers: `<x-served-by> <x-edit>`, in the order of proxies and hosts. */
  async said(): Promise<string[]> {
    const answers = gateways.flatMap((gateway) =>
      hosts.map(async (host) => {
        const { headers } = await answerOf({ port: this.ports[gateway], host, isSecure: true });
        return `${headers["x-served-by"]} ${headers["x-edit"]}`;
      }),
    );
    return Promise.all(answers);
  }

  /** Resolves when all hosts of all proxies say this in `x-served-by`. @throws Error after 30 s */
  async untilServedBy(value: string): Promise<void> {
    const deadlineMs = performance.now() + 30_000;
    for (;;) {
      const said = await this.said();
      if (said.every((one) => one.startsWith(`${value} `))) return;
      if (performance.now() > deadlineMs) throw new Error(`x-served-by ${value}, got ${said.join(", ")}`);
    }
  }

  /** Resolves when the extension's status says that it does not answer. @throws Error after 30 s */
  async untilFailing(): Promise<void> {
    const deadlineMs = performance.now() + 30_000;
    for (;;) {
      const answer = await fetch(`${this.cluster.apiUrls[0]}/v1/status/extension/_/headers`);
      const { conditions = [] } = (await answer.json()) as { readonly conditions?: readonly Condition[] };
      const answering = conditions.find(({ type }) => type === "routeledger.dev/Answering");
      if (answering?.status === "False") return;
      if (performance.now() > deadlineMs) throw new Error(`a failure, got ${JSON.stringify(conditions)}`);
    }
  }

  /** Changes a host's route, and nothing that the other's is made of. */
  async editRoute(host: Host, edit: number): Promise<void> {
    const filters = this.#choices.isNamed === false ? [] : [servedByFilter];
    await this.apply(hostRoute(host, { gateways, edit, filters }));
  }

  /** Changes the TLS listeners: they have exactly these hosts. */
  async setHosts(hostnames: readonly string[]): Promise<void> {
    await this.apply(...this.#gateways(hostnames));
  }

  /** A route that is waited for is not there yet: resolves when all are. @throws Error after 30 s */
  async #untilServed(gateway: GatewayName): Promise<void> {
    const deadlineMs = performance.now() + 30_000;
    const targets = [
      ...hosts.map((host): Target => ({ port: this.ports[gateway], host, isSecure: true })),
      { port: this.cluster.ports[gateway], path: "/stable" },
    ];
    for (const target of targets) {
      while ((await answerOf(target)).status !== "200")
        if (performance.now() > deadlineMs) throw new Error(`200 of ${JSON.stringify(target)}`);
    }
  }

  #hostLoads({ gateway, host }: Which): TimedLoad[] {
    const loads = this.#loads.filter((one) => one.host !== undefined);
    const ofGateway = loads.filter((one) => gateway === undefined || one.gateway === gateway);
    return ofGateway.filter((one) => host === undefined || one.host === host).map(({ load }) => load);
  }

  #certificate(): JsonObject {
    const metadata = { name: certificateName, namespace: "default" };
    const stringData = { "tls.crt": certificateA.certificate, "tls.key": certificateA.privateKey };
    return { apiVersion: "v1", kind: "Secret", type: "kubernetes.io/tls", metadata, stringData };
  }

  #gateways(hostnames: readonly string[]): JsonObject[] {
    return gateways.map((name) => ({
      apiVersion: "gateway.networking.k8s.io/v1",
      kind: "Gateway",
      metadata: { name, namespace: "default" },
      spec: {
        gatewayClassName: "routeledger",
        listeners: [
          { name: "http", protocol: "HTTP", port: this.cluster.ports[name] },
          ...hostListeners(this.ports[name], hostnames),
        ],
      },
    }));
  }

  async #stopLoads(gateway: GatewayName): Promise<void> {
    const ending = this.#loads.filter((one) => one.gateway === gateway);
    this.#loads = this.#loads.filter((one) => one.gateway !== gateway);
    this.#ended.push(...ending);
    await Promise.all(ending.map(({ load }) => load.stop()));
  }
}
