import { by, inOrder } from "@routeledger/std";
import { schemaDocuments } from "../generated/schemas.ts";
import { configMap } from "./core/config-map.ts";
import { endpointSlice } from "./core/endpoint-slice.ts";
import { namespace } from "./core/namespace.ts";
import { secret } from "./core/secret.ts";
import { service } from "./core/service.ts";
import type { CodedKind, KindInfo } from "./kind-info.ts";
import { metadataSchema, type Naming } from "./object-metadata.ts";
import { extension } from "./own/extension.ts";
import type { Schema } from "./schema.ts";

/** A group, version and kind; the group is empty for core. */
export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** A served version of a known kind: its whole schema and its rules. */
export interface CatalogEntry {
  readonly schema: Schema;
  /** Of `status`, which `schema` leaves free; undefined for the kinds without a CRD. */
  readonly statusSchema: Schema | undefined;
  readonly naming: Naming;
  readonly coded: CodedKind | undefined;
}

/** What scripts/generate-schemas.ts writes for one served version of a kind. */
interface SchemaDocument extends GroupVersionKind {
  readonly storage: boolean;
  readonly scope: "Namespaced" | "Cluster";
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly schema: Schema;
}

const CORE_KINDS: readonly CodedKind[] = [configMap, endpointSlice, namespace, secret, service];
const OWN_KINDS: readonly CodedKind[] = [extension];
const CODED_KINDS: readonly CodedKind[] = [...CORE_KINDS, ...OWN_KINDS];
const DOCUMENTS = schemaDocuments as readonly SchemaDocument[];

const entries: ReadonlyMap<string, CatalogEntry> = new Map([
  ...DOCUMENTS.map((document) => [gvkKey(document), crdEntry(document)] as const),
  ...CODED_KINDS.map(
    (coded) => [gvkKey({ ...coded, version: coded.storageVersion }), codedEntry(coded)] as const,
  ),
]);

const kinds: readonly KindInfo[] = [...CODED_KINDS.map(codedKindInfo), ...crdKindInfos()].sort(
  inOrder(
    by((info) => info.group),
    by((info) => info.kind),
  ),
);

/** Every kind that objects may have without an Extension that declares it, sorted by group and kind, with kubectl's words for it. */
export function knownKinds(): readonly KindInfo[] {
  return kinds;
}

/** Of an object of a kind that an Extension declares: namespaced, and free but for its metadata. */
export const declaredEntry: CatalogEntry = freeEntry();

/** The schema of a served version of a known kind, with metadata's in it; status is free. */
export function schemaFor(gvk: GroupVersionKind): Schema | undefined {
  return catalogEntry(gvk)?.schema;
}

/** The schema of the status of a kind that has a CRD. */
export function statusSchemaFor(gvk: GroupVersionKind): Schema | undefined {
  return catalogEntry(gvk)?.statusSchema;
}

export function catalogEntry(gvk: GroupVersionKind): CatalogEntry | undefined {
  return entries.get(gvkKey(gvk));
}

function gvkKey({ group, version, kind }: GroupVersionKind): string {
  return `${group}/${version}/${kind}`;
}

function crdEntry({ schema, scope }: SchemaDocument): CatalogEntry {
  const naming: Naming = { scope, nameFormat: "dns-subdomain", finalizerFormat: "qualified-name" };
  return {
    schema: wholeSchema(schema, naming),
    statusSchema: schema.properties?.status,
    naming,
    coded: undefined,
  };
}

function freeEntry(): CatalogEntry {
  const naming: Naming = {
    scope: "Namespaced",
    nameFormat: "dns-subdomain",
    finalizerFormat: "qualified-name",
  };
  const schema = wholeSchema({ type: "object", "x-kubernetes-preserve-unknown-fields": true }, naming);
  return { schema, statusSchema: undefined, naming, coded: undefined };
}

function codedEntry(coded: CodedKind): CatalogEntry {
  const { scope, nameFormat } = coded;
  const finalizerFormat = CORE_KINDS.includes(coded) ? "core-finalizer" : "qualified-name";
  const naming: Naming = { scope, nameFormat, finalizerFormat };
  return { schema: wholeSchema(coded.schema, naming), statusSchema: undefined, naming, coded };
}

function wholeSchema(schema: Schema, naming: Naming): Schema {
  return {
    ...schema,
    required: ["apiVersion", "kind", "metadata", ...(schema.required ?? [])],
    properties: {
      ...schema.properties,
      apiVersion: { type: "string" },
      kind: { type: "string" },
      metadata: metadataSchema(naming),
      status: { "x-kubernetes-preserve-unknown-fields": true },
    },
  };
}

function codedKindInfo(coded: CodedKind): KindInfo {
  const { group, kind, versions, storageVersion, scope, plural, singular, shortNames } = coded;
  return { group, kind, versions, storageVersion, scope, plural, singular, shortNames };
}

function crdKindInfos(): KindInfo[] {
  return DOCUMENTS.filter((document) => document.storage).map((stored) => {
    const { group, kind, version: storageVersion, scope, plural, singular, shortNames } = stored;
    const others = DOCUMENTS.filter(
      (other) => other.group === group && other.kind === kind && !other.storage,
    );
    const versions = [storageVersion, ...others.map((other) => other.version).sort()];
    return { group, kind, versions, storageVersion, scope, plural, singular, shortNames };
  });
}
