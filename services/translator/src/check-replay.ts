import { type ConfigEvent, decodeConfigEvent, evolve } from "@routeledger/config-model";
import { CommitReader, configKinds, lastAdoption } from "@routeledger/event-log";
import { bytesEqual, Failure } from "@routeledger/std";
import {
  foldRevision,
  type RevisionFold,
  TranslationCache,
  translatorVersion,
} from "@routeledger/translation";
import {
  applyRevisionDelta,
  encodePublication,
  type Publication,
  type RevisionDelta,
} from "@routeledger/xds-model";
import { beginsAnew, lostPublications } from "./lost-publications.ts";
import type { TranslatorLogs } from "./recover.ts";
import { type ReplayStart, replayStart } from "./replay-start.ts";

export interface ReplayCheck {
  /**
   * CONFIG sequences, both included; empty logs give 0 and 0. `from` is above 1 where the beginning of a log was
   * purged: what lies before it is taken from the oldest checkpoints.
   */
  readonly from: number;
  readonly to: number;
  /** Revisions that were translated again and compared. */
  readonly compared: number;
  /** Revisions that a translator of another version published: they are named, not compared. */
  readonly otherVersions: readonly { readonly from: number; readonly to: number; readonly version: number }[];
  /** What was published and lost from CONFIG before an operator adopted it: named, not compared. */
  readonly lost: readonly { readonly from: number; readonly to: number }[];
  /** Sorted by revision; none when the same log gave the same bytes (P2). */
  readonly differences: readonly ReplayDifference[];
}

export interface ReplayDifference {
  /** CONFIG sequence. */
  readonly sequence: number;
  readonly message: string;
}

/** As many differences as are told; the rest is of the same cause more often than not. */
const differencesMax = 20;

/** A leader may purge under a check: then it begins again with what is left. So often. */
const beginningsMax = 5;

/**
 * Translates all that CONFIG holds again and compares what each revision became with what XDS says was served, byte
 * for byte. Reads both logs up to their ends; writes nothing.
 * @param progress is called now and then with the revision that was reached and the last one
 */
export async function checkReplay(
  logs: TranslatorLogs,
  progress?: (at: number, of: number) => void,
): Promise<ReplayCheck> {
  for (let beginning = 1; ; beginning++) {
    try {
      return await checkOnce(logs, progress);
    } catch (error) {
      const isPurged = error instanceof Failure && error.code === "log.compacted";
      if (!isPurged || beginning === beginningsMax) throw error;
    }
  }
}

async function checkOnce(
  logs: TranslatorLogs,
  progress: ((at: number, of: number) => void) | undefined,
): Promise<ReplayCheck> {
  const start = await replayStart(logs);
  const { publications, configTail } = start;
  const lost = await lostPublications(logs.config, publications);
  const to = publications.at(-1)?.to ?? start.published.revision.sequence;
  const adoption = await lastAdoption(logs.config);
  const checker = new ReplayChecker(start, lost, adoption?.revision.epoch ?? 0);
  const { lastSequence } = await logs.config.info();
  const until = Math.min(to, lastSequence);
  if (until > configTail.sequence) {
    const reader = new CommitReader(logs.config, { from: configTail, kinds: configKinds });
    for await (const item of reader.read({ until })) {
      if (item.type !== "commit") continue;
      checker.check(decodeConfigEvent(item.commit));
      progress?.(item.commit.revision.sequence, until);
    }
  }
  return checker.result(to);
}

class ReplayChecker {
  readonly #publications: readonly Publication[];
  readonly #lost: ReadonlySet<Publication>;
  readonly #differences: ReplayDifference[] = [];
  readonly #cache = new TranslationCache();
  readonly #from: number;
  #fold: RevisionFold;
  #index = 0;
  #compared = 0;

  /** @param adoptedEpoch of the last adoption of CONFIG; 0: none */
  constructor(
    { state, configTail, published, publications }: ReplayStart,
    lost: ReadonlySet<Publication>,
    adoptedEpoch: number,
  ) {
    const { revision } = published;
    this.#fold = { state, published, last: undefined };
    this.#from = revision.sequence + 1;
    this.#publications = publications;
    this.#lost = lost;
    for (const [index, publication] of publications.entries()) {
      const before = publications[index - 1];
      const { from, to, configEpoch } = publication;
      const expected = (before?.to ?? revision.sequence) + 1;
      // An XDS that was made again begins where CONFIG did then, which may have been purged.
      const first = revision.epoch > 0 ? configEpoch > revision.epoch : from <= configTail.sequence + 1;
      const anew = before === undefined && first;
      if (from !== expected && !anew && !beginsAnew(publication, before))
        this.#differ(from, `the publication begins at ${from}, expected ${expected}`);
      if (lost.has(publication) && adoptedEpoch <= configEpoch)
        this.#differ(to, "XDS was made from another CONFIG log, which nobody adopted since");
    }
  }

  check(event: ConfigEvent): void {
    const { sequence } = event.revision;
    const publication = this.#publicationOf(event);
    if (publication === undefined) {
      // Part of no publication that can be compared: it is in the state that the next one was made from.
      this.#fold = { ...this.#fold, state: evolve(this.#fold.state, event), last: undefined };
      return;
    }
    const recorded = publication.deltas.find((delta) => delta.sequence === sequence);
    const folded = foldRevision(this.#fold, event, this.#cache);
    this.#fold = folded;
    if (publication.translatorVersion !== translatorVersion) {
      this.#takeAsPublished(publication, recorded);
      return;
    }
    this.#compared++;
    if (!sameDelta(recorded, folded.delta)) this.#differ(sequence, whatDiffers(recorded, folded.delta));
  }

  result(to: number): ReplayCheck {
    const others = this.#publications.filter(
      (publication) => publication.translatorVersion !== translatorVersion && !this.#lost.has(publication),
    );
    return {
      from: to === 0 ? 0 : this.#from,
      to,
      compared: this.#compared,
      otherVersions: others.map(({ from, to: last, translatorVersion: version }) => ({
        from,
        to: last,
        version,
      })),
      lost: [...this.#lost].map(({ from, to: last }) => ({ from, to: last })),
      differences: this.#differences,
    };
  }

  /** The publication that covers an event and can be compared. Folds those that were lost before it, as they stand. */
  #publicationOf({ revision: { epoch, sequence } }: ConfigEvent): Publication | undefined {
    for (; this.#index < this.#publications.length; this.#index++) {
      const publication = this.#publications[this.#index]!;
      if (!this.#lost.has(publication)) {
        if (publication.from > sequence || publication.configEpoch > epoch) return undefined;
        if (publication.to >= sequence) return publication;
        continue;
      }
      // They were published before this event only where it is of the epoch that came after them.
      if (epoch <= publication.configEpoch) return undefined;
      for (const delta of publication.deltas) this.#takeAsPublished(publication, delta);
    }
    return undefined;
  }

  /** What cannot be translated again is what the next revision differs from all the same. */
  #takeAsPublished({ configEpoch }: Publication, delta: RevisionDelta | undefined): void {
    if (delta === undefined) return;
    const published = applyRevisionDelta(this.#fold.published, delta, configEpoch);
    this.#fold = { ...this.#fold, published, last: undefined };
  }

  #differ(sequence: number, message: string): void {
    if (this.#differences.length < differencesMax) this.#differences.push({ sequence, message });
  }
}

function sameDelta(a: RevisionDelta | undefined, b: RevisionDelta | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return bytesEqual(encodeAlone(a), encodeAlone(b));
}

/** The bytes of one delta as they stand in a publication. */
function encodeAlone(delta: RevisionDelta): Uint8Array {
  const { sequence, timeMs } = delta;
  const frame = {
    configEpoch: 1,
    from: sequence,
    to: sequence,
    timeMs,
    configHash: new Uint8Array(32),
    translatorVersion: 1,
  };
  return encodePublication({ ...frame, deltas: [delta] });
}

function whatDiffers(recorded: RevisionDelta | undefined, replayed: RevisionDelta | undefined): string {
  if (recorded === undefined)
    return `XDS says that nothing changed, the translation changes ${summary(replayed)}`;
  if (replayed === undefined)
    return `XDS says that ${summary(recorded)} changed, the translation changes nothing`;
  return `XDS says ${summary(recorded)}, the translation ${summary(replayed)}`;
}

function summary(delta: RevisionDelta | undefined): string {
  const parts = (delta?.groups ?? []).flatMap(({ nodeGroup, changed, removed, retired }) => [
    ...changed.map(
      ({ type, resource, virtualHost, digest }) =>
        `${nodeGroup} ${type} ${resource} ${virtualHost} ${digest.slice(0, 16)}`,
    ),
    ...[...removed, ...retired].map(
      ({ type, resource, virtualHost }) => `${nodeGroup} ${type} ${resource} ${virtualHost} gone`,
    ),
  ]);
  const statuses = (delta?.statuses ?? []).map(
    ({ kind, namespace, name }) => `status of ${kind} ${namespace}/${name}`,
  );
  const all = [...parts, ...statuses];
  return all.length > 3 ? `${all.slice(0, 3).join(", ")} and ${all.length - 3} more` : all.join(", ");
}
