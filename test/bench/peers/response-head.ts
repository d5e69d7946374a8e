/** What a proxy needs of a response, read without decoding its resources: clients are not what is measured. */
export interface Head {
  readonly typeUrl: string;
  readonly version: string;
  readonly nonce: string;
  /** One for each resource; empty where they were not asked for. */
  readonly names: readonly string[];
}

/** Fields of DiscoveryResponse and of DeltaDiscoveryResponse, in envoy.service.discovery.v3. */
const fields = { version: 1, resource: 2, typeUrl: 4, nonce: 5 } as const;

export function headOf(
  bytes: Buffer,
  options: { readonly isDelta: boolean; readonly withNames: boolean },
): Head {
  let [typeUrl, version, nonce] = ["", "", ""];
  const names: string[] = [];
  for (const { field, start, end } of lengthDelimited(bytes, 0, bytes.length)) {
    if (field === fields.version) version = bytes.toString("utf8", start, end);
    if (field === fields.typeUrl) typeUrl = bytes.toString("utf8", start, end);
    if (field === fields.nonce) nonce = bytes.toString("utf8", start, end);
    if (field !== fields.resource) continue;
    if (!options.withNames) names.push("");
    else names.push(options.isDelta ? deltaName(bytes, start, end) : anyName(bytes, start, end));
  }
  return { typeUrl, version, nonce, names };
}

/** Of a Resource: field 3. */
function deltaName(bytes: Buffer, from: number, to: number): string {
  for (const { field, start, end } of lengthDelimited(bytes, from, to)) {
    if (field === 3) return bytes.toString("utf8", start, end);
  }
  return "";
}

/** Of an Any, whose value (2) is a message with its name in field 1, as of all types here. */
function anyName(bytes: Buffer, from: number, to: number): string {
  for (const value of lengthDelimited(bytes, from, to)) {
    if (value.field !== 2) continue;
    for (const { field, start, end } of lengthDelimited(bytes, value.start, value.end)) {
      if (field === 1) return bytes.toString("utf8", start, end);
    }
  }
  return "";
}

/** The length-delimited fields of a message; it may hold varints, too. */
function* lengthDelimited(
  bytes: Buffer,
  from: number,
  to: number,
): Generator<{ readonly field: number; readonly start: number; readonly end: number }> {
  for (let at = from; at < to; ) {
    const tag = varint(bytes, at);
    at = tag.end;
    const next = varint(bytes, at);
    at = next.end;
    if ((tag.value & 7) === 0) continue;
    yield { field: tag.value >>> 3, start: at, end: at + next.value };
    at += next.value;
  }
}

function varint(bytes: Buffer, from: number): { value: number; end: number } {
  let value = 0;
  for (let at = from, shift = 0; ; at++, shift += 7) {
    const byte = bytes[at] ?? 0;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return { value, end: at + 1 };
  }
}
