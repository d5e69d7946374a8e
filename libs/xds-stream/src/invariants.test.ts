/** Invariants of docs/spec/xds-stream.md that speak of every response, over random histories of one stream. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { compareRevisions } from "@routeledger/std";
import {
  emptySnapshot,
  type Part,
  type Resource,
  type ResourceType,
  referencesOf,
} from "@routeledger/xds-model";
import { snapshotOf } from "@routeledger/xds-model/testing";
import fc from "fast-check";
import type { Gate, StreamOutput, StreamResponse } from "./stream-io.ts";
import type { Protocol } from "./stream-state.ts";
import {
  checkedCluster,
  cluster,
  endpoint,
  inlineListener,
  listener,
  route,
  secret,
  TestClient,
  tcpListener,
  tlsCluster,
} from "./testing.ts";

/** One stream, and all that its invariants say. */
class Witness {
  readonly client: TestClient;
  readonly #wanted = new Map<ResourceType, readonly string[]>();
  readonly #unanswered: StreamResponse[] = [];
  readonly #nonces = new Set<string>();
  /** The nonce that a SotW client shows. */
  readonly #answered = new Map<ResourceType, string>();
  /** When a resource was sent first, and last, in responses. */
  readonly #sent = new Map<string, { readonly first: number; last: number; digest: string }>();
  /** What the client holds, and what it may hold of what it rejected. */
  readonly #held = new Map<string, Resource[]>();
  /** Clusters that it took for certain. */
  readonly #certain = new Set<string>();
  readonly #overdue = new Set<string>();
  #parts = new Map<string, Part>();
  #snapshot = emptySnapshot("default/gateway");
  #gates: readonly Gate[] = [];
  #revision = this.#snapshot.revision;
  #clock = 0;
  isRejecting = false;

  constructor(protocol: Protocol) {
    this.client = new TestClient(protocol);
    this.client.open = false;
    this.#give(() => this.client.snapshot(this.#snapshot));
    for (const type of ["cluster", "listener"] as const) this.#give(() => this.client.subscribe(type));
  }

  commit(change: readonly Part[]): void {
    for (const part of change) this.#parts.set(`${part.type} ${part.resource}`, part);
    const parts = closed(this.#parts);
    const next = snapshotOf(parts, this.#clock + 1, this.#snapshot);
    this.#snapshot = { ...next, revision: { epoch: 1, sequence: ++this.#clock } };
    this.#give(() => this.client.snapshot(this.#snapshot));
  }

  want(type: ResourceType, names: readonly string[]): void {
    const before = this.#wanted.get(type) ?? [];
    const gone = before.filter((name) => !names.includes(name));
    for (const name of gone) this.#held.delete(`${type} ${name}`);
    this.#wanted.set(type, names);
    this.#give(() => {
      if (this.client.protocol === "sotw")
        this.client.sotw(type, names, { responseNonce: this.#answered.get(type) ?? "" });
      else this.client.delta(type, names, { resourceNamesUnsubscribe: gone });
    });
  }

  /** Answers the oldest response of any type, and with it all of its type before it. */
  answer(pick: number): void {
    const [response] = this.#unanswered.splice(pick % Math.max(this.#unanswered.length, 1), 1);
    if (response === undefined) return;
    this.#answered.set(response.resourceType, response.nonce);
    const isRejected = this.isRejecting && pick % 5 === 0;
    const { resourceType: type, resources, removed } = response;
    for (const older of this.#unanswered.filter((each) => each.resourceType === type)) {
      if (ageOf(older) > ageOf(response)) continue;
      this.#unanswered.splice(this.#unanswered.indexOf(older), 1);
      for (const resource of older.resources) this.#hold(resource, this.#isFull(type));
    }
    for (const resource of resources) this.#hold(resource, isRejected);
    if (!isRejected) for (const name of removed) this.#held.delete(`${type} ${name}`);
    this.#give(() => this.client.answer(response, isRejected ? "no" : undefined));
  }

  writable(): void {
    this.#give(() => this.client.drain(), true);
  }

  timer(): void {
    const [timer] = this.client.timers.splice(0, 1);
    if (timer === undefined) return;
    if (timer.id.startsWith("gate")) {
      for (const { reason, waitsFor } of this.#gates)
        if (reason === "addition") for (const { name } of waitsFor) this.#overdue.add(name);
    }
    this.#give(() => this.client.give({ type: "timer", id: timer.id }));
  }

  #hold(resource: Resource, isDoubtful: boolean): void {
    if (!this.#isWanted(resource)) return;
    const key = `${resource.type} ${resource.name}`;
    if (!isDoubtful && resource.type === "cluster") this.#certain.add(resource.name);
    this.#held.set(key, isDoubtful ? [...(this.#held.get(key) ?? []), resource] : [resource]);
  }

  /** Of these a SotW client answers the last response alone: what came before is not certain. */
  #isFull(type: ResourceType): boolean {
    return this.client.protocol === "sotw" && (type === "cluster" || type === "listener");
  }

  /** Clusters and listeners always are. */
  #isWanted({ type, name }: Resource): boolean {
    return type === "cluster" || type === "listener" || (this.#wanted.get(type) ?? []).includes(name);
  }

  #give(action: () => void, isWritable = false): void {
    const { facts, responses } = this.client;
    const [told, wrote] = [facts.length, responses.length];
    const mayWrite = isWritable || this.client.stream.phase !== "writing";
    action();
    for (const fact of facts.slice(told)) this.#seeFact(fact);
    const news = responses.slice(wrote);
    ok(news.length <= (mayWrite ? 1 : 0), "I2: one response on its way");
    if (news[0] !== undefined) this.#seeResponse(news[0]);
  }

  #seeFact(fact: StreamOutput): void {
    if (fact.type !== "gates") return;
    const keys = fact.gates.map(({ reason, type, name }) => `${reason} ${type} ${name}`);
    deepEqual(keys, [...keys].sort(), "I25: sorted");
    ok(JSON.stringify(fact.gates) !== JSON.stringify(this.#gates), "I25: only when it changes");
    this.#gates = fact.gates;
  }

  #seeResponse(response: StreamResponse): void {
    const { resourceType: type, nonce, version, revision, resources, removed } = response;
    ok(nonce !== "" && !this.#nonces.has(nonce), `I4: ${nonce}`);
    this.#nonces.add(nonce);
    const names = resources.map(({ name }) => name);
    deepEqual(names, [...new Set(names)].sort(), "I12: sorted, each once");
    ok(resources.every((each) => each.type === type) && !removed.some((name) => names.includes(name)), "I12");
    ok(compareRevisions(revision, this.#revision) >= 0, "I22: never back");
    deepEqual(revision, this.#snapshot.revision, "I2: from the newest snapshot");
    this.#revision = revision;
    this.#checkContent(response);
    for (const resource of resources) this.#checkAddition(resource);
    this.#checkRemovals(response);
    this.#note(response);
    if (version.includes("+")) return;
    const { resources: now } = this.#snapshot.types[type];
    const odd = resources.filter(
      ({ name, digest, bytes }) => now.get(name)?.digest !== digest && bytes.length > name.length + 2,
    );
    deepEqual(
      odd.map(({ name }) => name),
      [],
      "I21: other content than the snapshot's says so",
    );
  }

  #checkContent({ resourceType: type, resources, removed, version }: StreamResponse): void {
    const isFull = this.#isFull(type);
    if (this.client.protocol === "sotw") {
      deepEqual(removed, [], "SotW has no removals");
      ok(isFull || resources.length > 0, "I13: never empty");
    }
    if (isFull && !version.includes("+"))
      equal(resources.length, this.#snapshot.types[type].resources.size, "I13: all of it");
    const kept = ["route", "endpoint", "extensionConfig"].includes(type);
    for (const name of removed) {
      ok(!this.#snapshot.types[type].resources.has(name), `${type} ${name} is there`);
      ok(!kept || !this.#held.has(`${type} ${name}`), `I20: ${type} ${name} is held`);
    }
  }

  /** I18: what it refers to is usable, or was waited for. */
  #checkAddition(resource: Resource): void {
    const { types } = this.#snapshot;
    if (types[resource.type].resources.get(resource.name)?.digest !== resource.digest) return;
    // In a full response of SotW it comes with whatever changed.
    if (this.#sent.get(`${resource.type} ${resource.name}`)?.digest === resource.digest) return;
    // Left out, it would be taken from a client that may hold what it rejected.
    if (this.isRejecting && this.#isFull(resource.type)) return;
    for (const { type, name } of resource.references) {
      const target = types.cluster.resources.get(name);
      if (type !== "cluster" || target === undefined || this.#held.has(`cluster ${name}`)) continue;
      if (this.#overdue.has(name) || this.client.stream.types.cluster.rejected.has(name)) continue;
      const first = this.#sent.get(`cluster ${name}`)?.first;
      ok(first !== undefined, `I16: ${resource.name} comes before its cluster ${name}`);
      ok(!target.warmsByItself, `I18: ${resource.name} comes before ${name} is warm`);
      for (const need of target.references) {
        const key = `${need.type} ${need.name}`;
        if (need.type === "endpoint")
          ok((this.#sent.get(key)?.last ?? 0) > first, `I18: ${resource.name} comes before ${key}`);
        if (need.type === "secret") ok(this.#held.has(key), `I18: ${resource.name} comes before ${key}`);
      }
    }
  }

  /** I19: nothing that the client may hold refers to what goes. */
  #checkRemovals({ resourceType: type, resources, removed }: StreamResponse): void {
    if (type !== "cluster") return;
    const present = new Set(resources.map(({ name }) => name));
    const last = [...this.#sent.keys()].filter((key) => key.startsWith("cluster "));
    const gone =
      this.client.protocol === "delta"
        ? removed
        : last.map((key) => key.slice("cluster ".length)).filter((name) => !present.has(name));
    const mayHold = [
      ...[...this.#held.values()].flat(),
      ...this.#unanswered.flatMap((each) => each.resources).filter((each) => this.#isWanted(each)),
    ];
    const referring = mayHold.flatMap(({ type: of, references }) => (of === "cluster" ? [] : references));
    const referred = new Set(referring.filter((each) => each.type === "cluster").map(({ name }) => name));
    for (const name of gone.filter((each) => this.#certain.delete(each))) {
      ok(!referred.has(name), `I19: ${name} is referred to`);
      this.#sent.delete(`cluster ${name}`);
    }
  }

  #note(response: StreamResponse): void {
    const { resourceType: type, resources } = response;
    this.#clock++;
    for (const { name, digest } of resources) {
      const before = this.#sent.get(`${type} ${name}`);
      this.#sent.set(`${type} ${name}`, { first: before?.first ?? this.#clock, last: this.#clock, digest });
    }
    this.#unanswered.push(response);
    ok(this.client.stream.types[type].inflight.size <= 64, "I24");
  }
}

function ageOf({ nonce }: StreamResponse): number {
  return Number(nonce.split("-")[1]);
}

/** What of the parts is wanted is whole: tables name clusters that are there, listeners tables that are there. */
function closed(parts: ReadonlyMap<string, Part>): Part[] {
  const whole = new Map<string, Part>(
    [
      cluster("a"),
      endpoint("a"),
      endpoint("b"),
      endpoint("c"),
      route("r", "a"),
      route("q", "a"),
      secret("s"),
    ].map(keyed),
  );
  for (const name of ["b", "c"]) {
    const isNamed = [...parts.values()].some((part) => namesOf(part).includes(name));
    if (isNamed) whole.set(`cluster ${name}`, cluster(name));
  }
  for (const [key, part] of parts) whole.set(key, part);
  return [...whole.values()];
}

function keyed(part: Part): readonly [string, Part] {
  return [`${part.type} ${part.resource}`, part];
}

function namesOf(part: Part): string[] {
  return referencesOf(part).flatMap(({ type, name }) => (type === "cluster" ? [name] : []));
}

const names = fc.constantFrom("a", "b", "c");
const salts = fc.integer({ min: 1, max: 3 });
const tables = fc.constantFrom("r", "q");
const somePart: fc.Arbitrary<Part> = fc.oneof(
  fc.tuple(names, salts).map(([name, salt]) => cluster(name, salt)),
  fc.tuple(names, salts).map(([name, salt]) => endpoint(name, salt)),
  names.map((name) => checkedCluster(name)),
  fc.tuple(names, salts).map(([name, salt]) => tlsCluster(name, "s", salt)),
  { weight: 3, arbitrary: fc.tuple(tables, names).map(([table, name]) => route(table, name)) },
  names.map((name) => tcpListener("t", name)),
  fc.tuple(tables, salts).map(([table, salt]) => listener("l", table, salt)),
  fc.constant(inlineListener("l")),
  salts.map((salt) => secret("s", String(salt))),
);

type Happening =
  | { readonly type: "commit"; readonly parts: readonly Part[] }
  | { readonly type: "writable" | "timer" }
  | { readonly type: "answer"; readonly pick: number }
  | { readonly type: "want"; readonly of: ResourceType; readonly names: readonly string[] };

function happen(witness: Witness, happening: Happening): void {
  if (happening.type === "commit") witness.commit(happening.parts);
  else if (happening.type === "answer") witness.answer(happening.pick);
  else if (happening.type === "want") witness.want(happening.of, happening.names);
  else witness[happening.type]();
}

const wants = (of: ResourceType, some: string[]) =>
  fc.subarray(some).map((wanted): Happening => ({ type: "want", of, names: wanted }));
const happenings: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .array(somePart, { minLength: 1, maxLength: 3 })
      .map((parts): Happening => ({ type: "commit", parts })),
  },
  { weight: 6, arbitrary: fc.constant<Happening>({ type: "writable" }) },
  { weight: 6, arbitrary: fc.nat(1_000).map((pick): Happening => ({ type: "answer", pick })) },
  { weight: 1, arbitrary: fc.constant<Happening>({ type: "timer" }) },
  { weight: 1, arbitrary: wants("endpoint", ["a", "b", "c"]) },
  { weight: 1, arbitrary: wants("route", ["r", "q"]) },
  { weight: 1, arbitrary: wants("secret", ["s"]) },
);

for (const protocol of ["sotw", "delta"] as const) {
  test(`I2, I4, I12, I13, I16, I18, I19, I20, I21, I22, I24, I25: every response of a random history keeps them (${protocol})`, () => {
    const history = fc.array(happenings, { minLength: 30, maxLength: 120, size: "max" });
    fc.assert(
      fc.property(history, fc.boolean(), (all, isRejecting) => {
        const witness = new Witness(protocol);
        witness.isRejecting = isRejecting;
        witness.want("endpoint", ["a", "b", "c"]);
        witness.want("route", ["r", "q"]);
        for (const each of all) happen(witness, each);
      }),
      { numRuns: 150 },
    );
  });
}
