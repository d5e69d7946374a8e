import type { Revision } from "@routeledger/std";
import type { ResourceType } from "./resource-type.ts";

/** An object that made a part, and the revision of the object that made these bytes. */
export interface Owner {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly revision: Revision;
}

/**
 * The unit of translation, storage and the XDS log: a whole resource or, of a route table, its shell
 * (`virtualHost` empty) or one virtual host. The table's bytes are the shell's, followed by its virtual hosts in
 * name order, each as field 2 of RouteConfiguration.
 */
export interface Part {
  readonly type: ResourceType;
  readonly resource: string;
  readonly virtualHost: string;
  /** Encoded; of a virtual host the encoded VirtualHost, without the field's tag. */
  readonly bytes: Uint8Array;
  /** SHA-256 of the bytes, 64 hexadecimal digits. */
  readonly digest: string;
  /** Sorted. Not part of the digest. */
  readonly owners: readonly Owner[];
}

/** One xDS resource as a proxy gets it. Immutable. */
export interface Resource {
  readonly type: ResourceType;
  readonly name: string;
  /** Shell first, then virtual hosts by name; one part for all other types. */
  readonly parts: readonly Part[];
  /** The parts joined: what goes into `Any.value`. Shared by all streams, never written to. */
  readonly bytes: Uint8Array;
  /** SHA-256 of the bytes, 64 hexadecimal digits. */
  readonly digest: string;
  /** The revision at which its bytes last changed. */
  readonly changedAt: Revision;
  /** `1.412-9f2c41ab30d15e77`: `changedAt` and the first 8 bytes of the digest. */
  readonly version: string;
  /** What it names. */
  readonly references: readonly Reference[];
  /** A cluster that Envoy uses only when it has checked health, or resolved names, as well (rule 48). */
  readonly warmsByItself: boolean;
  /** It exists and must not be sent by this edge (P11): who asks waits. Never in a log. */
  readonly isWithheld?: boolean;
}

/** A name that a resource refers to, and by which bytes (rules 39 to 44). */
export interface Reference {
  readonly type: ResourceType;
  readonly name: string;
  /** SHA-256 of the message that refers (Rds, EdsClusterConfig, SdsSecretConfig), 64 hexadecimal digits. */
  readonly digest: string;
}

/** All resources of one type. */
export interface TypeSnapshot {
  /** By name, filled in sorted order. */
  readonly resources: ReadonlyMap<string, Resource>;
  /** Of the sorted (name, digest) pairs and the revision at which they last changed; SotW `version_info`. */
  readonly version: string;
  readonly digest: string;
  readonly changedAt: Revision;
}

/** A resource that nothing refers to any more and that some proxy may still need. */
export interface RetiringResource {
  readonly resource: Resource;
  /** Time of the event that retired it, milliseconds since 1970. */
  readonly retiredAtMs: number;
}

/** All xDS resources of one node group at a revision: immutable, closed, sorted. */
export interface Snapshot {
  /** namespace/name of the Gateway. */
  readonly nodeGroup: string;
  /** The CONFIG revision at which it last changed; it is the truth up to the revision of what holds it. */
  readonly revision: Revision;
  readonly types: Readonly<Record<ResourceType, TypeSnapshot>>;
  /** By type, then name. Not part of `types` nor of any version. */
  readonly retiring: Readonly<Record<ResourceType, ReadonlyMap<string, RetiringResource>>>;
  readonly retireGraceMs: number;
}
