/** Rules 6, 7 and 73 over random histories: a server made of `step` against a client that rejects what is bad. */
import { deepEqual, ok } from "node:assert/strict";
import { test } from "node:test";
import {
  emptySnapshot,
  type Part,
  type Resource,
  type ResourceType,
  resourceTypes,
  type Snapshot,
} from "@routeledger/xds-model";
import { partOf, snapshotOf } from "@routeledger/xds-model/testing";
import fc from "fast-check";
import { isFullType } from "./interest.ts";
import type { StreamOutput, StreamResponse } from "./stream-io.ts";
import type { Protocol } from "./stream-state.ts";
import { TestClient } from "./testing.ts";

/** How a client rejects. */
interface Manner {
  /** Whether the good ones of a rejected response are taken (rule 8). */
  readonly isApplied: boolean;
  readonly words: "none" | "built" | "validated" | "quoted" | "first" | "wrong";
  /** Clusters and listeners by name, as gRPC does. */
  readonly isNaming: boolean;
  /** Of clusters and listeners a SotW client answers the last response alone, with the last error (1.3.2). */
  readonly isWithholding: boolean;
}

type Happening =
  | { readonly type: "commit"; readonly contents: Readonly<Record<string, number>> }
  | { readonly type: "names"; readonly names: readonly string[] }
  | { readonly type: "toServer" | "toClient" | "writable" | "rest" | "reconnect" | "release" };

const names = ["a", "a-b", "b", "c"];
/** Content 0 is none; from this on it is rejected. */
const badFrom = 3;

class World {
  readonly #type: ResourceType;
  readonly #manner: Manner;
  readonly #protocol: Protocol;
  #server: TestClient;
  readonly #arriving: StreamResponse[] = [];
  readonly #answers: (() => void)[] = [];
  readonly #held = new Map<string, Resource>();
  readonly #bad = new Set<string>();
  /** What was found to be bad and did not change since: name to digest. */
  readonly #convicted = new Map<string, string>();
  #wanted: readonly string[] = names;
  /** What the server was told that is wanted. */
  #told: readonly string[] = names;
  #lastNonce = "";
  #lastVersion = "";
  /** It came back with content of an earlier stream. */
  #isBack = false;
  #isMended = false;
  #withheld: { readonly nonce: string; readonly version: string } | undefined;
  #error: string | undefined;
  /** When, in steps of its own, a response was sent, and a name changed or was asked for. */
  #clock = 0;
  readonly #sentAt = new Map<string, number>();
  readonly #madeOf = new Map<string, Snapshot>();
  readonly #changedAt = new Map<string, number>();
  #contents: Readonly<Record<string, number>> = {};
  #snapshot: Snapshot = emptySnapshot("default/gateway");
  #sequence = 0;
  #responses = 0;
  /** Contents that the client was to get or asked for. */
  #events = names.length;

  constructor(protocol: Protocol, type: ResourceType, manner: Manner) {
    this.#type = type;
    this.#manner = manner;
    this.#protocol = protocol;
    this.#server = this.#connect();
    for (const name of names)
      for (const content of [badFrom, badFrom + 1]) this.#bad.add(digestOf(partFor(type, name, content)));
    this.#begin();
  }

  #connect(): TestClient {
    const server = new TestClient(this.#protocol);
    server.open = false;
    return server;
  }

  /** The first request of a stream. */
  #begin(): void {
    this.#server.snapshot(this.#snapshot);
    const held = [...this.#held.values()].map(({ name, version }) => [name, version]);
    const wanted = this.#names();
    this.#told = this.#wanted;
    if (this.#protocol === "sotw") this.#server.sotw(this.#type, wanted, { versionInfo: this.#lastVersion });
    else this.#server.delta(this.#type, wanted, { initialResourceVersions: Object.fromEntries(held) });
  }

  /** In requests: nothing for everything. */
  #names(): readonly string[] {
    return isFullType(this.#type) && !this.#manner.isNaming ? [] : this.#wanted;
  }

  #reconnect(): void {
    for (const queue of [this.#arriving, this.#answers]) queue.length = 0;
    this.#convicted.clear();
    this.#withheld = undefined;
    this.#error = undefined;
    this.#lastNonce = "";
    this.#clock++;
    this.#events += names.length;
    this.#isBack = this.#lastVersion !== "";
    this.#server = this.#connect();
    this.#begin();
  }

  happen(happening: Happening): void {
    if (happening.type === "commit") this.commit(happening.contents);
    if (happening.type === "names" && this.#names().length > 0) this.#rename(happening.names);
    if (happening.type === "reconnect") this.#reconnect();
    if (happening.type === "release") this.#release();
    if (happening.type === "toServer") this.#answers.shift()?.();
    if (happening.type === "toClient") this.#toClient();
    if (happening.type === "writable") this.#drain();
    if (happening.type === "rest") this.rest();
    this.#collect();
  }

  commit(contents: Readonly<Record<string, number>>): void {
    const next = { ...this.#contents, ...contents };
    for (const name of names) {
      if (next[name] === this.#contents[name]) continue;
      this.#events++;
      this.#convicted.delete(name);
      this.#changedAt.set(name, this.#clock + 1);
    }
    this.#clock++;
    this.#contents = next;
    const parts = names.flatMap((name) => {
      const content = next[name] ?? 0;
      return content === 0 ? [] : [partFor(this.#type, name, content)];
    });
    const snapshot = snapshotOf(parts, ++this.#sequence, this.#snapshot);
    this.#snapshot = { ...snapshot, revision: { epoch: 1, sequence: this.#sequence } };
    this.#server.snapshot(this.#snapshot);
  }

  /** Everything that is under way arrives, and all timers end. */
  rest(): void {
    for (let rounds = 0; rounds < 10_000; rounds++) {
      this.#collect();
      const answer = this.#answers.shift();
      if (answer !== undefined) answer();
      else if (this.#arriving.length > 0) this.#toClient();
      else if (this.#server.stream.phase === "writing") this.#drain();
      else if (this.#withheld !== undefined) this.#release();
      else if (this.#server.timers.length > 0) this.#server.fire("");
      else return;
    }
    throw new Error("server and client do not come to rest");
  }

  /** What must hold when all is at rest. */
  check(): void {
    const wanted = new Map(this.#snapshot.types[this.#type].resources);
    for (const name of this.#wanted) {
      const now = wanted.get(name);
      const held = this.#held.get(name)?.digest;
      ok(held === undefined || !this.#bad.has(held), `${name}: the client holds nothing bad`);
      if (this.#mayWait()) continue;
      if (now !== undefined && !this.#bad.has(now.digest))
        deepEqual(held, now.digest, `${name} is the newest`);
      if (now === undefined && this.#isRemoved()) deepEqual(held, undefined, `${name} is gone`);
    }
    const max = 3 * this.#events + 3;
    ok(this.#responses <= max, `${this.#responses} responses, at most ${max} for ${this.#events} events`);
  }

  /** A client of an earlier stream may lose what is left out: it is sent what it rejects along with the rest. */
  #isPatient(): boolean {
    return this.#protocol === "sotw" && isFullType(this.#type) && this.#isBack;
  }

  /** What it does not take it never has, and the edge knows what it has. */
  #isSafe(): boolean {
    const { isApplied, isWithholding } = this.#manner;
    return this.#isPatient() && !isApplied && !isWithholding;
  }

  /** If it takes nothing of that, all waits; whom a client accuses wrongly does too: until what is bad is mended. */
  #mayWait(): boolean {
    const { words, isApplied } = this.#manner;
    return !this.#isMended && (words === "wrong" || (this.#isPatient() && !isApplied));
  }

  /** Everything gets other content, and none is bad. */
  mend(): void {
    this.#isMended = true;
    this.commit(Object.fromEntries(names.map((name) => [name, this.#contents[name] === 1 ? 2 : 1])));
    this.rest();
  }

  #isRemoved(): boolean {
    return isFullType(this.#type) || (this.#type === "secret" && this.#protocol === "delta");
  }

  #collect(): void {
    for (const response of this.#server.take()) {
      this.#responses++;
      this.#sentAt.set(response.nonce, this.#clock);
      this.#madeOf.set(response.nonce, this.#snapshot);
      for (const { name, digest } of response.resources)
        ok(this.#convicted.get(name) !== digest, `rule 6: ${name} is sent again`);
      this.#arriving.push(response);
    }
    for (const fact of this.#server.facts.splice(0)) this.#convict(fact);
  }

  #convict(output: StreamOutput): void {
    if (output.type === "close") throw new Error(`the server closed the stream: ${output.message}`);
    if (output.type !== "nacked" || this.#manner.words === "wrong" || this.#isPatient()) return;
    const sentAt = this.#sentAt.get(output.fact.nonce) ?? 0;
    for (const { name, digest } of output.fact.resources) {
      if (!output.fact.culprits.includes(name)) continue;
      ok(this.#bad.has(digest), `rule 73: ${name} is not bad`);
      if ((this.#changedAt.get(name) ?? 0) <= sentAt && this.#told.includes(name))
        this.#convicted.set(name, digest);
    }
  }

  #drain(): void {
    if (this.#server.stream.phase === "writing") this.#server.drain();
  }

  #rename(wanted: readonly string[]): void {
    const before = this.#wanted;
    this.#wanted = wanted;
    const gone = before.filter((name) => !wanted.includes(name));
    const come = wanted.filter((name) => !before.includes(name));
    for (const name of gone) this.#held.delete(name);
    this.#events += come.length;
    const responseNonce = this.#lastNonce;
    // There is one request a type: its names go with the answer.
    const isWithheld = this.#withheld !== undefined;
    this.#answers.push(() => {
      for (const name of gone) this.#convicted.delete(name);
      this.#clock++;
      for (const name of come) this.#changedAt.set(name, this.#clock);
      this.#told = wanted;
      if (isWithheld) return;
      if (this.#protocol === "sotw") this.#server.sotw(this.#type, wanted, { responseNonce });
      else this.#server.delta(this.#type, come, { resourceNamesUnsubscribe: gone });
    });
    this.#release();
  }

  #toClient(): void {
    const response = this.#arriving.shift();
    if (response === undefined) return;
    const bad = response.resources.filter(({ digest }) => this.#bad.has(digest)).map(({ name }) => name);
    if (bad.length === 0 || this.#manner.isApplied) this.#apply(response, bad);
    const { nonce, version } = response;
    this.#lastNonce = nonce;
    if (bad.length > 0) this.#error = this.#words(bad);
    else this.#lastVersion = version;
    this.#withheld = { nonce, version: this.#lastVersion };
    const isWithheld = this.#manner.isWithholding && this.#protocol === "sotw" && isFullType(this.#type);
    if (!isWithheld) this.#release();
  }

  /** Answers the last response. */
  #release(): void {
    if (this.#withheld === undefined) return;
    const { nonce, version } = this.#withheld;
    const errorDetail =
      this.#error === undefined ? undefined : { code: 3, message: this.#error, details: [] };
    this.#withheld = undefined;
    this.#error = undefined;
    const wanted = this.#names();
    this.#answers.push(() => {
      const rest = { responseNonce: nonce, errorDetail };
      if (this.#protocol === "sotw") this.#server.sotw(this.#type, wanted, { ...rest, versionInfo: version });
      else this.#server.delta(this.#type, [], rest);
    });
  }

  #apply({ nonce, resources, removed }: StreamResponse, bad: readonly string[]): void {
    const present = new Set(resources.map(({ name }) => name));
    const isFull = this.#protocol === "sotw" && isFullType(this.#type);
    const gone = isFull ? [...this.#held.keys()].filter((name) => !present.has(name)) : removed;
    const now = this.#madeOf.get(nonce)?.types[this.#type].resources;
    for (const name of gone) {
      if (this.#isSafe()) ok(!this.#held.has(name) || !now?.has(name), `rule 16: ${name} is taken away`);
      this.#held.delete(name);
    }
    for (const resource of resources)
      if (this.#wanted.includes(resource.name) && !bad.includes(resource.name))
        this.#held.set(resource.name, resource);
  }

  #words(bad: readonly string[]): string {
    const { words } = this.#manner;
    if (words === "validated") return `name: "${bad[0]}" : Proto constraint validation failed (x)`;
    if (words === "built")
      return `Error adding/updating cluster(s) ${bad.map((name) => `${name}: why`).join(", ")}`;
    if (words === "quoted") return `rejected ${bad.map((name) => `"${name}"`).join(" and ")}`;
    if (words === "first") return `"${bad[0]}" is bad`;
    return words === "wrong" ? `"${names.find((name) => !bad.includes(name)) ?? "?"}" is bad` : "no";
  }
}

function partFor(type: ResourceType, name: string, content: number): Part {
  const messages: Record<ResourceType, object> = {
    cluster: { connectTimeout: { seconds: content } },
    endpoint: { policy: { overprovisioningFactor: { value: content } } },
    listener: { statPrefix: `s${content}` },
    route: { internalOnlyHeaders: [`x${content}`] },
    secret: { genericSecret: { secret: { inlineString: `${content}` } } },
    extensionConfig: { typedConfig: { typeUrl: `x/${content}`, value: new Uint8Array() } },
  };
  return partOf(type, name, messages[type]);
}

function digestOf(part: Part): string {
  return snapshotOf([part], 1).types[part.type].resources.get(part.resource)?.digest ?? "";
}

const contents = fc.dictionary(fc.constantFrom(...names), fc.nat(badFrom + 1), { minKeys: 1 });
const happenings: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 4, arbitrary: contents.map((some) => ({ type: "commit" as const, contents: some })) },
  { weight: 5, arbitrary: fc.constant({ type: "toServer" as const }) },
  { weight: 5, arbitrary: fc.constant({ type: "toClient" as const }) },
  { weight: 5, arbitrary: fc.constant({ type: "writable" as const }) },
  { weight: 1, arbitrary: fc.constant({ type: "rest" as const }) },
  { weight: 1, arbitrary: fc.constant({ type: "release" as const }) },
  { weight: 1, arbitrary: fc.constant({ type: "reconnect" as const }) },
  { weight: 1, arbitrary: fc.subarray(names).map((some) => ({ type: "names" as const, names: some })) },
);
const manners: fc.Arbitrary<Manner> = fc.record({
  isApplied: fc.boolean(),
  words: fc.constantFrom("none", "built", "validated", "quoted", "first", "wrong"),
  isNaming: fc.boolean(),
  isWithholding: fc.boolean(),
});

for (const protocol of ["sotw", "delta"] as const) {
  test(`rules 6, 7 and 73: whatever a client rejects, it ends with all that is good, and is not flooded (${protocol})`, () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...resourceTypes),
        manners,
        fc.array(happenings, { minLength: 5, maxLength: 60, size: "max" }),
        (type, manner, history) => {
          const world = new World(protocol, type, manner);
          for (const happening of history) world.happen(happening);
          world.rest();
          world.check();
          world.mend();
          world.check();
        },
      ),
      { numRuns: Number(process.env.RL_RUNS ?? 300) },
    );
  });
}
