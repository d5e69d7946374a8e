import { withMessages } from "@routeledger/protos";
import { assert, compareStrings, formatRevision, type Revision, sha256Hex } from "@routeledger/std";
import { referencesOf, warmsByItself } from "./references.ts";
import type { Part, Reference, Resource } from "./snapshot.ts";

/**
 * Joins the parts of one resource, in any order.
 * @param changedAt the revision at which its bytes last changed
 */
export function composeResource(parts: readonly Part[], changedAt: Revision): Resource {
  const sorted = inOrder(parts);
  const [first] = sorted;
  assert(first !== undefined && first.virtualHost === "", "a resource with a shell or a single part");
  return new ComposedResource(sorted, first, changedAt);
}

function inOrder(parts: readonly Part[]): readonly Part[] {
  for (let index = 1; index < parts.length; index++) {
    if ((parts[index - 1] as Part).virtualHost > (parts[index] as Part).virtualHost)
      return [...parts].sort((a, b) => compareStrings(a.virtualHost, b.virtualHost));
  }
  return parts;
}

/** `1.412-9f2c41ab30d15e77`: the revision at which bytes last changed, and 8 bytes of their digest. */
export function versionOf(changedAt: Revision, digest: string): string {
  return `${formatRevision(changedAt)}-${digest.slice(0, 16)}`;
}

/** The part of a version that says when: undefined for versions that are not ours. */
export function revisionOfVersion(version: string): Revision | undefined {
  const match = /^(\d{1,15})\.(\d{1,15})-[0-9a-f]{16}/.exec(version);
  return match ? { epoch: Number(match[1]), sequence: Number(match[2]) } : undefined;
}

class ComposedResource implements Resource {
  readonly type: Resource["type"];
  readonly name: string;
  readonly parts: readonly Part[];
  readonly bytes: Uint8Array;
  readonly digest: string;
  readonly changedAt: Revision;
  readonly version: string;
  #references: readonly Reference[] | undefined;

  constructor(parts: readonly Part[], first: Part, changedAt: Revision) {
    this.type = first.type;
    this.name = first.resource;
    this.parts = parts;
    this.bytes = parts.length === 1 ? first.bytes : joinRouteTable(parts);
    this.digest = parts.length === 1 ? first.digest : sha256Hex(this.bytes);
    this.changedAt = changedAt;
    this.version = versionOf(changedAt, this.digest);
  }

  /** Found when first asked for: an edge with no proxy of the group never decodes its resources. */
  get references(): readonly Reference[] {
    this.#references ??= distinct(this.parts.flatMap((part) => referencesOf(part)));
    return this.#references;
  }

  get warmsByItself(): boolean {
    return this.type === "cluster" && this.parts.some((part) => warmsByItself(part));
  }
}

/** `RouteConfiguration.virtual_hosts` */
const virtualHostsField = 2;

function joinRouteTable([shell, ...hosts]: readonly Part[]): Uint8Array {
  assert(shell !== undefined, "a route table with a shell");
  return withMessages(
    shell.bytes,
    virtualHostsField,
    hosts.map(({ bytes }) => bytes),
  );
}

function distinct(references: readonly Reference[]): Reference[] {
  const byKey = new Map(
    references.map((reference) => [`${reference.type}\n${reference.name}\n${reference.digest}`, reference]),
  );
  return [...byKey].sort(([a], [b]) => compareStrings(a, b)).map(([, reference]) => reference);
}
