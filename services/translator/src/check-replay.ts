import { decodeConfigEvent, emptyConfigState } from "@routeledger/config-model";
import { CommitReader, configKinds, emptyTail, xdsKinds } from "@routeledger/event-log";
import { bytesEqual } from "@routeledger/std";
import {
  foldRevision,
  type RevisionFold,
  TranslationCache,
  translatorVersion,
} from "@routeledger/translation";
import {
  decodePublication,
  emptyPublished,
  encodePublication,
  type Publication,
  type RevisionDelta,
} from "@routeledger/xds-model";
import type { TranslatorLogs } from "./recover.ts";

export interface ReplayCheck {
  /** CONFIG sequences, both included; empty logs give 0 and 0. */
  readonly from: number;
  readonly to: number;
  /** Revisions that were translated again and compared. */
  readonly compared: number;
  /** Revisions that a translator of another version published: they are named, not compared. */
  readonly otherVersions: readonly { readonly from: number; readonly to: number; readonly version: number }[];
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

/**
 * Translates all of CONFIG again and compares what each revision became with what XDS says was served, byte for
 * byte. Reads both logs up to their ends; writes nothing.
 * @param progress is called now and then with the revision that was reached and the last one
 */
export async function checkReplay(
  logs: TranslatorLogs,
  progress?: (at: number, of: number) => void,
): Promise<ReplayCheck> {
  const publications = await readPublications(logs);
  const to = publications.at(-1)?.to ?? 0;
  const checker = new ReplayChecker(publications);
  if (to > 0) {
    const reader = new CommitReader(logs.config, { from: emptyTail, kinds: configKinds });
    for await (const item of reader.read({ until: to })) {
      if (item.type !== "commit") continue;
      checker.check(decodeConfigEvent(item.commit));
      progress?.(item.commit.revision.sequence, to);
    }
  }
  return checker.result(to);
}

async function readPublications({ xds }: TranslatorLogs): Promise<Publication[]> {
  const publications: Publication[] = [];
  const { lastSequence } = await xds.info();
  if (lastSequence === 0) return publications;
  const reader = new CommitReader(xds, { from: emptyTail, kinds: xdsKinds });
  for await (const item of reader.read({ until: lastSequence })) {
    if (item.type === "commit" && item.commit.kind === "Publication")
      publications.push(decodePublication(item.commit.payload));
  }
  return publications;
}

class ReplayChecker {
  readonly #publications: readonly Publication[];
  readonly #differences: ReplayDifference[] = [];
  readonly #cache = new TranslationCache();
  #fold: RevisionFold = { state: emptyConfigState, published: emptyPublished, last: undefined };
  #index = 0;
  #compared = 0;

  constructor(publications: readonly Publication[]) {
    this.#publications = publications;
    let covered = 0;
    for (const { from, to } of publications) {
      if (from !== covered + 1)
        this.#differ(from, `the publication begins at ${from}, expected ${covered + 1}`);
      covered = to;
    }
  }

  check(event: ReturnType<typeof decodeConfigEvent>): void {
    const { sequence } = event.revision;
    while ((this.#publications[this.#index]?.to ?? Number.POSITIVE_INFINITY) < sequence) this.#index++;
    const publication = this.#publications[this.#index];
    const recorded = publication?.deltas.find((delta) => delta.sequence === sequence);
    const folded = foldRevision(this.#fold, event, this.#cache);
    this.#fold = folded;
    if (publication?.translatorVersion !== translatorVersion) return;
    this.#compared++;
    if (!sameDelta(recorded, folded.delta)) this.#differ(sequence, whatDiffers(recorded, folded.delta));
  }

  result(to: number): ReplayCheck {
    const others = this.#publications.filter(
      ({ translatorVersion: version }) => version !== translatorVersion,
    );
    return {
      from: to === 0 ? 0 : 1,
      to,
      compared: this.#compared,
      otherVersions: others.map(({ from, to: last, translatorVersion: version }) => ({
        from,
        to: last,
        version,
      })),
      differences: this.#differences,
    };
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
