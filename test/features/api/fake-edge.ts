import { CommitWriter, type EventLog } from "@routeledger/event-log";
import { codec, type MessageTypes } from "@routeledger/protos";
import { sha256, systemClock } from "@routeledger/std";

type Delivery = MessageTypes["routeledger.delivery.v1.Delivery"];
const batchCodec = codec("routeledger.delivery.v1.DeliveryBatch");
let commits = 0;

/** Says to the DELIVERY log what an edge with one proxy would say. */
export class FakeEdge {
  readonly #log: EventLog;
  readonly #startedMs: number;
  readonly #node: string;
  readonly #edgeId: string;
  #counter = 0;

  constructor(log: EventLog, { node = "envoy-1", startedMs = 1_000, edgeId = "edge-1" } = {}) {
    this.#log = log;
    this.#node = node;
    this.#startedMs = startedMs;
    this.#edgeId = edgeId;
  }

  connect(userAgent = "envoy 1.40.0"): Promise<void> {
    return this.say({ connected: { peer: "127.0.0.1:5000", protocol: "delta", userAgent } });
  }

  disconnect(): Promise<void> {
    return this.say({ disconnected: { reason: "gone" } });
  }

  sent(type: number, sequence: number, nonce: string): Promise<void> {
    return this.say({
      sent: { type, nonce, version: `1.${sequence}-x`, revision: { epoch: 1, sequence }, bytes: 10 },
    });
  }

  acked(type: number, sequence: number, nonce: string, heldDigest = new Uint8Array(32)): Promise<void> {
    return this.say({
      acked: { type, nonce, version: `1.${sequence}-x`, revision: { epoch: 1, sequence }, heldDigest },
    });
  }

  nacked(type: number, sequence: number, nonce: string, message: string): Promise<void> {
    const resources = [{ name: "http/8080", digest: new Uint8Array(32) }];
    const revision = { epoch: 1, sequence };
    return this.say({
      nacked: { type, nonce, version: `1.${sequence}-x`, revision, code: 13, message, resources },
    });
  }

  /** By the real clock, in which what left a moment ago is judged. */
  disconnectNow(): Promise<void> {
    return this.say({ disconnected: { reason: "gone" }, timeUnixMs: Date.now() });
  }

  /** What the one proxy said of clusters since the report before. */
  async reports(
    nodeGroup: string,
    clusters: readonly { name: string; successful?: number; errors?: number; issued: number }[],
    { laterMs = 0 } = {},
  ): Promise<void> {
    this.#counter += 1;
    const common = this.#common();
    const said = { nodeId: "", nodeGroup, streamId: 0, loads: { proxies: 1, clusters } };
    const timeUnixMs = common.timeUnixMs + laterMs;
    await this.write([{ ...common, ...said, timeUnixMs, counter: this.#counter }]);
  }

  /** Records of one batch; `lost` counters are left out before it. */
  async say(event: Delivery, { lost = 0 } = {}): Promise<void> {
    this.#counter += lost + 1;
    await this.write([{ ...this.#common(), ...event, counter: this.#counter }]);
  }

  /** Says the last record's counter again. */
  async repeat(event: Delivery): Promise<void> {
    await this.write([{ ...this.#common(), ...event, counter: this.#counter }]);
  }

  async write(deliveries: Delivery[]): Promise<void> {
    const randomBytes = (count: number) => sha256(Buffer.from(`delivery ${commits++}`)).subarray(0, count);
    const writer = new CommitWriter(this.#log, { clock: systemClock, randomBytes });
    const payload = batchCodec.encode({
      edgeId: this.#edgeId,
      edgeStartedUnixMs: this.#startedMs,
      deliveries,
    });
    const envelope = {
      kind: "DeliveryBatch",
      schemaVersion: 3,
      term: 0,
      actor: this.#edgeId,
      source: "edge",
      summary: "",
    };
    await writer.appendUnfenced({ ...envelope, payload });
  }

  #common() {
    return {
      timeUnixMs: 1_700_000_000_000 + this.#counter,
      nodeId: this.#node,
      nodeGroup: "shop/web",
      streamId: 1,
    };
  }
}
