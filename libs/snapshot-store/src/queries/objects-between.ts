import { contentReader } from "../contents.ts";
import type { SqliteDatabase } from "../open-database.ts";
import { type ObjectRow, type StoredObject, selectObject, storedObject } from "./objects.ts";
import type { Query } from "./query.ts";

export interface ObjectDifference {
  /** Absent: it did not exist. */
  readonly old?: StoredObject;
  readonly new?: StoredObject;
}

export interface Span {
  /** CONFIG sequences; may stand in either order. */
  readonly a: number;
  readonly b: number;
}

/**
 * Objects that differ between two revisions, sorted by group, kind, namespace, name. Costs what lies between.
 */
export const objectsBetween: Query<Span, ObjectDifference[]> = {
  prepare: (database) => prepareDifference(database),
};

/** As `objectsBetween`; shared with the detail of an event. */
export function prepareDifference(database: SqliteDatabase): (span: Span) => ObjectDifference[] {
  const readContent = contentReader(database);
  const touched = database.prepare<[object], KeyRow>(
    `SELECT api_group, kind, namespace, name FROM objects WHERE from_sequence > @low AND from_sequence <= @high
     UNION
     SELECT api_group, kind, namespace, name FROM objects WHERE until_sequence > @low AND until_sequence <= @high
     ORDER BY api_group, kind, namespace, name`,
  );
  const find = database.prepare<[object], ObjectRow>(
    `${selectObject} AND o.api_group = @api_group AND o.kind = @kind AND o.namespace = @namespace
       AND o.name = @name`,
  );
  return ({ a, b }) =>
    touched.all({ low: Math.min(a, b), high: Math.max(a, b) }).flatMap((key): ObjectDifference[] => {
      const before = find.get({ ...key, sequence: a });
      const after = find.get({ ...key, sequence: b });
      if (before === undefined && after === undefined) return [];
      if (before !== undefined && after !== undefined && before.digest.equals(after.digest)) return [];
      return [
        {
          ...(before && { old: storedObject(before, readContent) }),
          ...(after && { new: storedObject(after, readContent) }),
        },
      ];
    });
}

interface KeyRow {
  readonly api_group: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}
