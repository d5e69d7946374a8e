import {
  allObjects,
  type ConfigState,
  type ObjectChange,
  type ObjectRef,
  objectKey,
} from "@routeledger/config-model";
import type { AddressRange } from "./address-range.ts";
import type { InputProblem, ObjectResult } from "./change-results.ts";
import { type CheckedObject, refuseRepeated } from "./check-object.ts";
import { type ApplyPlan, planApply } from "./plan-apply.ts";
import { type MassDelete, massDelete } from "./plan-delete.ts";

/** A file of a watched folder, as it was last read when it was stable. */
export interface FolderFile {
  /** Below the folder. */
  readonly path: string;
  readonly objects: readonly CheckedObject[];
  /** What could not be read; then nothing that the file owned is deleted. */
  readonly problems: readonly InputProblem[];
  /** Changed since the folder was last carried out. */
  readonly changed: boolean;
  /** Of `objects`: those that are tried again though the file did not change, as no Extension declared their kind. */
  readonly waiting?: readonly CheckedObject[];
}

export interface FolderContext {
  readonly state: ConfigState;
  /** `folder/<id>`: with a slash and a file's path it owns that file's objects. */
  readonly source: string;
  readonly timeMs: number;
  newUid(): string;
  readonly allowMassDelete: boolean;
  /** Nothing is deleted: a file is being written, and may be where an object went. */
  readonly keepAll: boolean;
  /** As in `ApplyContext`. */
  readonly gatewayAddresses?: AddressRange | undefined;
}

export interface FolderPlan extends ApplyPlan {
  /** Deletes that were held back: they need to be allowed. */
  readonly heldBack: { readonly count: number; readonly reason: "empty" | MassDelete } | undefined;
}

/**
 * Decides what one scan of a folder changes: what changed files say is applied, and what the folder owns and no
 * file of it says any more is deleted. What another wrote meanwhile stays until its file changes. Pure.
 *
 * A file that cannot be read keeps all its objects, a refused object keeps its former version.
 */
export function planFolder(files: readonly FolderFile[], context: FolderContext): FolderPlan {
  const { state, source, timeMs, newUid, allowMassDelete, keepAll } = context;
  const checked = refuseRepeated(files.flatMap(({ objects }) => objects));
  const changedFiles = new Set(files.filter(({ changed }) => changed).map(({ path }) => path));
  const unreadable = files
    .filter(({ changed }) => changed)
    .flatMap(({ path, problems }) =>
      problems.map(
        (problem): ObjectResult => ({ file: path, outcome: "refused", errors: [{ file: path, ...problem }] }),
      ),
    );
  const deletes = keepAll ? [] : ownedButUnsaid(files, checked, context);
  const mass = massDelete(state, deletes);
  const isEmpty = files.length === 0 && deletes.length > 0;
  const reason: "empty" | MassDelete | undefined = isEmpty ? "empty" : mass;
  const held = reason !== undefined && !allowMassDelete ? { count: deletes.length, reason } : undefined;
  const carried = held === undefined ? deletes : [];
  const { gatewayAddresses } = context;
  const due = dueObjects(files, checked);
  const applied = planApply(due, {
    ...{ state, namespace: "default", source: (file: string) => `${source}/${file}`, timeMs, newUid },
    ...{ gatewayAddresses, leaving: carried },
  });
  // What waits still was said when its file was read.
  const stillWaiting = (object: CheckedObject | undefined) =>
    object !== undefined && !changedFiles.has(object.input.file) && applied.undeclared.includes(object);
  return {
    changes: [...applied.changes, ...carried],
    results: [
      ...unreadable,
      ...applied.results.filter((_, index) => !stillWaiting(due[index])),
      ...carried.map((ref): ObjectResult => ({ ref, outcome: "deleted" })),
    ],
    undeclared: applied.undeclared,
    heldBack: held,
  };
}

/** What changed files say, and what waits in others. */
function dueObjects(files: readonly FolderFile[], checked: readonly CheckedObject[]): CheckedObject[] {
  const changed = new Set(files.filter((file) => file.changed).map(({ path }) => path));
  const waiting = new Set(files.flatMap((file) => file.waiting ?? []).map(({ input }) => input));
  return checked.filter(({ input }) => changed.has(input.file) || waiting.has(input));
}

/** The objects that a scan would change in a state that is like this one, at most. */
export function folderTouches(
  files: readonly FolderFile[],
  context: Pick<FolderContext, "state" | "source" | "keepAll">,
): ObjectRef[] {
  const said = files.flatMap(({ changed, objects, waiting = [] }) => (changed ? objects : waiting));
  const deletes = context.keepAll
    ? []
    : ownedButUnsaid(
        files,
        files.flatMap(({ objects }) => objects),
        context,
      );
  return [...said.flatMap(({ ref, defaulted }) => (defaulted === undefined ? [] : [ref])), ...deletes];
}

function ownedButUnsaid(
  files: readonly FolderFile[],
  checked: readonly CheckedObject[],
  { state, source }: Pick<FolderContext, "state" | "source">,
): ObjectChange[] {
  const said = new Set(checked.map(({ ref }) => objectKey(ref)));
  const unreadable = new Set(files.filter(isUnreadable).map(({ path }) => path));
  const prefix = `${source}/`;
  return allObjects(state)
    .filter((object) => object.source.startsWith(prefix))
    .filter((object) => !unreadable.has(object.source.slice(prefix.length)) && !said.has(objectKey(object)))
    .map(({ group, kind, namespace, name, source: owner }) => ({
      ...{ type: "deleted" as const, group, kind, namespace, name, source: owner },
    }));
}

/** An object without a name could be any of those that the file owned. */
function isUnreadable({ problems, objects }: FolderFile): boolean {
  return problems.length > 0 || objects.some(({ ref, outcome }) => outcome === "refused" && ref.name === "");
}
