/**
 * Small defects of the edge's stream, planted around `step` in what goes into and comes out of it: each must be caught
 * by the simulated worlds, or these are blind to it. None looks into the stream.
 */
import type { ResourceType, Snapshot } from "@routeledger/xds-model";
import type {
  DeltaRequest,
  Protocol,
  SotwRequest,
  StreamInput,
  StreamOutput,
  StreamResponse,
} from "@routeledger/xds-stream";
import { type OpenServerStream, openStepStream, type ServerStream } from "./server-stream.ts";

export interface Mutant {
  /** What is wrong with it, and the rule that it breaks. */
  readonly name: string;
  readonly protocols: readonly Protocol[];
  readonly open: OpenServerStream;
  /** What it takes to see it: proxies that reject, edges that fall far behind. */
  readonly world?: "rejected" | "lag";
}

const both = ["sotw", "delta"] as const;
type Request = SotwRequest | DeltaRequest;

export const mutants: readonly Mutant[] = [
  { name: "owed endpoints are not sent again (rule 39)", protocols: both, open: dropsRepeats("endpoint") },
  {
    name: "owed and asked secrets are not sent again (rules 26, 43)",
    protocols: both,
    open: dropsRepeats("secret"),
  },
  {
    name: "route tables are not sent again (rules 21, 26, 43)",
    protocols: both,
    open: dropsRepeats("route"),
  },
  {
    name: "what leaves the snapshot goes at once (rule 49)",
    protocols: both,
    open: snapshots(withoutRetiring),
  },
  {
    name: "timers never end: gates and graces stay shut (rule 46)",
    protocols: both,
    open: inputs((input) => (input.type === "timer" ? undefined : input)),
  },
  {
    name: "unsubscribing is not noticed (rules 21, 27)",
    protocols: ["delta"],
    open: requests((request) => ({ ...request, resourceNamesUnsubscribe: [] })),
  },
  {
    name: "versions that the client shows are believed to be none (rule 31)",
    protocols: ["delta"],
    open: requests((request) => ({ ...request, initialResourceVersions: {} })),
  },
  {
    name: "a NACK is taken for an ACK (rules 5, 7)",
    protocols: both,
    open: requests((request) => ({ ...request, errorDetail: undefined })),
    world: "rejected",
  },
  { name: "endpoints overtake clusters (rules 39, 47)", protocols: both, open: swaps("cluster", "endpoint") },
  {
    name: "the first resource of every second response is lost (rule 17)",
    protocols: both,
    open: losesResources,
  },
  {
    name: "names removed are never told (rules 29, 31)",
    protocols: ["delta"],
    open: responses((response) => ({ ...response, removed: [] })),
  },
  {
    name: "SotW clusters that are leaving are left out (rules 16, 49)",
    protocols: ["sotw"],
    open: leavesOutLeaving(),
  },
  { name: "an older snapshot is served as well (P6)", protocols: both, open: servesOld() },
  { name: "every seventh response is lost", protocols: both, open: losesResponses() },
  {
    name: "what the client shows says nothing of how new it is (P6)",
    protocols: both,
    open: requests(withoutRevisions),
    world: "lag",
  },
];

/** Passes each input through `change`; undefined: it is lost. */
function inputs(change: (input: StreamInput) => StreamInput | undefined): OpenServerStream {
  return (options) => {
    const inner = openStepStream(options);
    return {
      give: (input) => {
        const changed = change(input);
        return changed === undefined ? [] : inner.give(changed);
      },
    };
  };
}

function requests(change: (request: Request) => object): OpenServerStream {
  return inputs((input) =>
    input.type === "sotwRequest" || input.type === "deltaRequest"
      ? ({ type: input.type, request: change(input.request) } as StreamInput)
      : input,
  );
}

function snapshots(change: (snapshot: Snapshot) => Snapshot): OpenServerStream {
  return inputs((input) =>
    input.type === "snapshot" ? { type: "snapshot", snapshot: change(input.snapshot) } : input,
  );
}

/** Passes each response through `change`; what it gives back undefined for is lost, and the socket is free again. */
function sends(make: () => (response: StreamResponse) => StreamResponse | undefined): OpenServerStream {
  return (options) => {
    const inner = openStepStream(options);
    const change = make();
    const give = (input: StreamInput): StreamOutput[] =>
      inner.give(input).flatMap((output) => {
        if (output.type !== "send") return [output];
        const response = change(output.response);
        return response === undefined ? give({ type: "writable" }) : [{ type: "send" as const, response }];
      });
    return { give };
  };
}

function responses(change: (response: StreamResponse) => StreamResponse): OpenServerStream {
  return sends(() => change);
}

/** Leaves out resources that were sent on the stream with the same bytes. */
function dropsRepeats(type: ResourceType): OpenServerStream {
  return sends(() => {
    const sent = new Map<string, string>();
    return (response) => {
      if (response.resourceType !== type) return response;
      const resources = response.resources.filter(({ name, digest }) => sent.get(name) !== digest);
      for (const { name, digest } of resources) sent.set(name, digest);
      return resources.length + response.removed.length === 0 ? undefined : { ...response, resources };
    };
  });
}

function withoutRetiring(snapshot: Snapshot): Snapshot {
  const none = new Map<string, never>();
  const retiring = Object.fromEntries(Object.keys(snapshot.retiring).map((type) => [type, none]));
  return { ...snapshot, retiring: retiring as unknown as Snapshot["retiring"], retireGraceMs: 0 };
}

/** Holds each response of one type back until the next of the other was sent. */
function swaps(held: ResourceType, first: ResourceType): OpenServerStream {
  return (options) => {
    const inner = openStepStream(options);
    let kept: StreamResponse | undefined;
    const give = (input: StreamInput): StreamOutput[] => {
      const outputs: StreamOutput[] = [];
      for (const output of inner.give(input)) {
        if (output.type !== "send") outputs.push(output);
        else if (output.response.resourceType === held && kept === undefined) {
          kept = output.response;
          const next = give({ type: "writable" });
          const isFollowed = next.some(
            (each) => each.type === "send" && each.response.resourceType === first,
          );
          const mine = { type: "send" as const, response: kept };
          kept = undefined;
          outputs.push(...(isFollowed ? [...next, mine] : [mine, ...next]));
        } else outputs.push(output);
      }
      return outputs;
    };
    return { give };
  };
}

function losesResources(options: Parameters<OpenServerStream>[0]): ServerStream {
  let count = 0;
  return responses((response) =>
    response.resources.length > 1 && ++count % 2 === 0
      ? { ...response, resources: response.resources.slice(1) }
      : response,
  )(options);
}

/** Keeps, of full responses of clusters, only what the newest snapshot has. */
function leavesOutLeaving(): OpenServerStream {
  return (options) => {
    let newest: Snapshot | undefined;
    const inner = responses((response) => {
      const known = newest?.types.cluster.resources;
      if (response.resourceType !== "cluster" || known === undefined) return response;
      return { ...response, resources: response.resources.filter(({ name }) => known.has(name)) };
    })(options);
    return {
      give: (input) => {
        if (input.type === "snapshot") newest = input.snapshot;
        return inner.give(input);
      },
    };
  };
}

/** Every third snapshot is followed by the content of the one before it, as if that were newer. */
function servesOld(): OpenServerStream {
  return (options) => {
    const inner = openStepStream(options);
    let count = 0;
    let before: Snapshot | undefined;
    return {
      give: (input) => {
        if (input.type !== "snapshot") return inner.give(input);
        const old = before;
        before = input.snapshot;
        if (old === undefined || ++count % 3 !== 0) return inner.give(input);
        return inner.give({ type: "snapshot", snapshot: { ...old, revision: input.snapshot.revision } });
      },
    };
  };
}

function losesResponses(): OpenServerStream {
  return sends(() => {
    let count = 0;
    return (response) => (++count % 7 === 0 ? undefined : response);
  });
}

/** Digests stay, revisions are none. */
function withoutRevisions(request: Request): object {
  const old = (version: string): string => version.replace(/^\d+\.\d+-/, "0.0-");
  if ("resourceNames" in request) return { ...request, versionInfo: old(request.versionInfo) };
  const versions = Object.entries(request.initialResourceVersions).map(([name, version]) => [
    name,
    old(version),
  ]);
  return { ...request, initialResourceVersions: Object.fromEntries(versions) };
}
