/** What may happen in a simulated world, at random; fast-check makes a failing history small. */
import fc from "fast-check";
import { type Edit, fetchTimeoutMs } from "./configuration.ts";

export type Happening =
  | { readonly do: "commit"; readonly edits: readonly Edit[] }
  /** The same change there and back, `times` times: a policy that flaps. */
  | { readonly do: "flap"; readonly edit: Edit; readonly everyMs: number; readonly times: number }
  | { readonly do: "cut"; readonly proxy: number; readonly edge: number }
  | { readonly do: "socket"; readonly proxy: number; readonly ms: number }
  | { readonly do: "lag"; readonly edge: number; readonly ms: number }
  | { readonly do: "pass" };

export interface Step {
  readonly afterMs: number;
  readonly happening: Happening;
}

export interface History {
  readonly proxies: readonly {
    readonly upMs: number;
    readonly downMs: number;
    readonly drainMs: number;
    readonly healthCheckMs: number;
    readonly isRdsTimeoutKey: boolean;
    readonly backoffMs: number;
  }[];
  readonly steps: readonly Step[];
  /** Whether at the end what is rejected is taken away, or mended, or stays. */
  readonly end: "remove" | "mend" | "leave";
}

export interface HistoryOptions {
  /** Whether commits have what a proxy rejects. */
  readonly withRejected: boolean;
  /** Whether clusters check health and ask for secrets, so that their endpoints alone make none usable (rule 48). */
  readonly withSlowClusters: boolean;
  /** Edges fall further behind than a new stream waits for. */
  readonly withLongLag: boolean;
  /** Whether connections break. Where they do not, references change their bytes, which rule 44 forbids otherwise. */
  readonly withCuts: boolean;
  readonly stepsMax: number;
}

const clusterNames = fc.constantFrom("a", "b", "c");
const tableNames = fc.constantFrom("r", "q");
const salts = fc.constantFrom(1, 2);
const sometimes = fc.constantFrom(false, false, true);
const delays = fc.constantFrom(0, 1, 5, 20, 60);

/** All random histories of a kind. */
export function histories(options: HistoryOptions): fc.Arbitrary<History> {
  const { withRejected, stepsMax } = options;
  const proxy = fc.record({
    upMs: delays,
    downMs: delays,
    drainMs: fc.constantFrom(100, 1_000, 30_000),
    healthCheckMs: fc.constantFrom(5, 200),
    isRdsTimeoutKey: fc.boolean(),
    backoffMs: fc.constantFrom(5, 300),
  });
  const step = fc.record({
    afterMs: fc.constantFrom(0, 0, 1, 3, 10, 30, 100, 500, 2_000, 20_000),
    happening: happenings(options),
  });
  return fc.record({
    proxies: fc.array(proxy, { minLength: 1, maxLength: 2 }),
    steps: fc.array(step, { minLength: 5, maxLength: stepsMax, size: "max" }),
    end: withRejected ? fc.constantFrom("remove", "mend", "leave") : fc.constant("leave"),
  });
}

function happenings(options: HistoryOptions): fc.Arbitrary<Happening> {
  const edit = edits(options);
  const index = fc.nat({ max: 1 });
  const lags = options.withLongLag ? [0, 50, 400, 4_000] : [0, 10, 50, 400, 900];
  return fc.oneof(
    {
      weight: 12,
      arbitrary: fc.record({
        do: fc.constant("commit" as const),
        edits: fc.array(edit, { minLength: 1, maxLength: 3 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant("flap" as const),
        edit,
        everyMs: fc.constantFrom(1, 20, 300),
        times: fc.constantFrom(2, 5),
      }),
    },
    {
      weight: options.withCuts ? 3 : 0,
      arbitrary: fc.record({ do: fc.constant("cut" as const), proxy: index, edge: index }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant("socket" as const),
        proxy: index,
        ms: fc.constantFrom(0, 10, 200),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant("lag" as const), edge: index, ms: fc.constantFrom(...lags) }),
    },
    { weight: 1, arbitrary: fc.constant({ do: "pass" as const }) },
  );
}

function edits({ withRejected, withSlowClusters, withCuts }: HistoryOptions): fc.Arbitrary<Edit> {
  const bad = withRejected ? sometimes : fc.constant(false);
  const badCluster = withRejected
    ? fc.constantFrom(
        undefined,
        undefined,
        undefined,
        "field" as const,
        "build" as const,
        "endpoints" as const,
      )
    : fc.constant(undefined);
  const cluster = fc.record({
    of: fc.constant("cluster" as const),
    name: clusterNames,
    salt: salts,
    isShared: sometimes,
    secret: withSlowClusters ? fc.constantFrom(undefined, undefined, "s", "t") : fc.constant(undefined),
    isHealthChecked: withSlowClusters ? sometimes : fc.constant(false),
    port: fc.constantFrom(1, 2, 1, 2, 0),
    bad: badCluster,
  });
  const table = fc.record({
    of: fc.constant("table" as const),
    name: tableNames,
    cluster: clusterNames,
    salt: salts,
    isBad: bad,
  });
  const listener = fc.record({
    of: fc.constant("listener" as const),
    name: fc.constantFrom("l", "m"),
    table: fc.option(tableNames, { nil: undefined, freq: 3 }),
    cluster: fc.option(clusterNames, { nil: undefined }),
    salt: salts,
    secret: fc.constantFrom(undefined, undefined, "x"),
    fetchTimeoutMs: withCuts
      ? fc.constant(fetchTimeoutMs)
      : fc.constantFrom(fetchTimeoutMs, fetchTimeoutMs + 1_000),
    isBad: bad,
  });
  const secret = fc.record({
    of: fc.constant("secret" as const),
    name: fc.constantFrom("s", "t", "x"),
    salt: salts,
  });
  return fc.oneof(
    { weight: 5, arbitrary: cluster as fc.Arbitrary<Edit> },
    { weight: 4, arbitrary: table as fc.Arbitrary<Edit> },
    { weight: 4, arbitrary: listener as fc.Arbitrary<Edit> },
    { weight: 1, arbitrary: secret as fc.Arbitrary<Edit> },
    { weight: 1, arbitrary: nothing("cluster", clusterNames) },
    { weight: 1, arbitrary: nothing("table", tableNames) },
    { weight: 1, arbitrary: nothing("listener", fc.constantFrom("l", "m")) },
  );
}

function nothing(was: "cluster" | "table" | "listener", name: fc.Arbitrary<string>): fc.Arbitrary<Edit> {
  return fc.record({ of: fc.constant("nothing" as const), was: fc.constant(was), name });
}
