import { readFile } from "node:fs/promises";
import {
  configKinds,
  deliveryKinds,
  payloadTypes,
  type ReadableKinds,
  xdsKinds,
} from "@routeledger/event-log";
import { canonicalJson, type JsonValue, sha256Hex, utf8 } from "@routeledger/std";

interface Schema {
  readonly nested?: Readonly<Record<string, Schema>>;
  readonly fields?: Readonly<Record<string, { readonly type: string }>>;
}

const descriptor = new URL("../../../libs/protos/src/generated/descriptor.json", import.meta.url);

/** Messages that stand inside others as bytes; the version of the kind counts their schema, too. */
const insideBytes: Readonly<Record<string, readonly string[]>> = {
  CheckpointClosed: [
    "routeledger.config.v1.StateCheckpoint",
    "routeledger.xds.v1.GroupCheckpoint",
    "routeledger.xds.v1.StatusesCheckpoint",
  ],
};

export interface KindSchema {
  /** What this version writes; 0: the envelope, which has none. */
  readonly version: number;
  /** SHA-256 of the schemas of all messages that a payload of the kind can hold. */
  readonly hash: string;
}

/** By kind, and of the envelope, as they are now. */
export async function kindSchemas(): Promise<Record<string, KindSchema>> {
  const root = JSON.parse(await readFile(descriptor, "utf8")) as Schema;
  const versions: ReadableKinds = { ...configKinds, ...xdsKinds, ...deliveryKinds };
  const found: Record<string, KindSchema> = {};
  const roots: Readonly<Record<string, string>> = {
    Envelope: "routeledger.log.v1.Envelope",
    ...payloadTypes,
  };
  for (const [kind, name] of Object.entries(roots).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const reached = new Map<string, Schema>();
    for (const start of [name, ...(insideBytes[kind] ?? [])]) reach(root, start, reached);
    const schemas = Object.fromEntries(reached) as unknown as JsonValue;
    found[kind] = { version: versions[kind] ?? 0, hash: sha256Hex(utf8(canonicalJson(schemas))) };
  }
  return found;
}

/** Adds a message or enum of ours, by full name, and all that its fields refer to. */
function reach(root: Schema, name: string, reached: Map<string, Schema>): void {
  if (reached.has(name)) return;
  let schema: Schema | undefined = root;
  for (const part of name.split(".")) schema = schema?.nested?.[part];
  if (!schema) throw new Error(`expected ${name} in the descriptor`);
  reached.set(name, schema);
  for (const { type } of Object.values(schema.fields ?? {})) {
    if (type.startsWith(".routeledger.")) reach(root, type.slice(1), reached);
  }
}
