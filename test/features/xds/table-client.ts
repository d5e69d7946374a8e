/**
 * The client of the protocol table: one proxy, in any of the four variants, that does only what a scenario says. It
 * remembers what a client must (names, versions, nonces, what it holds), writes down all that passes, and tells
 * silence by a fence.
 */
import { ok } from "node:assert/strict";
import type { ClientDuplexStream, StatusObject } from "@grpc/grpc-js";
import { codec, type MessageTypes } from "@routeledger/protos";
import { sha256Hex } from "@routeledger/std";
import { type ResourceType, typeUrls } from "@routeledger/xds-model";
import type { RawClient, RawStream } from "./raw-client.ts";
import { type Received, receivedDelta, receivedSotw } from "./received.ts";
import type { Variant } from "./variant.ts";

export type Node = MessageTypes["envoy.config.core.v3.Node"];

/** What a request says beside its names. */
export interface RequestFields {
  readonly subscribe?: readonly string[];
  readonly unsubscribe?: readonly string[];
  /** Absent: SotW says the nonce that was answered last, delta none. */
  readonly nonce?: string;
  /** Of SotW. Absent: the version that was ACKed last. */
  readonly version?: string;
  /** Of delta: `initial_resource_versions`. */
  readonly versions?: Readonly<Record<string, string>>;
  readonly error?: string;
  readonly node?: Node;
  /** Absent: the type's. */
  readonly typeUrl?: string;
}

interface TypeMemory {
  readonly names: Set<string>;
  readonly held: Map<string, Held>;
  readonly received: Received[];
  version: string;
  nonce: string;
}

/** Of what was ACKed; in SotW the version is empty. */
interface Held {
  readonly version: string;
  readonly digest: string;
}

/** A stream that is open, and what it said so far. */
interface Line {
  readonly call: ClientDuplexStream<Uint8Array, Buffer>;
  readonly nonces: Set<string>;
  readonly ended: Promise<StatusObject>;
  saidNode: boolean;
}

export interface TableClientOptions {
  readonly name: string;
  readonly variant: Variant;
  readonly node: Node;
  /** A connection of its own to the edge of the moment. */
  readonly connect: () => RawClient;
  /** Takes down one line of what passes. */
  readonly note: (line: string) => void;
}

/** Before the fence is asked whether anything comes, milliseconds. */
const patienceMs = 2_000;
/** A fence that is not answered by then is a failure of its own. */
const fenceDeadlineMs = 30_000;

export class TableClient {
  readonly #options: TableClientOptions;
  readonly #types = new Map<string, TypeMemory>();
  readonly #lines = new Map<string, Line>();
  readonly #inbox: Received[] = [];
  /** Types that a scenario asked for, first asked for first. */
  readonly #asked = new Set<string>();
  #connection: RawClient | undefined;
  /** What was wrong with a response. */
  #fault: unknown;
  #besides: RawStream | undefined;
  #arrived: () => void = () => undefined;
  #isUnsettled = false;
  #isPaused = false;
  #fence = { name: "fence-1", isPassed: (): void => undefined };

  constructor(options: TableClientOptions) {
    this.#options = options;
  }

  /** Sends a request of the type. */
  request(type: ResourceType | string, fields: RequestFields = {}): void {
    const memory = this.#memory(type);
    for (const name of fields.subscribe ?? []) memory.names.add(name);
    for (const name of fields.unsubscribe ?? []) memory.names.delete(name);
    this.#send(type, fields);
  }

  ack(received: Received, fields: RequestFields = {}): void {
    const memory = this.#memory(received.type);
    memory.version = received.version;
    memory.nonce = received.nonce;
    if (this.#isFull(received.type)) memory.held.clear();
    for (const { name, version, value } of received.resources) {
      memory.held.set(name, { version, digest: sha256Hex(value) });
    }
    for (const name of received.removed) memory.held.delete(name);
    this.request(received.type, { nonce: received.nonce, ...fields });
  }

  nack(received: Received, fields: RequestFields = {}): void {
    this.#memory(received.type).nonce = received.nonce;
    this.request(received.type, { nonce: received.nonce, error: "rejected by a scenario", ...fields });
  }

  /**
   * What Envoy does when a cluster that it knows begins to warm: in SotW the last request once more; in delta nothing,
   * since the name is watched already; where each type has a stream of its own, a new stream (rule 41).
   */
  rewarm(type: ResourceType): void {
    if (this.#options.variant.services === "perType") {
      this.#line(type).call.cancel();
      this.#lines.delete(type);
      this.first(type);
    } else if (this.#options.variant.protocol === "sotw") {
      this.request(type);
    }
  }

  /** The first request of a type on a new stream, with what the client holds unless the fields say otherwise. */
  first(type: ResourceType | string, fields: RequestFields = {}): void {
    const memory = this.#memory(type);
    memory.nonce = "";
    const versions = Object.fromEntries([...memory.held].map(([name, { version }]) => [name, version]));
    this.#send(type, { subscribe: [...memory.names], versions, ...fields });
  }

  /** Loses the connection, and remembers what a client remembers then. Gives the types, first subscribed to first. */
  cut(): string[] {
    for (const { call } of this.#lines.values()) call.cancel();
    this.#besides?.cancel();
    this.#connection?.close();
    this.#lines.clear();
    this.#isUnsettled = false;
    this.#connection = undefined;
    this.#besides = undefined;
    return [...this.#asked];
  }

  pause(): void {
    this.#isPaused = true;
    for (const { call } of this.#lines.values()) call.pause();
  }

  resume(): void {
    this.#isPaused = false;
    for (const { call } of this.#lines.values()) call.resume();
  }

  /** Says that no request follows. */
  end(type: ResourceType | string): void {
    this.#line(type).call.end();
  }

  /** Bytes that need not be a message. */
  sendBytes(type: ResourceType, bytes: Uint8Array): void {
    this.#line(type).call.write(bytes);
  }

  /** How the stream of the type ends. */
  ended(type: ResourceType | string): Promise<StatusObject> {
    return this.#line(type).ended;
  }

  /** A response of the type that came before: the first is 1, the newest -1. */
  response(type: ResourceType, ordinal = -1): Received {
    const found = this.#memory(type).received.at(ordinal > 0 ? ordinal - 1 : ordinal);
    ok(found !== undefined, `response ${ordinal} of type ${type}, there is none`);
    return found;
  }

  /** Names that were subscribed to, and what was ACKed. */
  memory(type: ResourceType): {
    readonly names: ReadonlySet<string>;
    readonly held: ReadonlyMap<string, Held>;
  } {
    return this.#memory(type);
  }

  /** Lets what was sent reach the edge, before anything happens there by another way. */
  async settle(): Promise<void> {
    if (this.#isUnsettled && !this.#isPaused) await this.fence();
  }

  /** The next response that was not taken yet; undefined when a fence shows that none comes. Asks nothing while one may. */
  async next(): Promise<Received | undefined> {
    if (this.#inbox.length === 0) await this.#arrival(patienceMs);
    if (this.#inbox.length === 0) await this.fence();
    return this.#inbox.shift();
  }

  /** What came before the answers to questions that are asked now; they are the last things that an edge has to say. */
  async untilFence(): Promise<Received[]> {
    await this.fence();
    return this.#inbox.splice(0);
  }

  /**
   * On ADS the fence is of a type that is written last, but for removals: these come before its second answer. Beside
   * streams of one type it is a stream of its own on the same connection, whose requests and responses are taken in
   * order with theirs; asked three times, since up to three responses follow each other on such a stream.
   */
  async fence(): Promise<void> {
    this.#throwFault();
    const rounds = this.#options.variant.services === "ads" ? 2 : 3;
    this.#isUnsettled = false;
    for (let round = 0; round < rounds; round++) {
      await (rounds === 2 ? this.#fenceWithin() : this.#fenceBeside());
      this.#throwFault();
    }
  }

  async #fenceWithin(): Promise<void> {
    const former = this.#fence.name;
    const name = former === "fence-1" ? "fence-2" : "fence-1";
    const passed = new Promise<void>((resolve) => {
      this.#fence = { name, isPassed: resolve };
    });
    const names = this.#memory("extensionConfig").names;
    names.delete(former);
    names.add(name);
    this.#send("extensionConfig", { subscribe: [name], unsubscribe: [former] }, false);
    await this.#before(passed);
  }

  async #fenceBeside(): Promise<void> {
    if (this.#besides === undefined) {
      const node = { ...this.#options.node, id: `fence of ${this.#options.node.id}` };
      this.#besides = this.#connected().open("delta", node);
    }
    this.#besides.subscribe("extensionConfig", "fence-1");
    const passed = this.#besides.take("extensionConfig").then(() => undefined);
    await this.#before(passed);
  }

  /** Waits, but neither for ever nor for a stream that has ended. */
  async #before(passed: Promise<void>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error("the fence was not answered")), fenceDeadlineMs);
    });
    const over = [...this.#lines.values()].map(async ({ ended }) => {
      const { code, details } = await ended;
      throw new Error(`a stream ended before the fence: status ${code}, ${details}`);
    });
    try {
      await Promise.race([...over, passed, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #arrival(withinMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#arrived = resolve;
      timer = setTimeout(resolve, withinMs);
    });
    clearTimeout(timer);
  }

  #throwFault(): void {
    if (this.#fault !== undefined) throw this.#fault;
  }

  #take(line: Line, bytes: Buffer): void {
    try {
      this.#taken(line, bytes);
    } catch (fault) {
      this.#fault ??= fault;
      this.#arrived();
      this.#fence.isPassed();
    }
  }

  #taken(line: Line, bytes: Buffer): void {
    const { protocol } = this.#options.variant;
    const whole = protocol === "sotw" ? receivedSotw(bytes) : receivedDelta(bytes);
    ok(!line.nonces.has(whole.nonce), `rule 4: a nonce that was not used before, got ${whole.nonce}`);
    line.nonces.add(whole.nonce);
    const received = withoutFence(whole, this.#fence.name);
    if (received.names.length + received.removed.length > 0 || received === whole) {
      this.#options.note(`${this.#options.name} < ${received.summary}  (${whole.nonce}, ${whole.version})`);
      this.#memory(received.type).received.push(received);
      this.#inbox.push(received);
      this.#arrived();
    }
    if (received === whole) return;
    const memory = this.#memory("extensionConfig");
    memory.nonce = whole.nonce;
    this.#send("extensionConfig", { nonce: whole.nonce, version: whole.version }, false);
    this.#fence.isPassed();
  }

  #send(type: ResourceType | string, fields: RequestFields, isNoted = true): void {
    const line = this.#line(type);
    const memory = this.#memory(type);
    const node = line.saidNode ? fields.node : (fields.node ?? this.#options.node);
    line.saidNode = true;
    const typeUrl = fields.typeUrl ?? urlOf(type);
    const errorDetail = fields.error === undefined ? undefined : { code: 3, message: fields.error };
    const said = { ...(node && { node }), typeUrl, ...(errorDetail && { errorDetail }) };
    if (isNoted) {
      this.#asked.add(type);
      this.#isUnsettled = true;
    }
    if (isNoted) this.#options.note(`${this.#options.name} > ${this.#toText(type, fields)}`);
    if (this.#options.variant.protocol === "sotw") {
      const request = {
        ...said,
        resourceNames: [...memory.names],
        versionInfo: fields.version ?? memory.version,
        responseNonce: fields.nonce ?? memory.nonce,
      };
      line.call.write(codec("envoy.service.discovery.v3.DiscoveryRequest").encode(request));
      return;
    }
    const request = {
      ...said,
      resourceNamesSubscribe: [...(fields.subscribe ?? [])],
      resourceNamesUnsubscribe: [...(fields.unsubscribe ?? [])],
      responseNonce: fields.nonce ?? "",
      initialResourceVersions: fields.versions ?? {},
    };
    line.call.write(codec("envoy.service.discovery.v3.DeltaDiscoveryRequest").encode(request));
  }

  #toText(
    type: string,
    { subscribe = [], unsubscribe = [], nonce, versions, version, error }: RequestFields,
  ): string {
    const isSotw = this.#options.variant.protocol === "sotw";
    const names = isSotw
      ? [...this.#memory(type).names]
      : [...subscribe.map((name) => `+${name}`), ...unsubscribe.map((name) => `-${name}`)];
    const answer = nonce === undefined ? [] : [`${error === undefined ? "ACK" : "NACK"} ${nonce}`];
    const held = Object.entries(versions ?? {}).map(([name, held]) => `${name}@${held}`);
    const shown = [version, ...held].filter((part) => part !== undefined && part !== "");
    return [
      type || "(no type)",
      ...names,
      ...answer,
      ...(shown.length > 0 ? ["showing", ...shown] : []),
    ].join(" ");
  }

  #memory(type: ResourceType | string): TypeMemory {
    const known = this.#types.get(type);
    if (known !== undefined) return known;
    const made = { names: new Set<string>(), held: new Map(), received: [], version: "", nonce: "" };
    this.#types.set(type, made);
    return made;
  }

  #line(type: ResourceType | string): Line {
    const key = this.#options.variant.services === "ads" ? "" : type;
    const known = this.#lines.get(key);
    if (known !== undefined) return known;
    ok(key === "" || key in typeUrls, `a type that has a service of its own, got ${key}`);
    const call = this.#connected().call(
      this.#options.variant.protocol,
      key === "" ? undefined : (key as ResourceType),
    );
    const ended = new Promise<StatusObject>((resolve) => call.on("status", resolve));
    const line: Line = { call, nonces: new Set(), ended, saidNode: false };
    call.on("error", () => undefined);
    call.on("data", (bytes: Buffer) => {
      if (this.#lines.get(key) === line) this.#take(line, bytes);
    });
    this.#lines.set(key, line);
    return line;
  }

  #connected(): RawClient {
    this.#connection ??= this.#options.connect();
    return this.#connection;
  }

  #isFull(type: ResourceType): boolean {
    return this.#options.variant.protocol === "sotw" && (type === "cluster" || type === "listener");
  }
}

/** The same response without the fence; the very same when it has none. */
function withoutFence(received: Received, fence: string): Received {
  if (received.type !== "extensionConfig" || !received.names.includes(fence)) return received;
  const resources = received.resources.filter(({ name }) => name !== fence);
  const names = resources.map(({ name }) => name);
  const summary = [received.type, ...names, ...received.removed.map((name) => `-${name}`)].join(" ");
  return { ...received, resources, names, summary };
}

/** A type of ours by its name, any other by its URL, also none. */
function urlOf(type: ResourceType | string): string {
  return type in typeUrls ? typeUrls[type as ResourceType] : type;
}
