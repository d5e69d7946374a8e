import type { Commit } from "@routeledger/event-log";
import { codec, type DecodedTypes } from "@routeledger/protos";
import { toHex } from "@routeledger/std";
import { closedStreamsMax, historyMax } from "./delivery-schema.ts";
import { deliveryStatements } from "./delivery-statements.ts";
import type { SqliteDatabase } from "./open-database.ts";

type Batch = DecodedTypes["routeledger.delivery.v1.DeliveryBatch"];
type Delivery = DecodedTypes["routeledger.delivery.v1.Delivery"];
type Sent = DecodedTypes["routeledger.delivery.v1.Sent"];
type Acked = DecodedTypes["routeledger.delivery.v1.Acked"];
type Nacked = DecodedTypes["routeledger.delivery.v1.Nacked"];

const batchCodec = codec("routeledger.delivery.v1.DeliveryBatch");

/**
 * Writes what edges said of proxies. Called in log order, inside a transaction. Records that come twice are
 * ignored, gaps in an edge's counter are added to what it lost.
 */
export class DeliveryProjection {
  readonly #statements: ReturnType<typeof deliveryStatements>;

  constructor(database: SqliteDatabase) {
    this.#statements = deliveryStatements(database);
  }

  /** Called in log order, inside a transaction. */
  write(commit: Omit<Commit, "hash">): void {
    if (commit.kind !== "DeliveryBatch") return;
    const batch = batchCodec.decode(commit.payload);
    for (const delivery of batch.deliveries) {
      if (!this.#count(batch, delivery)) continue;
      this.#writeStream(batch, delivery);
      this.#writeTypes(delivery);
      this.#writeHistory(batch, delivery);
    }
    this.#statements.trimHistory.run(historyMax);
    this.#statements.trimStreams.run(closedStreamsMax);
  }

  /** False for a record that was seen before. */
  #count(batch: Batch, delivery: Delivery): boolean {
    const edge = this.#statements.edge.get(batch.edgeId) as EdgeRow | undefined;
    if (edge === undefined || edge.started_ms < batch.edgeStartedUnixMs) {
      // An edge that started again has none of its streams any more, whatever it could still say of them.
      this.#statements.closeStreamsOfEdge.run(delivery.timeUnixMs, "the edge started again", batch.edgeId);
      const lost = (edge?.lost ?? 0) + (delivery.counter - 1);
      this.#statements.putEdge.run(batch.edgeId, batch.edgeStartedUnixMs, delivery.counter, lost);
      return true;
    }
    if (edge.started_ms > batch.edgeStartedUnixMs || delivery.counter <= edge.last_counter) return false;
    const lost = edge.lost + (delivery.counter - edge.last_counter - 1) + (delivery.lost ?? 0);
    this.#statements.putEdge.run(batch.edgeId, batch.edgeStartedUnixMs, delivery.counter, lost);
    return true;
  }

  #writeStream(batch: Batch, delivery: Delivery): void {
    const { connected, disconnected, streamId, nodeId, nodeGroup, timeUnixMs } = delivery;
    const key = [batch.edgeId, batch.edgeStartedUnixMs, streamId] as const;
    if (connected) {
      const { protocol, peer, userAgent } = connected;
      this.#statements.openStream.run(...key, nodeId, nodeGroup, protocol, peer, userAgent, timeUnixMs);
      // Nonces are a stream's own: what was under way, or was rejected, on the one before is offered again.
      this.#statements.forgetNonces.run(nodeId, nodeGroup);
    } else if (nodeId !== "") {
      this.#statements.seeStream.run(...key, nodeId, nodeGroup, timeUnixMs);
    }
    if (disconnected) this.#statements.closeStream.run(timeUnixMs, disconnected.reason, ...key);
  }

  #writeTypes({ sent, acked, nacked, nodeId, nodeGroup, timeUnixMs }: Delivery): void {
    const type = (sent ?? acked ?? nacked)?.type;
    if (type === undefined) return;
    const key = [nodeId, nodeGroup, type] as const;
    this.#statements.touchType.run(...key);
    if (sent) {
      const { nonce, version, resources, bytes } = sent;
      this.#statements.sent.run(nonce, version, ...at(sent), timeUnixMs, resources.length, bytes, ...key);
    }
    if (acked)
      this.#statements.acked.run(
        acked.nonce,
        acked.version,
        ...at(acked),
        timeUnixMs,
        acked.heldDigest,
        ...key,
      );
    if (nacked) {
      const { nonce, version, code, message } = nacked;
      const names = JSON.stringify(nacked.resources.map(({ name }) => name));
      this.#statements.nacked.run(nonce, version, ...at(nacked), timeUnixMs, code, message, names, ...key);
    }
  }

  #writeHistory(batch: Batch, delivery: Delivery): void {
    const { what, detail } = describe(delivery);
    const about = delivery.sent ?? delivery.acked ?? delivery.nacked;
    this.#statements.history.run(
      ...[batch.edgeId, batch.edgeStartedUnixMs, delivery.counter, delivery.timeUnixMs, delivery.nodeId],
      ...[delivery.nodeGroup, delivery.streamId, what, about?.type ?? null, about?.version ?? null],
      ...[about?.revision?.sequence ?? null, JSON.stringify(detail)],
    );
  }
}

interface EdgeRow {
  readonly started_ms: number;
  readonly last_counter: number;
  readonly lost: number;
}

function at({ revision }: Sent | Acked | Nacked): [epoch: number, sequence: number] {
  return [revision?.epoch ?? 0, revision?.sequence ?? 0];
}

/** What the history shows of a record, besides its columns. */
function describe(delivery: Delivery): { what: string; detail: object } {
  const { connected, disconnected, sent, acked, nacked, lost } = delivery;
  if (connected) return { what: "connected", detail: connected };
  if (disconnected) return { what: "disconnected", detail: disconnected };
  if (sent) {
    const { nonce, bytes, removed } = sent;
    return {
      what: "sent",
      detail: { nonce, bytes, resources: sent.resources.length, removed: removed.length },
    };
  }
  if (acked) return { what: "acked", detail: { nonce: acked.nonce, held: toHex(acked.heldDigest) } };
  if (nacked) {
    const { nonce, code, message } = nacked;
    return {
      what: "nacked",
      detail: { nonce, code, message, resources: nacked.resources.map(({ name }) => name) },
    };
  }
  return { what: "lost", detail: { records: lost ?? 0 } };
}
