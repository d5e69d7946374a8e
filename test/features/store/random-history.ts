import {
  type ConfigState,
  emptyConfigState,
  encodeChangeSet,
  encodeStateCheckpoint,
  evolve,
  type ObjectChange,
} from "@routeledger/config-model";
import {
  CommitReader,
  CommitWriter,
  configKinds,
  type EventLog,
  emptyTail,
  type LogTail,
  MemoryEventLog,
  MemoryStorage,
  writeCheckpoints,
} from "@routeledger/event-log";
import { assert, canonicalJson, sha256, utf8 } from "@routeledger/std";
import {
  applyRevisionDelta,
  diffParts,
  emptyPublished,
  emptySnapshot,
  encodePublication,
  encodePublishedCheckpoints,
  type Part,
  type Published,
  type PublishedStatus,
  type RevisionDelta,
} from "@routeledger/xds-model";
import { partOf } from "@routeledger/xds-model/testing";
import fc from "fast-check";

/** What one CONFIG revision changes, in small numbers: indexes into names, contents and node groups. */
export interface Step {
  /** Name to content; undefined deletes. */
  readonly objects: readonly { readonly name: number; readonly content: number | undefined }[];
  /** By node group: the parts that it has after the step, or undefined to delete the group. */
  readonly groups: readonly {
    readonly group: number;
    readonly parts: readonly [number, number][] | undefined;
  }[];
  readonly statuses: readonly { readonly name: number; readonly content: number | undefined }[];
  /** Milliseconds since the step before. */
  readonly passedMs: number;
}

const small = fc.integer({ min: 0, max: 4 });

export const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    objects: fc.uniqueArray(fc.record({ name: small, content: fc.option(small, { nil: undefined }) }), {
      selector: ({ name }) => name,
      maxLength: 3,
    }),
    groups: fc.uniqueArray(
      fc.record({
        group: fc.integer({ min: 0, max: 1 }),
        parts: fc.option(
          fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 6 }), small), {
            selector: ([key]) => key,
            maxLength: 6,
          }),
          { nil: undefined, freq: 8 },
        ),
      }),
      { selector: ({ group }) => group, maxLength: 2 },
    ),
    statuses: fc.uniqueArray(fc.record({ name: small, content: fc.option(small, { nil: undefined }) }), {
      selector: ({ name }) => name,
      maxLength: 2,
    }),
    passedMs: fc.integer({ min: 0, max: 40_000 }),
  }),
  { minLength: 1, maxLength: 12 },
);

/** 0 and 1 are clusters, 2 an endpoint, 3 a listener, 4 to 6 a route table's shell and virtual hosts. */
function parts(pairs: readonly [number, number][]): Part[] {
  const made = pairs.map(([key, content]): Part => {
    const text = `content ${content} ${"x".repeat(content * 300)}`;
    if (key <= 1) return partOf("cluster", `cluster/${key}`, { altStatName: text });
    if (key === 2) return partOf("endpoint", "cluster/0", { namedEndpoints: { [text]: {} } });
    if (key === 3) return partOf("listener", "tcp/8080", { statPrefix: text });
    const part = partOf(
      "route",
      "http/8080",
      key === 4 ? { vhds: {}, internalOnlyHeaders: [text] } : { requestHeadersToRemove: [text] },
    );
    return key === 4 ? part : { ...part, virtualHost: `host-${key}` };
  });
  // Without its shell there is no route table.
  const hasShell = pairs.some(([key]) => key === 4);
  return made.filter((part) => part.virtualHost === "" || hasShell);
}

const retireGraceMs = 60_000;

/** Writes the steps as CONFIG and XDS logs; returns the folded state after each revision. */
export async function writeHistory(
  history: readonly Step[],
  logs: HistoryLogs,
  publishEvery: number,
): Promise<{ sequence: number; published: Published }[]> {
  const writer = new HistoryWriter(logs);
  const states: { sequence: number; published: Published }[] = [];
  for (const [index, step] of history.entries()) {
    states.push(await writer.apply(step));
    if ((index + 1) % publishEvery === 0 || index + 1 === history.length) await writer.publish();
  }
  return states;
}

interface HistoryLogs {
  readonly config: EventLog;
  readonly xds: EventLog;
}

/** Writes CONFIG as an api does, and XDS as a translator does that makes of it what the steps say. */
export class HistoryWriter {
  #logs: HistoryLogs;
  readonly #options = countedOptions();
  #config: CommitWriter;
  readonly #xds: CommitWriter;
  #configTail = emptyTail;
  #xdsTail = emptyTail;
  #state: ConfigState = emptyConfigState;
  #published = emptyPublished;
  #timeMs = 1_700_000_000_000;
  #pending: RevisionDelta[] = [];
  #from = 1;

  constructor(logs: HistoryLogs) {
    this.#logs = logs;
    this.#config = new CommitWriter(logs.config, this.#options);
    this.#xds = new CommitWriter(logs.xds, this.#options);
  }

  /** Of the last event as publications say it. */
  get timeMs(): number {
    return this.#timeMs;
  }

  /** As CONFIG has it. */
  get state(): ConfigState {
    return this.#state;
  }

  /**
   * Goes on with a CONFIG that lost all behind a state, and was adopted, as a translator does: what was published stands
   * until the next event, and all sequences behind the state come again in a higher epoch.
   */
  async goOn(config: EventLog, kept: ConfigState): Promise<void> {
    await this.publish();
    const reader = new CommitReader(config, { from: undefined, kinds: configKinds });
    const { lastSequence } = await config.info();
    for await (const _ of reader.read({ until: lastSequence }));
    this.#logs = { ...this.#logs, config };
    this.#config = new CommitWriter(config, this.#options);
    this.#configTail = reader.tail;
    this.#state = kept;
    this.#from = kept.revision.sequence + 1;
  }

  /** One event. Returns what is published once `publish` was called. */
  async apply(step: Step): Promise<{ sequence: number; published: Published }> {
    this.#timeMs += step.passedMs;
    const changes = step.objects.map(objectChange);
    this.#configTail = await append(
      this.#config,
      { kind: "ChangeSet", payload: encodeChangeSet(changes) },
      this.#configTail,
    );
    const { sequence, epoch, timeMs } = this.#configTail;
    const fact = { type: "changeSet", changes } as const;
    this.#state = evolve(this.#state, { revision: { epoch, sequence }, timeMs, term: 0, fact });
    const delta: RevisionDelta = {
      sequence,
      timeMs: this.#timeMs,
      retireGraceMs,
      groups: step.groups.flatMap(({ group, parts: wanted }) =>
        groupDelta(this.#published, `default/gw-${group}`, wanted),
      ),
      statuses: step.statuses.map(status),
    };
    this.#published = applyRevisionDelta(this.#published, delta, epoch);
    if (delta.groups.length + delta.statuses.length > 0) this.#pending.push(delta);
    return { sequence, published: this.#published };
  }

  /** One publication of all that was applied since the last. */
  async publish(): Promise<void> {
    const { sequence: to, hash: configHash, epoch } = this.#configTail;
    if (to < this.#from) return;
    const payload = encodePublication({
      configEpoch: epoch,
      from: this.#from,
      to,
      timeMs: this.#timeMs,
      configHash,
      translatorVersion: 1,
      deltas: this.#pending,
    });
    this.#xdsTail = await append(this.#xds, { kind: "Publication", payload, term: 1 }, this.#xdsTail);
    this.#published = { ...this.#published, revision: { epoch, sequence: to }, timeMs: this.#timeMs };
    this.#from = to + 1;
    this.#pending = [];
  }

  /** Checkpoints of what was applied and published; each log has its Catalog afterwards where the round says so. */
  async checkpoint(round: { readonly config: boolean; readonly xds: boolean }): Promise<void> {
    await this.publish();
    const { revision } = this.#published;
    const { randomBytes } = this.#options;
    const common = { revision, configHash: this.#configTail.hash, randomBytes };
    if (round.config) {
      await writeCheckpoints({
        ...common,
        log: this.#logs.config,
        followFrom: this.#configTail,
        states: new Map([["config", encodeStateCheckpoint({ ...this.#state, revision })]]),
        append: async (commit) => {
          this.#configTail = await append(this.#config, { ...commit, term: 1 }, this.#configTail);
        },
      });
    }
    if (!round.xds) return;
    await writeCheckpoints({
      ...common,
      log: this.#logs.xds,
      followFrom: this.#xdsTail,
      states: encodePublishedCheckpoints(this.#published),
      append: async (commit) => {
        this.#xdsTail = await append(this.#xds, { ...commit, term: 1 }, this.#xdsTail);
      },
    });
  }
}

function groupDelta(
  published: Published,
  nodeGroup: string,
  wanted: readonly [number, number][] | undefined,
) {
  const before = published.snapshots.get(nodeGroup);
  if (wanted === undefined) {
    return before === undefined ? [] : [{ nodeGroup, deleted: true, changed: [], removed: [], retired: [] }];
  }
  const delta = diffParts(before ?? emptySnapshot(nodeGroup), parts(wanted));
  return delta === undefined ? [] : [delta];
}

function objectChange({ name, content }: Step["objects"][number]): ObjectChange {
  const ref = {
    group: "gateway.networking.k8s.io",
    kind: "HTTPRoute",
    namespace: "default",
    name: `route-${name}`,
  };
  if (content === undefined) return { type: "deleted", ...ref, source: "test" };
  return { type: "applied", ...ref, version: "v1", json: canonicalJson({ content }), source: "test" };
}

function status({ name, content }: Step["statuses"][number]): PublishedStatus {
  const ref = {
    group: "gateway.networking.k8s.io",
    kind: "HTTPRoute",
    namespace: "default",
    name: `route-${name}`,
  };
  return { ...ref, json: content === undefined ? "" : canonicalJson({ content }) };
}

/** Equal histories give equal logs: time and commit ids are counted, not taken from the machine. */
function countedOptions() {
  let count = 0;
  const next = (): Uint8Array => sha256(utf8(`commit ${count++}`));
  return {
    clock: {
      wallMs: () => 1_700_000_000_000 + count * 1_000,
      monotonicMs: () => 0,
      after: () => () => undefined,
    },
    randomBytes: (bytes: number) => next().subarray(0, bytes),
  };
}

async function append(
  writer: CommitWriter,
  { kind, payload, term = 0 }: { kind: string; payload: Uint8Array; term?: number },
  tail: LogTail,
): Promise<LogTail> {
  const outcome = await writer.append(
    { kind, schemaVersion: 1, term, actor: "test", source: "test", summary: kind, payload },
    tail,
  );
  assert(outcome.outcome === "appended", `an append without rivals, got ${outcome.outcome}`);
  return outcome.tail;
}

/** Three empty logs in memory. */
export function memoryLogs() {
  return {
    config: new MemoryEventLog("CONFIG", new MemoryStorage("config-1")),
    xds: new MemoryEventLog("XDS", new MemoryStorage("xds-1")),
    delivery: new MemoryEventLog("DELIVERY", new MemoryStorage("delivery-1")),
  };
}

export type MemoryLogs = ReturnType<typeof memoryLogs>;
