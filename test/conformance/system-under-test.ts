import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getObject, objectKey, refOf } from "@routeledger/config-model";
import { openSqliteEventLogs, type SqliteEventLogs } from "@routeledger/event-log-sqlite";
import { silentLogger } from "@routeledger/service-kit";
import { type JsonObject, systemClock } from "@routeledger/std";
import { bootstrap } from "@routeledger/translation";
import { startTranslator, type Translator } from "@routeledger/translator";
import { startXdsEdge, type XdsEdge } from "@routeledger/xds-edge";
import { Door } from "./door.ts";
import { freePorts } from "./free-ports.ts";
import { PortMap } from "./manifests.ts";
import type { SystemUnderTest } from "./play-step.ts";
import { isProgrammed, withProgrammed } from "./programmed.ts";
import { SuiteEnvoy } from "./suite-envoy.ts";

/** Listener ports that one run may need. */
const portsMax = 128;
/** How long a change may take to be published, milliseconds. */
const publishTimeoutMs = 10_000;

export interface SystemOptions {
  readonly envoyBinary: string;
}

/** A Routeledger in this process on the embedded log, and an Envoy for each Gateway of plain HTTP. */
export class RunningSystem implements SystemUnderTest {
  readonly ports: PortMap;
  readonly #folder: string;
  readonly #binary: string;
  readonly #logs: SqliteEventLogs;
  readonly #translator: Translator;
  readonly #edge: XdsEdge;
  readonly #door: Door;
  /** By namespace/name of the Gateway. */
  readonly #envoys = new Map<string, SuiteEnvoy>();

  private constructor(parts: {
    folder: string;
    binary: string;
    logs: SqliteEventLogs;
    translator: Translator;
    edge: XdsEdge;
    ports: readonly number[];
  }) {
    this.#folder = parts.folder;
    this.#binary = parts.binary;
    this.#logs = parts.logs;
    this.#translator = parts.translator;
    this.#edge = parts.edge;
    this.#door = new Door(parts.logs.config);
    const free = [...parts.ports];
    this.ports = new PortMap(() => {
      const port = free.shift();
      if (port === undefined) throw new Error(`at most ${portsMax} listener ports`);
      return port;
    });
  }

  static async start({ envoyBinary }: SystemOptions): Promise<RunningSystem> {
    const folder = await mkdtemp(join(tmpdir(), "routeledger-conformance-"));
    const logs = await openSqliteEventLogs({ folder });
    const common = {
      clock: systemClock,
      randomBytes: (count: number) => randomBytes(count),
      logger: silentLogger,
    };
    const translator = await startTranslator({
      ...common,
      logs,
      name: "conformance",
      retireGraceMs: 60_000,
      checkpointEveryRevisions: 100,
    });
    const edge = await startXdsEdge({
      ...common,
      xdsLog: logs.xds,
      deliveryLog: logs.delivery,
      address: "127.0.0.1:0",
      edgeId: "conformance",
    });
    const ports = await freePorts(portsMax);
    return new RunningSystem({ folder, binary: envoyBinary, logs, translator, edge, ports });
  }

  /** Returns when the edge serves what the objects became. Starts the Envoys of Gateways among them. */
  async apply(objects: readonly JsonObject[]): Promise<void> {
    await this.#published(await this.#door.apply(objects));
    for (const object of objects.filter(isPlainHttpGateway)) this.#startEnvoy(object);
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

  async get(kind: string, namespace: string, name: string): Promise<JsonObject | undefined> {
    const ref = { group: "gateway.networking.k8s.io", kind, namespace, name };
    const object = getObject(this.#door.state, ref)?.object;
    if (object === undefined) return undefined;
    const json = this.#edge.published.statuses.get(objectKey(ref))?.json;
    if (json === undefined) return object;
    const status = JSON.parse(json) as JsonObject;
    if (kind !== "Gateway") return { ...object, status };
    const programmed = isProgrammed(this.#edge.proxies(), `${namespace}/${name}`);
    return { ...object, status: withProgrammed(status, programmed) };
  }

  /** For people, when a step failed: what the proxies were sent and said, and what they complained of. */
  tell(): string {
    const told = [...this.#envoys].filter(([, { log }]) => log !== "");
    return [
      ...this.#edge.proxies().map((proxy) => JSON.stringify(proxy)),
      ...told.map(([gateway, { log }]) => `Envoy of ${gateway}:\n${log}`),
    ].join("\n");
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#envoys.values()].map((envoy) => envoy.stop()));
    await this.#edge.stop();
    await this.#translator.stop();
    await this.#logs.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #startEnvoy(object: JsonObject): void {
    const gateway = nameOf(object);
    if (this.#envoys.has(gateway)) return;
    const [host = "", port = ""] = this.#edge.address.split(":");
    const edge = { host, port: Number(port) };
    const config = bootstrap({
      gateway,
      nodeId: `suite-${gateway.replace("/", "-")}`,
      edge,
      protocol: "delta",
    });
    this.#envoys.set(gateway, new SuiteEnvoy(this.#binary, config));
  }

  async #published(sequence: number): Promise<void> {
    const deadlineMs = systemClock.monotonicMs() + publishTimeoutMs;
    while (this.#edge.published.revision.sequence < sequence) {
      if (systemClock.monotonicMs() > deadlineMs)
        throw new Error(`revision ${sequence} was not published within ${publishTimeoutMs} ms`);
      await new Promise<void>((resolve) => systemClock.after(5, resolve));
    }
  }
}

function isGateway({ kind }: JsonObject): boolean {
  return kind === "Gateway";
}

/** HTTPS and the other protocols come later; a Gateway with a protocol of no meaning has HTTP listeners beside it. */
function isPlainHttpGateway(object: JsonObject): boolean {
  const { listeners = [] } = (object.spec ?? {}) as { listeners?: { protocol?: string }[] };
  return isGateway(object) && listeners.some(({ protocol }) => protocol === "HTTP");
}

function nameOf(object: JsonObject): string {
  const { namespace, name } = refOf(object);
  return `${namespace}/${name}`;
}
