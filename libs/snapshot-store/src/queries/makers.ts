import type { SqliteDatabase } from "../open-database.ts";
import type { RejectedRow } from "./rejected-resources.ts";

/** An object that made bytes which a proxy rejected. */
export interface Maker {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** The revision of the object that made them. */
  readonly revision: string;
  /** Of what the proxy has of this resource, the object, or this revision of it, made nothing: it is at fault. */
  readonly changed: boolean;
}

/**
 * Who made a rejected resource: the owners of those parts of it that differ from what the proxy acknowledged of it last
 * (of a route table the virtual hosts that changed), all of them where it had none. Those that are at fault come first, each
 * sorted by reference.
 */
export function prepareMakers(
  database: SqliteDatabase,
): (nodeGroup: string, rejected: RejectedRow) => readonly Maker[] {
  const byDigest = database.prepare<[object], Interval>(
    `SELECT from_sequence, until_sequence FROM resources
     WHERE node_group = @nodeGroup AND type = @type AND name = @name AND digest = @digest AND from_sequence < @before
     ORDER BY from_sequence DESC LIMIT 1`,
  );
  const heldAt = database.prepare<[object], Interval>(
    `SELECT from_sequence, until_sequence FROM resources
     WHERE node_group = @nodeGroup AND type = @type AND name = @name AND from_sequence <= @sequence
       AND until_sequence > @sequence AND digest <> @digest`,
  );
  const partsAt = database.prepare<[object], PartRow>(
    `SELECT virtual_host, digest, owners FROM parts
     WHERE node_group = @nodeGroup AND type = @type AND resource = @name
       AND from_sequence <= @sequence AND until_sequence > @sequence`,
  );

  return (nodeGroup, { type, name, digest, held_digest: heldDigest, held_sequence: heldSequence }) => {
    const key = { nodeGroup, type, name };
    const bad = byDigest.get({ ...key, digest, before: Number.MAX_SAFE_INTEGER });
    if (bad === undefined) return [];
    const held = (): Interval | undefined => {
      const before = bad.from_sequence;
      if (heldDigest !== null) return byDigest.get({ ...key, digest: heldDigest, before });
      return heldSequence === null ? undefined : heldAt.get({ ...key, sequence: heldSequence, digest });
    };
    const heldInterval = held();
    // Owners may change while bytes do not: those of the last revision at which a resource had these bytes.
    const lastOf = ({ until_sequence: until }: Interval) => partsAt.all({ ...key, sequence: until - 1 });
    const before = heldInterval === undefined ? [] : lastOf(heldInterval);
    const rejected = lastOf(bad);
    return makersOf(rejected, before);
  };
}

function makersOf(rejected: readonly PartRow[], before: readonly PartRow[]): Maker[] {
  const known = new Map(before.map((part) => [part.virtual_host, part]));
  const differing = rejected.filter(
    (part) => known.get(part.virtual_host)?.digest.equals(part.digest) !== true,
  );
  const makers = new Map<string, Maker>();
  for (const part of differing.length > 0 ? differing : rejected) {
    const old = new Set(ownersOf(known.get(part.virtual_host)).map((owner) => JSON.stringify(owner)));
    for (const owner of ownersOf(part)) {
      const text = JSON.stringify(owner);
      const changed = (makers.get(text)?.changed ?? false) || !old.has(text);
      makers.set(text, { ...owner, changed });
    }
  }
  const all = [...makers].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, maker]) => maker);
  const changed = all.filter((maker) => maker.changed);
  // Nobody changed anything: the translation did.
  if (changed.length === 0) return all.map((maker) => ({ ...maker, changed: true }));
  return [...changed, ...all.filter((maker) => !maker.changed)];
}

type Owner = Omit<Maker, "changed">;

function ownersOf(part: PartRow | undefined): Owner[] {
  return part === undefined ? [] : (JSON.parse(part.owners) as Owner[]);
}

interface Interval {
  readonly from_sequence: number;
  readonly until_sequence: number;
}

interface PartRow {
  readonly virtual_host: string;
  readonly digest: Buffer;
  readonly owners: string;
}
