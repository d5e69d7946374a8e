import type { ClusterLoad } from "./load-sums.ts";

/** Fields of `LoadStatsRequest`, `ClusterStats` and `UpstreamLocalityStats` that are read. */
const clusterStatsField = 2;
const clusterNameField = 1;
const localityStatsField = 2;
const countFields: Readonly<Record<number, "successful" | "inProgress" | "errors" | "issued">> = {
  2: "successful",
  3: "inProgress",
  4: "errors",
  8: "issued",
};

/**
 * What an encoded `envoy.service.load_stats.v3.LoadStatsRequest` says of clusters that have localities, in its order,
 * each the sum of them. Envoy names every cluster in every report, idle ones without a locality: here those cost the
 * reading of a few tags, where the codec would make objects of all of them. Undefined when the bytes are no such message.
 */
export function readLoadReport(bytes: Uint8Array): ClusterLoad[] | undefined {
  const wire = new Wire(bytes);
  const loads: ClusterLoad[] = [];
  while (wire.position < bytes.length && wire.isSound) {
    const tag = wire.varint(bytes.length);
    if (tag >>> 3 !== clusterStatsField) wire.skip(tag, bytes.length);
    else {
      const load = readCluster(wire, wire.block(tag, bytes.length));
      if (load !== undefined) loads.push(load);
    }
  }
  return wire.isSound ? loads : undefined;
}

/** Undefined for one without a locality. */
function readCluster(wire: Wire, end: number): ClusterLoad | undefined {
  let [nameStart, nameEnd] = [end, end];
  let load: Counts | undefined;
  while (wire.position < end && wire.isSound) {
    const tag = wire.varint(end);
    const field = tag >>> 3;
    if (field === clusterNameField) {
      nameEnd = wire.block(tag, end);
      nameStart = wire.position;
      wire.position = nameEnd;
    } else if (field === localityStatsField) {
      load ??= { successful: 0, errors: 0, issued: 0, inProgress: 0 };
      addLocality(wire, wire.block(tag, end), load);
    } else wire.skip(tag, end);
  }
  return load === undefined ? undefined : { cluster: wire.text(nameStart, nameEnd), ...load };
}

type Counts = { -readonly [Name in keyof Omit<ClusterLoad, "cluster">]: number };

function addLocality(wire: Wire, end: number, load: Counts): void {
  const counts: Counts = { successful: 0, errors: 0, issued: 0, inProgress: 0 };
  while (wire.position < end && wire.isSound) {
    const tag = wire.varint(end);
    const name = countFields[tag >>> 3];
    if (name === undefined) wire.skip(tag, end);
    else if ((tag & 7) === 0) counts[name] = wire.varint(end);
    else wire.isSound = false;
  }
  load.successful += counts.successful;
  load.errors += counts.errors;
  load.issued += counts.issued;
  load.inProgress += counts.inProgress;
}

/** A position in bytes of protobuf. What goes beyond an end makes it unsound, and then what it returns means nothing. */
class Wire {
  readonly #bytes: Buffer;
  position = 0;
  isSound = true;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Unsound beyond 2^53. */
  varint(end: number): number {
    let value = 0;
    for (let factor = 1; factor <= 2 ** 49 && this.position < end; factor *= 128) {
      const byte = this.#bytes[this.position++] ?? 0;
      value += (byte & 127) * factor;
      if (byte < 128) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
    }
    this.isSound = false;
    return 0;
  }

  /** Where what has this tag ends; the position is at its begin. */
  block(tag: number, end: number): number {
    const length = this.varint(end);
    const blockEnd = this.position + length;
    if ((tag & 7) === 2 && blockEnd <= end) return blockEnd;
    this.isSound = false;
    return this.position;
  }

  skip(tag: number, end: number): void {
    const wireType = tag & 7;
    if (wireType === 0) this.varint(end);
    else if (wireType === 2) this.position = this.block(tag, end);
    else if (wireType === 1) this.position += 8;
    else if (wireType === 5) this.position += 4;
    else this.isSound = false;
    if (this.position > end || tag >>> 3 === 0) this.isSound = false;
  }

  text(start: number, end: number): string {
    return this.#bytes.toString("utf8", start, end);
  }
}
