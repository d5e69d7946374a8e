/** P4 and P5 over random histories: a server made of `step` against the model of Envoy. */
import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import type { Part, Snapshot } from "@routeledger/xds-model";
import { emptySnapshot } from "@routeledger/xds-model";
import { snapshotOf } from "@routeledger/xds-model/testing";
import fc from "fast-check";
import { step } from "./step.ts";
import type { DeltaRequest, SotwRequest, StreamInput, StreamResponse } from "./stream-io.ts";
import { openStream, type Protocol, type XdsStream } from "./stream-state.ts";
import { ModelEnvoy } from "./testing-model-envoy.ts";
import { cluster, endpoint, inlineListener, listener, route } from "./testing-parts.ts";

/** What happens next: the world decides what of it is possible. */
type Happening =
  | { readonly type: "edit"; readonly edit: Edit }
  | { readonly type: "toServer" | "toClient" | "writable" | "rest" | "reconnect" | "drainAndGrace" };

class World {
  readonly envoy: ModelEnvoy;
  snapshot: Snapshot = emptySnapshot("default/gateway");
  #stream: XdsStream;
  #responses: StreamResponse[] = [];
  #timers: string[] = [];
  #full = false;
  #sequence = 0;
  readonly #wishes = new Map<string, Edit>();

  constructor(protocol: Protocol) {
    this.envoy = new ModelEnvoy(protocol);
    for (const name of ["a", "b", "c"]) this.envoy.bad.add(endpoint(name, badPort).digest);
    this.#stream = openStream({ protocol, streamId: "s" });
    this.reconnect();
  }

  happen(happening: Happening): void {
    if (happening.type === "edit") this.#publish(happening.edit);
    if (happening.type === "rest") this.rest();
    if (happening.type === "toServer") this.#toServer();
    if (happening.type === "toClient") this.#toClient();
    if (happening.type === "writable") this.#writable();
    if (happening.type === "reconnect") this.reconnect();
    if (happening.type === "drainAndGrace") this.#drainAndGrace();
  }

  #publish(edit: Edit): void {
    this.#wishes.delete(edit.name);
    if (edit.of !== "nothing") this.#wishes.set(edit.name, edit);
    const next = snapshotOf(partsOf(this.#wishes.values()), ++this.#sequence, this.snapshot);
    this.snapshot = { ...next, revision: { epoch: 1, sequence: this.#sequence } };
    this.#give({ type: "snapshot", snapshot: this.snapshot });
  }

  reconnect(): void {
    this.#stream = openStream({ protocol: this.envoy.protocol, streamId: "s" });
    this.#responses = [];
    this.#timers = [];
    this.#full = false;
    this.#give({ type: "snapshot", snapshot: this.snapshot });
    this.envoy.connect();
  }

  /** What is rejected is mended, or taken away. */
  mend(isRemoved: boolean): void {
    for (const wish of [...this.#wishes.values()]) {
      if (wish.of !== "cluster" || wish.port !== badPort) continue;
      this.#publish(isRemoved ? { of: "nothing", name: wish.name } : { ...wish, port: 1 });
    }
  }

  /** Everything that is under way arrives, and with `isLate` all timers end. */
  rest(isLate = false): void {
    for (let rounds = 0; rounds < 1_000; rounds++) {
      if (this.envoy.requests.length > 0) this.#toServer();
      else if (this.#responses.length > 0) this.#toClient();
      else if (this.#full) this.#writable();
      else if (isLate && (this.#timers.length > 0 || this.envoy.isDraining)) this.#drainAndGrace();
      else return;
    }
    throw new Error("server and client do not come to rest");
  }

  #toServer(): void {
    const request = this.envoy.requests.shift();
    if (request === undefined) return;
    if (this.envoy.protocol === "sotw") this.#give({ type: "sotwRequest", request: request as SotwRequest });
    else this.#give({ type: "deltaRequest", request: request as DeltaRequest });
  }

  #toClient(): void {
    const response = this.#responses.shift();
    if (response !== undefined) this.envoy.take(response);
  }

  #writable(): void {
    if (!this.#full) return;
    this.#full = false;
    this.#give({ type: "writable" });
  }

  /** Envoy's drain is shorter than the grace, and so is the way of a request. */
  #drainAndGrace(): void {
    while (this.envoy.requests.length > 0) this.#toServer();
    this.envoy.drain();
    for (const id of this.#timers.splice(0)) this.#give({ type: "timer", id });
  }

  #give(input: StreamInput): void {
    const { stream, outputs } = step(this.#stream, input);
    this.#stream = stream;
    for (const output of outputs) {
      if (output.type === "send") {
        this.#responses.push(output.response);
        this.#full = true;
      }
      if (output.type === "startTimer") this.#timers.push(output.id);
      if (output.type === "close") throw new Error(`the server closed the stream: ${output.message}`);
    }
  }
}

/** A change of what is wanted; what it makes dangle is completed by `partsOf`. */
type Edit =
  | { readonly of: "cluster"; readonly name: string; readonly salt: number; readonly port: number }
  | { readonly of: "table"; readonly name: string; readonly cluster: string }
  | {
      readonly of: "listener";
      readonly name: string;
      readonly table: string | undefined;
      readonly salt: number;
    }
  | { readonly of: "nothing"; readonly name: string };

const clusterNames = fc.constantFrom("a", "b", "c");
const tableNames = fc.constantFrom("r", "q");
const salts = fc.integer({ min: 1, max: 2 });
/** Endpoints with this port are rejected. */
const badPort = 666;

const edits: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({
    of: fc.constant("cluster" as const),
    name: clusterNames,
    salt: salts,
    port: fc.constantFrom(1, 2, badPort),
  }),
  fc.record({ of: fc.constant("table" as const), name: tableNames, cluster: clusterNames }),
  fc.record({
    of: fc.constant("listener" as const),
    name: fc.constantFrom("l", "m"),
    table: fc.option(tableNames, { nil: undefined }),
    salt: salts,
  }),
  fc.record({
    of: fc.constant("nothing" as const),
    name: fc.constantFrom("a", "b", "c", "r", "q", "l", "m"),
  }),
);

/** Resources of a closed configuration: tables name clusters that exist, listeners name tables that exist. */
function partsOf(wishes: Iterable<Edit>): Part[] {
  const parts = new Map<string, Part>();
  const needed = new Map<string, Part>();
  const need = (...some: Part[]) => {
    for (const part of some) needed.set(`${part.type} ${part.resource}`, part);
  };
  for (const wish of wishes) {
    const add = (...some: Part[]) => {
      for (const part of some) parts.set(`${part.type} ${part.resource}`, part);
    };
    if (wish.of === "cluster") add(cluster(wish.name, wish.salt), endpoint(wish.name, wish.port));
    if (wish.of === "table") add(route(wish.name, wish.cluster));
    if (wish.of === "table") need(cluster(wish.cluster), endpoint(wish.cluster));
    if (wish.of === "listener") {
      add(wish.table === undefined ? inlineListener(wish.name) : listener(wish.name, wish.table, wish.salt));
      if (wish.table !== undefined) need(cluster("a"), endpoint("a"), route(wish.table, "a"));
    }
  }
  return [...new Map([...needed, ...parts]).values()];
}

const happenings: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 5, arbitrary: edits.map((edit) => ({ type: "edit" as const, edit })) },
  { weight: 6, arbitrary: fc.constant({ type: "toServer" as const }) },
  { weight: 6, arbitrary: fc.constant({ type: "toClient" as const }) },
  { weight: 6, arbitrary: fc.constant({ type: "writable" as const }) },
  { weight: 2, arbitrary: fc.constant({ type: "rest" as const }) },
  { weight: 1, arbitrary: fc.constant({ type: "reconnect" as const }) },
  { weight: 1, arbitrary: fc.constant({ type: "drainAndGrace" as const }) },
);

for (const protocol of ["sotw", "delta"] as const) {
  test(`P4 and P5: whatever happens, Envoy ends with the whole snapshot, live, and breaks nothing on the way (${protocol})`, () => {
    fc.assert(
      fc.property(
        fc.array(happenings, { minLength: 20, maxLength: 100, size: "max" }),
        fc.boolean(),
        (history, isRemoved) => {
          const world = new World(protocol);
          for (const happening of history) world.happen(happening);
          world.mend(isRemoved);
          world.rest(true);
          deepEqual(world.envoy.unfinished(), []);
          const { types } = world.snapshot;
          deepEqual(digests(world.envoy.clusters), wanted(types.cluster.resources));
          deepEqual(digests(world.envoy.listeners), wanted(types.listener.resources));
          for (const [name, { digest }] of world.envoy.tables)
            deepEqual(digest, types.route.resources.get(name)?.digest);
          for (const name of types.cluster.resources.keys())
            deepEqual(world.envoy.endpoints.get(name)?.digest, types.endpoint.resources.get(name)?.digest);
        },
      ),
      { numRuns: 300 },
    );
  });
}

function digests(
  held: ReadonlyMap<string, { readonly resource: { readonly digest: string } }>,
): [string, string][] {
  return wanted(new Map([...held].map(([name, { resource }]) => [name, resource])));
}

function wanted(resources: ReadonlyMap<string, { readonly digest: string }>): [string, string][] {
  return [...resources].map(([name, { digest }]): [string, string] => [name, digest]).sort();
}
