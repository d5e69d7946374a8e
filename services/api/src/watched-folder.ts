import { randomUUID } from "node:crypto";
import { type FSWatcher, realpathSync, watch } from "node:fs";
import { join } from "node:path";
import { declaredKinds, displayRef } from "@routeledger/config-model";
import { type Clock, formatRevision, sha256Hex, utf8 } from "@routeledger/std";
import type { Api } from "./api.ts";
import type { InputProblem, ObjectResult } from "./change-results.ts";
import { checkObject } from "./check-object.ts";
import { listFiles, looksSame, readStable, type SeenFile, stableMs } from "./folder-scan.ts";
import { summaryOf } from "./plan-delete.ts";
import { type FolderFile, type FolderPlan, folderTouches, planFolder } from "./plan-folder.ts";
import { readDocuments } from "./read-documents.ts";
import { whileUndeclared } from "./undeclared-kind.ts";

export interface FolderOptions {
  readonly folder: string;
  readonly api: Api;
  readonly clock: Clock;
  /** Delete also when the folder is empty, or when it is at least 10 routes and over half of them. */
  readonly allowMassDelete?: boolean;
  /** One line for people: what was changed, and what is wrong, once a change. */
  readonly report: (line: string) => void;
}

export interface WatchedFolder {
  /** Ends after the scan that is under way. Idempotent. */
  stop(): Promise<void>;
}

/** The folder is looked at that often even when nobody says that it changed, milliseconds. */
const rescanMs = 5_000;
/** A file is gone when it was not there for this long, milliseconds: many editors replace files by moving them. */
const goneMs = 200;
/** Files that were last changed before this need not be watched for being stable, milliseconds. */
const settledAgeMs = 2_000;

/**
 * Keeps what a folder's files say: one event a scan. The folder owns the objects that its files applied (`source`
 * `folder/<id>/<path>`), and deletes only those.
 *
 * What can happen: a file appears, changes, is half written, cannot be read, goes; the folder is empty or cannot be
 * read (then nothing is deleted); the api refuses or fails (then the scan is made again).
 */
export async function watchFolder(options: FolderOptions): Promise<WatchedFolder> {
  const watcher = new FolderWatcher(options);
  await watcher.start();
  return watcher;
}

interface KnownFile {
  readonly seen: SeenFile;
  /** Monotonic time since when it looks so. */
  readonly sinceMs: number;
  /** Monotonic time since when it is not there. */
  readonly missingSinceMs?: number;
  /** As read when it was stable; undefined until then. */
  readonly file: FolderFile | undefined;
}

class FolderWatcher implements WatchedFolder {
  readonly #options: FolderOptions;
  readonly #source: string;
  #known = new Map<string, KnownFile>();
  #reported = new Map<string, string>();
  #watcher: FSWatcher | undefined;
  #cancelTimer: () => void = () => undefined;
  #scanning: Promise<void> | undefined;
  #wanted = false;
  #stopped = false;
  /** Deletes were put off as a file was being written. */
  #keptAll = false;

  constructor(options: FolderOptions) {
    this.#options = options;
    this.#source = `folder/${sha256Hex(utf8(absolute(options.folder))).slice(0, 12)}`;
  }

  async start(): Promise<void> {
    this.#listen();
    this.#scanSoon();
    await this.#scanning;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#watcher?.close();
    this.#cancelTimer();
    this.#options.api.door.flush();
    await this.#scanning;
  }

  #listen(): void {
    try {
      this.#watcher = watch(this.#options.folder, { recursive: true }, () => this.#scanSoon());
      // The slow rescan goes on without it.
      this.#watcher.on("error", () => this.#watcher?.close());
    } catch {
      this.#watcher = undefined;
    }
  }

  #scanSoon(): void {
    this.#wanted = true;
    if (this.#scanning === undefined && !this.#stopped) this.#scanning = this.#scanAll();
  }

  /** Scans until nothing asked for another scan meanwhile. */
  async #scanAll(): Promise<void> {
    this.#cancelTimer();
    let againMs = rescanMs;
    while (this.#wanted && !this.#stopped) {
      this.#wanted = false;
      try {
        againMs = (await this.#scan()) ? rescanMs : stableMs + 1;
      } catch (error) {
        this.#reportOnce(
          "",
          `folder ${this.#options.folder}: ${error instanceof Error ? error.message : String(error)}`,
        );
        againMs = rescanMs;
      }
    }
    this.#scanning = undefined;
    if (!this.#stopped) this.#cancelTimer = this.#options.clock.after(againMs, () => this.#scanSoon());
  }

  /** Returns false when a file is not stable yet. */
  async #scan(): Promise<boolean> {
    const { folder, clock, api } = this.#options;
    const nowMs = clock.monotonicMs();
    const next = new Map<string, KnownFile>();
    for (const seen of await listFiles(folder)) next.set(seen.path, await this.#look(seen, nowMs));
    const left = this.#left(next, nowMs);
    for (const [path, known] of left.leaving) next.set(path, known);
    const isFirst = this.#known.size === 0;
    this.#known = next;
    const files = [...next].map(([path, { file }]) => file ?? unread(path));
    const isMovingNow = files.some(({ problems }) => problems.some(isMoving));
    const isDue = left.gone || isFirst || files.some(({ changed }) => changed) || this.#isLetIn(files);
    if (!isDue && !(this.#keptAll && !isMovingNow)) return !isMovingNow;
    const plan = await this.#carryOut(files, api, isMovingNow);
    this.#keptAll = isMovingNow;
    this.#settle(plan);
    return !isMovingNow;
  }

  /** Whether an Extension declares by now what was refused before. */
  #isLetIn(files: readonly FolderFile[]): boolean {
    const waiting = files.flatMap((file) => file.waiting ?? []);
    if (waiting.length === 0) return false;
    const kinds = declaredKinds(this.#options.api.door.state);
    return waiting.some((object) => whileUndeclared(object, kinds) === undefined);
  }

  /** Files that were there before: an editor may be about to put them back, so they go only after a while. */
  #left(
    next: ReadonlyMap<string, KnownFile>,
    nowMs: number,
  ): { leaving: [string, KnownFile][]; gone: boolean } {
    const missing = [...this.#known].filter(([path]) => !next.has(path));
    const leaving = missing.flatMap(([path, known]): [string, KnownFile][] => {
      const missingSinceMs = known.missingSinceMs ?? nowMs;
      if (known.file === undefined || nowMs - missingSinceMs >= goneMs) return [];
      return [[path, { ...known, missingSinceMs, file: whileMoving(known.file) }]];
    });
    return { leaving, gone: leaving.length < missing.length };
  }

  async #look(seen: SeenFile, nowMs: number): Promise<KnownFile> {
    const before = this.#known.get(seen.path);
    const same = before !== undefined && looksSame(before.seen, seen);
    if (same && before.file !== undefined && !before.file.problems.some(isMoving)) return before;
    const sinceMs = same ? before.sinceMs : nowMs;
    const isOld = this.#options.clock.wallMs() - seen.changedMs > settledAgeMs;
    if (nowMs - sinceMs < stableMs && !(before === undefined && isOld)) {
      // Until it is stable, what it said before counts.
      return { seen, sinceMs, file: before?.file && whileMoving(before.file) };
    }
    return { seen, sinceMs, file: await this.#read(seen) };
  }

  async #read(seen: SeenFile): Promise<FolderFile | undefined> {
    const { path } = seen;
    const { door } = this.#options.api;
    const content = await readStable(this.#options.folder, seen);
    if (content.outcome === "moving") return undefined;
    if (content.outcome === "unreadable") {
      return { path, objects: [], problems: [{ message: content.message }], changed: true };
    }
    const { objects, refusals } = await readDocuments([{ path, text: content.text }]);
    const checked = objects.map((object) =>
      checkObject(object, { namespace: "default", keyring: door.keyring }),
    );
    const problems = refusals.map(({ document, problem }) => ({ document, ...problem }));
    return { path, objects: checked, problems, changed: true };
  }

  async #carryOut(files: readonly FolderFile[], api: Api, keepAll: boolean): Promise<FolderPlan> {
    const source = this.#source;
    const allowMassDelete = this.#options.allowMassDelete ?? false;
    const { decision, commit } = await api.door.change(
      ({ state, timeMs }) => {
        const plan = planFolder(files, {
          state,
          source,
          timeMs,
          newUid: randomUUID,
          allowMassDelete,
          keepAll,
          gatewayAddresses: api.door.gatewayAddresses,
        });
        return { ...plan, summary: summaryOf(plan.changes, state) };
      },
      { actor: "folder", source, traceContext: "" },
      // Whoever stops waits for nobody.
      this.#stopped ? [] : folderTouches(files, { state: api.door.state, source, keepAll }),
    );
    if (commit !== undefined) this.#options.report(`@${formatRevision(commit.revision)} ${commit.summary}`);
    this.#reportProblems(decision);
    return decision;
  }

  /** Files are carried out; those with a repeated object are looked at again when the other place changes. */
  #settle({ results, undeclared }: FolderPlan): void {
    const again = new Set(
      results
        .filter(({ errors }) => errors?.some(({ expected }) => expected === "each object once"))
        .map(({ file }) => file),
    );
    for (const [path, known] of this.#known) {
      const { file } = known;
      if (file === undefined) continue;
      const changed = file.changed && again.has(path);
      const waiting = undeclared.filter(({ input }) => input.file === path);
      this.#known.set(path, { ...known, file: { ...file, changed, waiting } });
    }
  }

  #reportProblems({ results, undeclared, heldBack }: FolderPlan): void {
    const byFile = Map.groupBy(
      results.filter(({ outcome }) => outcome === "refused" || outcome === "ignored"),
      ({ file }) => file ?? "",
    );
    for (const path of this.#known.keys()) {
      const lines = (byFile.get(path) ?? []).flatMap((result) => this.#problemLines(result));
      const file = this.#known.get(path)?.file;
      if (lines.length > 0) this.#reportOnce(path, lines.join("\n"));
      else if (file?.changed && this.#reported.delete(path))
        this.#options.report(`${join(this.#options.folder, path)}: read again, nothing is wrong now`);
      else if (file?.waiting?.some(({ input }) => !undeclared.some((object) => object.input === input)))
        this.#reported.delete(path);
    }
    if (heldBack === undefined) return void this.#reported.delete("");
    const { count, reason } = heldBack;
    const why =
      reason === "empty"
        ? "the folder is empty"
        : `this would remove ${reason.removed} of ${reason.routes} routes`;
    this.#reportOnce(
      "",
      `${count} objects are kept though no file names them: ${why} (--allow-mass-delete deletes them)`,
    );
  }

  #problemLines({ ref, file = "", document, outcome, errors = [] }: ObjectResult): string[] {
    const object = ref === undefined || ref.name === "" ? "" : `${displayRef(ref)}: `;
    return errors
      .filter(({ message }) => message !== moving.message)
      .map((problem) => {
        const { line, field, message, hint } = problem;
        const place = join(this.#options.folder, file) + (line === undefined ? "" : `:${line}`);
        const inDocument =
          (problem.document ?? document) === undefined ? "" : ` document ${problem.document ?? document}`;
        const word = outcome === "ignored" ? "warning" : "error";
        const mend = hint === undefined ? "" : ` (${hint})`;
        return `${word}: ${place}${inDocument}: ${object}${field ? `${field}: ` : ""}${message}${mend}`;
      });
  }

  #reportOnce(about: string, text: string): void {
    if (this.#reported.get(about) === text) return;
    this.#reported.set(about, text);
    this.#options.report(text);
  }
}

/** Stands in a file's problems while it changes: nothing that it owned is deleted meanwhile. */
const moving: InputProblem = { message: "is being written" };

function isMoving(problem: InputProblem): boolean {
  return problem === moving;
}

/** What a file said before counts until it is stable again, and nothing that it owned is deleted. */
function whileMoving(file: FolderFile): FolderFile {
  return file.problems.some(isMoving) ? file : { ...file, problems: [...file.problems, moving] };
}

function unread(path: string): FolderFile {
  return { path, objects: [], problems: [moving], changed: false };
}

function absolute(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return join(process.cwd(), folder);
  }
}
