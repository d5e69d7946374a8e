import type { JsonObject } from "@routeledger/std";
import type { FieldErrors } from "./field-error.ts";
import type { Naming } from "./object-metadata.ts";
import type { Schema } from "./schema.ts";

/** What kubectl's words for a kind are, and which of its versions are served. */
export interface KindInfo {
  /** Empty for core. */
  readonly group: string;
  readonly kind: string;
  /** Sorted, the storage version first. */
  readonly versions: readonly string[];
  readonly storageVersion: string;
  readonly scope: "Namespaced" | "Cluster";
  /** `httproutes` */
  readonly plural: string;
  /** `httproute` */
  readonly singular: string;
  /** `gtw`, `svc` */
  readonly shortNames: readonly string[];
}

/**
 * A kind whose schema and rules are written here: the kinds for which an API server has code and no CRD, and our own.
 * `schema` holds the fields beside apiVersion, kind, metadata and status.
 */
export interface CodedKind extends KindInfo {
  readonly nameFormat: Naming["nameFormat"];
  readonly schema: Schema;
  /** Defaults that depend on other fields; called for an object whose fields all have the right types. Idempotent. */
  complete?(object: JsonObject): JsonObject;
  /** Adds what the schema cannot say; called for what `complete` returned. */
  check?(object: JsonObject, errors: FieldErrors): void;
  /** Adds what is wrong about a change; called for what `complete` returned and the object before, which may be anything. */
  checkChange?(object: JsonObject, existing: JsonObject, errors: FieldErrors): void;
}
