import { fromUtf8, type Revision } from "@routeledger/std";
import { contentReader } from "../contents.ts";
import { byUntil } from "../ledger-schema.ts";
import type { Query } from "./query.ts";

/** Which object, as config-model's ObjectRef. */
export interface StoredRef {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

export interface StoredObject extends StoredRef {
  readonly version: string;
  /** Canonical JSON, as in the log. */
  readonly json: string;
  readonly source: string;
  /** The revision that last wrote it. */
  readonly revision: Revision;
  /** Canonical JSON of its status as published; absent where it has none. */
  readonly status?: string;
}

export interface ObjectRow {
  readonly api_group: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly from_sequence: number;
  readonly version: string;
  readonly source: string;
  readonly digest: Buffer;
  readonly epoch: number;
  readonly status: string | null;
}

/** Selects objects with their status at `@sequence`; a condition follows. `from` is the table, read as it says. */
const selectFrom = (from: string): string => `
  SELECT o.api_group, o.kind, o.namespace, o.name, o.from_sequence, o.version, o.source, o.digest, o.epoch,
    (SELECT s.json FROM statuses s
     WHERE s.api_group = o.api_group AND s.kind = o.kind AND s.namespace = o.namespace AND s.name = o.name
       AND s.from_sequence <= @sequence AND s.until_sequence > @sequence) AS status
  FROM ${from}
  WHERE o.from_sequence <= @sequence AND o.until_sequence > @sequence`;

/** For conditions that name one object. */
export const selectObject = selectFrom("objects o");
/** For conditions that leave many: of what ended before the moment nothing is read. */
const selectObjects = selectFrom(byUntil("objects", "o"));

export function storedObject(row: ObjectRow, readContent: (digest: Uint8Array) => Uint8Array): StoredObject {
  return {
    group: row.api_group,
    kind: row.kind,
    namespace: row.namespace,
    name: row.name,
    version: row.version,
    json: fromUtf8(readContent(row.digest)),
    source: row.source,
    revision: { epoch: row.epoch, sequence: row.from_sequence },
    ...(row.status !== null && { status: row.status }),
  };
}

export interface ObjectAtArgs {
  readonly ref: StoredRef;
  readonly sequence: number;
}

/** One object at a revision. */
export const objectAt: Query<ObjectAtArgs, StoredObject | undefined> = {
  prepare(database) {
    const readContent = contentReader(database);
    const find = database.prepare<[object], ObjectRow>(
      `${selectObject} AND o.api_group = @group AND o.kind = @kind AND o.namespace = @namespace AND o.name = @name`,
    );
    return ({ ref: { group, kind, namespace, name }, sequence }) => {
      const row = find.get({ group, kind, namespace, name, sequence });
      return row && storedObject(row, readContent);
    };
  },
};

export interface ObjectsAtArgs {
  /** Absent: every kind. */
  readonly kind?: { readonly group: string; readonly kind: string };
  /** Absent: every namespace. */
  readonly namespace?: string;
  readonly sequence: number;
}

/** Objects at a revision, sorted by group, kind, namespace, name. */
export const objectsAt: Query<ObjectsAtArgs, StoredObject[]> = {
  prepare(database) {
    const readContent = contentReader(database);
    const list = database.prepare<[object], ObjectRow>(
      `${selectObjects} AND (@kind IS NULL OR (o.api_group = @group AND o.kind = @kind))
         AND (@namespace IS NULL OR o.namespace = @namespace)
       ORDER BY o.api_group, o.kind, o.namespace, o.name`,
    );
    return ({ kind, namespace, sequence }) => {
      const asked = {
        group: kind?.group ?? null,
        kind: kind?.kind ?? null,
        namespace: namespace ?? null,
        sequence,
      };
      return list.all(asked).map((row) => storedObject(row, readContent));
    };
  },
};
