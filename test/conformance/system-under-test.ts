import { refOf } from "@routeledger/config-model";
import { type JsonObject, systemClock } from "@routeledger/std";
import { bootstrap } from "@routeledger/translation";
import type { ReplayCheck } from "@routeledger/translator";
import { Door } from "./door.ts";
import { EchoLog } from "./echo-log.ts";
import type { Target } from "./http-exchange.ts";
import { claimLoopbackNet, type LoopbackNet } from "./loopback-net.ts";
import type { SystemUnderTest } from "./player.ts";
import { type Services, startServices } from "./services.ts";
import type { GatewayObject } from "./statuses.ts";
import { SuiteEnvoy } from "./suite-envoy.ts";
import { makeSuiteObjects } from "./suite-objects.ts";

/** How long a change may take to be published, milliseconds. */
const publishTimeoutMs = 10_000;

export interface SystemOptions {
  readonly envoyBinary: string;
  /** What the Envoys speak. */
  readonly protocol: "delta" | "sotw";
}

/** A Routeledger in this process, and an Envoy for each Gateway, on the address that the Gateway got. */
export class RunningSystem implements SystemUnderTest {
  readonly suiteObjects = makeSuiteObjects();
  readonly echoLog = new EchoLog();
  readonly net: LoopbackNet;
  readonly #options: SystemOptions;
  readonly #services: Services;
  readonly #door: Door;
  /** By namespace/name of the Gateway. */
  readonly #envoys = new Map<string, SuiteEnvoy>();

  private constructor(options: SystemOptions, services: Services, net: LoopbackNet) {
    this.net = net;
    this.#options = options;
    this.#services = services;
    this.#door = new Door(services.apiUrl);
  }

  static async start(options: SystemOptions): Promise<RunningSystem> {
    const net = await claimLoopbackNet();
    return new RunningSystem(options, await startServices(net.gateways), net);
  }

  /** Returns when the edge serves what the objects became. Starts the Envoys of Gateways among them. */
  async apply(objects: readonly JsonObject[]): Promise<void> {
    await this.#published(await this.#door.apply(objects));
    for (const object of objects.filter(isGateway)) this.#startEnvoy(object);
  }

  /** Returns when the edge serves what is left. Ends the Envoys of Gateways among the objects. */
  async delete(objects: readonly JsonObject[]): Promise<void> {
    await this.#published(await this.#door.delete(objects));
    for (const object of objects.filter(isGateway)) {
      const gateway = nameOf(object);
      await this.#envoys.get(gateway)?.stop();
      this.#envoys.delete(gateway);
    }
  }

  get(kind: string, namespace: string, name: string): Promise<JsonObject | undefined> {
    return this.#door.get(kind, namespace, name);
  }

  async target(address: string, otherwise: 80 | 443): Promise<Target> {
    const match = /^([^.]+)\.([^.]+)\.gw(?::(\d+))?$/.exec(address);
    if (match === null) throw new Error(`an address of the suite, got ${address}`);
    const [, name = "", namespace = "", port = otherwise] = match;
    const { status } = ((await this.get("Gateway", namespace, name)) ?? {}) as Partial<GatewayObject>;
    const host = status?.addresses?.[0]?.value;
    if (host === undefined) throw new Error(`Gateway ${namespace}/${name} has no address in its status`);
    return { host, port: Number(port) };
  }

  /** What proxies rejected so far. */
  rejections(): Promise<string[]> {
    return this.#services.rejections();
  }

  checkReplay(): Promise<ReplayCheck> {
    return this.#services.checkReplay();
  }

  /** For people, when a step failed: what the proxies were sent and said, and what they complained of. */
  tell(): string {
    const told = [...this.#envoys].filter(([, { log }]) => log !== "");
    return [
      ...this.#services.edge.proxies().map((proxy) => JSON.stringify(proxy)),
      ...told.map(([gateway, { log }]) => `Envoy of ${gateway}:\n${log}`),
    ].join("\n");
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#envoys.values()].map((envoy) => envoy.stop()));
    await this.#services.stop();
  }

  #startEnvoy(object: JsonObject): void {
    const gateway = nameOf(object);
    if (this.#envoys.has(gateway)) return;
    const [host = "", port = ""] = this.#services.edge.address.split(":");
    const edge = { host, port: Number(port) };
    const nodeId = `suite-${gateway.replace("/", "-")}`;
    const { envoyBinary, protocol } = this.#options;
    const config = bootstrap({ gateway, nodeId, edges: [edge], protocol });
    this.#envoys.set(gateway, new SuiteEnvoy(envoyBinary, config));
  }

  async #published(sequence: number): Promise<void> {
    const { edge } = this.#services;
    const deadlineMs = systemClock.monotonicMs() + publishTimeoutMs;
    while (edge.published.revision.sequence < sequence) {
      if (systemClock.monotonicMs() > deadlineMs)
        throw new Error(`revision ${sequence} was not published within ${publishTimeoutMs} ms`);
      await new Promise<void>((resolve) => systemClock.after(5, resolve));
    }
  }
}

function isGateway({ kind }: JsonObject): boolean {
  return kind === "Gateway";
}

function nameOf(object: JsonObject): string {
  const { namespace, name } = refOf(object);
  return `${namespace}/${name}`;
}
