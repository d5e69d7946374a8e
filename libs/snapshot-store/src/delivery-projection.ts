import type { Commit } from "@routeledger/event-log";
import { codec, type DecodedTypes } from "@routeledger/protos";
import { toHex } from "@routeledger/std";
import { closedStreamsMax, historyMax, loadsMax } from "./delivery-schema.ts";
import { deliveryStatements } from "./delivery-statements.ts";
import type { SqliteDatabase } from "./open-database.ts";
import { RejectionProjection } from "./rejection-projection.ts";

type Batch = DecodedTypes["routeledger.delivery.v1.DeliveryBatch"];
type Delivery = DecodedTypes["routeledger.delivery.v1.Delivery"];
type Sent = DecodedTypes["routeledger.delivery.v1.Sent"];
type Acked = DecodedTypes["routeledger.delivery.v1.Acked"];
type Gate = DecodedTypes["routeledger.delivery.v1.Gate"];
type Nacked = DecodedTypes["routeledger.delivery.v1.Nacked"];

/** Gates that a line of the history names. */
const gatesShownMax = 5;

const batchCodec = codec("routeledger.delivery.v1.DeliveryBatch");

/**
 * Writes what edges said of proxies. Called in log order, inside a transaction. Records that come twice are
 * ignored, gaps in an edge's counter are added to what it lost.
 */
export class DeliveryProjection {
  readonly #statements: ReturnType<typeof deliveryStatements>;
  readonly #rejections: RejectionProjection;

  constructor(database: SqliteDatabase) {
    this.#statements = deliveryStatements(database);
    this.#rejections = new RejectionProjection(database);
  }

  /** Called in log order, inside a transaction. */
  write(commit: Omit<Commit, "hash">): void {
    if (commit.kind !== "DeliveryBatch") return;
    const batch = batchCodec.decode(commit.payload);
    for (const delivery of batch.deliveries) {
      if (!this.#count(batch, delivery)) continue;
      if (delivery.loads) {
        this.#writeLoads(batch, delivery);
        continue;
      }
      this.#writeStream(batch, delivery);
      this.#rejections.write(delivery);
      this.#writeTypes(batch, delivery);
      this.#writeHistory(batch, delivery);
    }
    this.#statements.trimHistory.run(historyMax);
    this.#statements.trimTypes.run(closedStreamsMax);
    if (this.#statements.trimStreams.run(closedStreamsMax).changes > 0) this.#statements.trimRejections.run();
  }

  /** Of no proxy: they are in no history. */
  #writeLoads({ edgeId }: Batch, { loads, nodeGroup, timeUnixMs }: Delivery): void {
    const { proxies = 0, windowMs = 0, clusters = [] } = loads ?? {};
    // A record without a cluster still says that somebody reports.
    const named = clusters.length > 0 ? clusters : [{ name: "", successful: 0, errors: 0, issued: 0 }];
    for (const { name, successful, errors, issued } of named) {
      const span = [timeUnixMs - windowMs, timeUnixMs];
      this.#statements.load.run(edgeId, nodeGroup, name, ...span, proxies, successful, errors, issued);
    }
    this.#statements.trimLoads.run(loadsMax);
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
    const { connected, disconnected, gates, nodeId, nodeGroup, timeUnixMs } = delivery;
    const key = streamKey(batch, delivery);
    if (connected) {
      const { resourceType, protocol, peer, userAgent, identity } = connected;
      const about = [resourceType, protocol, peer, userAgent, identity];
      this.#statements.forgetTypes.run(...key);
      this.#statements.openStream.run(...key, nodeId, nodeGroup, timeUnixMs, ...about);
    } else if (nodeId !== "") {
      this.#statements.seeStream.run(...key, nodeId, nodeGroup, timeUnixMs);
    }
    if (gates) {
      const held: StoredGateRow[] = gates.gates.map(gateRow);
      this.#statements.gates.run(JSON.stringify(held), gates.total, ...key);
    }
    if (disconnected) this.#statements.closeStream.run(timeUnixMs, disconnected.reason, ...key);
  }

  #writeTypes(batch: Batch, delivery: Delivery): void {
    const { sent, acked, nacked, timeUnixMs } = delivery;
    const type = (sent ?? acked ?? nacked)?.type;
    if (type === undefined) return;
    const key = [...streamKey(batch, delivery), type] as const;
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

function streamKey(
  batch: Batch,
  { streamId }: Delivery,
): [edge: string, startedMs: number, streamId: number] {
  return [batch.edgeId, batch.edgeStartedUnixMs, streamId];
}

/** A gate as `streams.gates` holds it, a JSON list. Reasons and types are numbers of the format. */
export interface StoredGateRow {
  readonly reason: number;
  readonly type: number;
  readonly name: string;
  readonly waitsFor: { readonly type: number; readonly name: string }[];
  readonly sinceMs: number;
  /** 0: no time. */
  readonly untilMs: number;
}

function gateRow({ reason, type, name, waitsFor, sinceUnixMs, untilUnixMs }: Gate): StoredGateRow {
  const keys = waitsFor.map((key) => ({ type: key.type, name: key.name }));
  return { reason, type, name, waitsFor: keys, sinceMs: sinceUnixMs, untilMs: untilUnixMs };
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
  const { connected, disconnected, sent, acked, nacked, gates, lost } = delivery;
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
      detail: {
        ...{ nonce, code, message, resources: nacked.resources.map(({ name }) => name) },
        culprits: nacked.culprits,
      },
    };
  }
  if (gates) {
    const first = gates.gates.slice(0, gatesShownMax).map(gateRow);
    return { what: "gates", detail: { total: gates.total, first } };
  }
  return { what: "lost", detail: { records: lost ?? 0 } };
}
