import { encodeChangeSet, type ObjectChange } from "@routeledger/config-model";
import {
  CommitWriter,
  type EventLog,
  emptyTail,
  type LogTail,
  MemoryEventLog,
  MemoryStorage,
} from "@routeledger/event-log";
import { assert, canonicalJson, sha256, utf8 } from "@routeledger/std";
import {
  applyRevisionDelta,
  diffParts,
  emptyPublished,
  emptySnapshot,
  encodePublication,
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
  logs: { readonly config: EventLog; readonly xds: EventLog },
  publishEvery: number,
): Promise<{ sequence: number; published: Published }[]> {
  const options = countedOptions();
  const config = new CommitWriter(logs.config, options);
  const xds = new CommitWriter(logs.xds, options);
  let configTail = emptyTail;
  let xdsTail = emptyTail;
  let published = emptyPublished;
  let timeMs = 1_700_000_000_000;
  let pending: RevisionDelta[] = [];
  let from = 1;
  const states: { sequence: number; published: Published }[] = [];
  for (const [index, step] of history.entries()) {
    timeMs += step.passedMs;
    configTail = await append(
      config,
      "ChangeSet",
      encodeChangeSet(step.objects.map(objectChange)),
      configTail,
    );
    const sequence = configTail.sequence;
    const delta: RevisionDelta = {
      sequence,
      timeMs,
      retireGraceMs,
      groups: step.groups.flatMap(({ group, parts: wanted }) =>
        groupDelta(published, `default/gw-${group}`, wanted),
      ),
      statuses: step.statuses.map(status),
    };
    published = applyRevisionDelta(published, delta, 1);
    states.push({ sequence, published });
    if (delta.groups.length + delta.statuses.length > 0) pending.push(delta);
    if ((index + 1) % publishEvery !== 0 && index + 1 < history.length) continue;
    const payload = encodePublication({
      configEpoch: 1,
      from,
      to: sequence,
      timeMs,
      configHash: configTail.hash,
      translatorVersion: 1,
      deltas: pending,
    });
    xdsTail = await append(xds, "Publication", payload, xdsTail, 1);
    from = sequence + 1;
    pending = [];
  }
  return states;
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
  kind: string,
  payload: Uint8Array,
  tail: LogTail,
  term = 0,
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
