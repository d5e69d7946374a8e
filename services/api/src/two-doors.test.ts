import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type ConfigFact,
  decodeConfigEvent,
  type ObjectChange,
  objectKey,
  objectsOfKind,
} from "@routeledger/config-model";
import {
  type Commit,
  CommitReader,
  configKinds,
  MemoryEventLog,
  MemoryStorage,
} from "@routeledger/event-log";
import { LossyEventLog } from "@routeledger/event-log/testing";
import { Failure, type JsonObject, parseRevision, sha256, systemClock, utf8 } from "@routeledger/std";
import fc from "fast-check";
import { parseAddressRange } from "./address-range.ts";
import type { ChangeAnswer } from "./change-results.ts";
import { apply, remove } from "./change-service.ts";
import { ConfigDoor } from "./config-door.ts";
import { readDocuments } from "./read-documents.ts";

/** One request to one of two doors on one log. */
interface Ask {
  readonly door: number;
  readonly kind: "Service" | "EndpointSlice";
  readonly name: number;
  /** Undefined: a delete. */
  readonly content: number | undefined;
  /** Only when nobody wrote the object since what this client last heard of it. */
  readonly careful: boolean;
  /** A broken object stands beside it (P7). */
  readonly besideBroken: boolean;
  /** What happens to the reply of the append, or for a moment to the door's whole log. */
  readonly loss: "none" | "lost" | "later" | "outage";
}

const ask: fc.Arbitrary<Ask> = fc.record({
  door: fc.nat({ max: 1 }),
  kind: fc.constantFrom("Service" as const, "EndpointSlice" as const),
  name: fc.nat({ max: 2 }),
  content: fc.option(fc.nat({ max: 3 }), { nil: undefined, freq: 4 }),
  careful: fc.boolean(),
  besideBroken: fc.boolean(),
  loss: fc.oneof(
    { weight: 6, arbitrary: fc.constant("none" as const) },
    { weight: 4, arbitrary: fc.constantFrom("lost" as const, "later" as const) },
    { weight: 1, arbitrary: fc.constant("outage" as const) },
  ),
});

/** What a client heard. */
interface Heard {
  readonly ask: Ask;
  readonly ifRevision: string | undefined;
  readonly answer: ChangeAnswer | undefined;
  readonly failure: Failure | undefined;
}

test("P1, P7: of two doors on one log each acknowledged change is in it once, as the state before it says", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(ask, { minLength: 1, maxLength: 5 }), { maxLength: 8 }),
      async (rounds) => {
        const { heard, storage } = await play(rounds);
        checkLog(heard, await events(storage));
      },
    ),
    { numRuns: 30 },
  );
});

/** Shorter than what a writer waits for to learn what became of its append. */
const outageMs = 5;
let commits = 0;

async function play(rounds: readonly (readonly Ask[])[]) {
  const storage = new MemoryStorage("one");
  const logs = [0, 1].map(() => new LossyEventLog(new MemoryEventLog("CONFIG", storage)));
  const randomBytes = (count: number) => sha256(utf8(`commit ${commits++}`)).subarray(0, count);
  const doors = await Promise.all(
    logs.map((config, index) =>
      ConfigDoor.open({
        name: `api-${index}`,
        config,
        clock: systemClock,
        randomBytes,
        coalesceEndpointsMs: 1,
      }),
    ),
  );
  const running = doors.map((door) => door.run());
  const heard: Heard[] = [];
  const last = new Map<string, string>();
  for (const round of rounds) {
    const answers = round.map(async (asked): Promise<Heard> => {
      disturb(logs[asked.door]!, asked.loss);
      const ifRevision = asked.careful ? last.get(`${asked.kind}/${asked.name}`) : undefined;
      try {
        const answer = await carryOut(doors[asked.door]!, asked, ifRevision);
        return { ask: asked, ifRevision, answer, failure: undefined };
      } catch (error) {
        assert.ok(error instanceof Failure && error.retryable, String(error));
        return { ask: asked, ifRevision, answer: undefined, failure: error };
      }
    });
    for (const one of await Promise.all(answers)) {
      heard.push(one);
      if (one.answer?.revision) last.set(`${one.ask.kind}/${one.ask.name}`, one.answer.revision);
    }
  }
  for (const door of doors) door.stop();
  await Promise.all(running);
  return { heard, storage };
}

function disturb(log: LossyEventLog, loss: Ask["loss"]): void {
  if (loss === "outage") {
    log.beginOutage();
    systemClock.after(outageMs, () => log.mend());
  } else if (loss !== "none") {
    log.loseReply({ stored: loss === "lost" ? 1 : "later" });
  }
}

async function carryOut(door: ConfigDoor, asked: Ask, ifRevision: string | undefined): Promise<ChangeAnswer> {
  const revision = ifRevision === undefined ? undefined : parseRevision(ifRevision);
  const request = {
    author: { actor: "test", source: "http", traceContext: "" },
    summary: "",
    namespace: "shop",
    dryRun: false,
    ...(revision && { ifRevision: revision }),
  };
  const ref = refOfAsk(asked);
  if (asked.content === undefined) {
    return remove(door, { ...request, targets: [{ ref }], ignoreNotFound: false, allowMassDelete: false });
  }
  const broken = { apiVersion: "v1", kind: "Service", metadata: { name: "broken" }, spec: { ports: "none" } };
  const texts = [objectOf(asked, asked.content), ...(asked.besideBroken ? [broken] : [])];
  const input = await readDocuments(texts.map((object) => ({ path: "test", text: JSON.stringify(object) })));
  return apply(door, { ...request, input, atomic: false });
}

function refOfAsk({ kind, name }: Ask) {
  const group = kind === "Service" ? "" : "discovery.k8s.io";
  return { group, kind, namespace: "shop", name: `n${name}` };
}

function objectOf({ kind, name }: Ask, content: number): JsonObject {
  const metadata = { name: `n${name}` };
  return kind === "Service"
    ? { apiVersion: "v1", kind, metadata, spec: { ports: [{ port: 1 + content }] } }
    : {
        ...{
          apiVersion: "discovery.k8s.io/v1",
          kind,
          metadata,
          addressType: "IPv4",
          ports: [{ port: 1 + content }],
        },
        endpoints: [{ addresses: ["10.0.0.1"] }],
      };
}

interface LoggedEvent {
  readonly commit: Commit;
  readonly fact: ConfigFact;
}

async function events(storage: MemoryStorage): Promise<LoggedEvent[]> {
  const log = new MemoryEventLog("CONFIG", storage);
  const read: LoggedEvent[] = [];
  const reader = new CommitReader(log, { from: undefined, kinds: configKinds });
  for await (const item of reader.read({ until: storage.lastSequence })) {
    if (item.type === "commit") read.push({ commit: item.commit, fact: decodeConfigEvent(item.commit).fact });
  }
  return read;
}

function checkLog(heard: readonly Heard[], logged: readonly LoggedEvent[]): void {
  const changesAt = new Map<number, readonly ObjectChange[]>();
  /** Sequences of the events that changed an object. */
  const writesOf = new Map<string, number[]>();
  const standing = new Map<string, JsonObject>();
  for (const { commit, fact } of logged) {
    assert.ok(fact.type === "changeSet", fact.type);
    const { sequence } = commit.revision;
    changesAt.set(sequence, fact.changes);
    for (const change of fact.changes) {
      const key = objectKey(change);
      writesOf.set(key, [...(writesOf.get(key) ?? []), sequence]);
      checkChange(change, standing.get(key));
      if (change.type === "applied") standing.set(key, JSON.parse(change.json));
      else standing.delete(key);
    }
  }
  const acknowledged = new Set<number>();
  for (const { ask: asked, ifRevision, answer } of heard) {
    const ref = refOfAsk(asked);
    const result = answer?.results.find((one) => one.ref?.name === ref.name);
    if (asked.besideBroken && asked.content !== undefined && answer !== undefined) {
      assert.equal(answer.results.find((one) => one.ref?.name === "broken")?.outcome, "refused");
    }
    const changes = ["created", "configured", "deleted"].includes(result?.outcome ?? "");
    assert.ok(!changes || answer?.revision != null, `${ref.name} ${result?.outcome} by an event`);
    if (answer?.revision == null) continue;
    const sequence = parseRevision(answer.revision)!.sequence;
    assert.ok(
      !acknowledged.has(sequence) || asked.kind === "EndpointSlice",
      `${sequence} is acknowledged once`,
    );
    acknowledged.add(sequence);
    const change = changesAt.get(sequence)?.filter((one) => objectKey(one) === objectKey(ref));
    assert.equal(change?.length, 1, `${ref.name} is in the event at ${sequence} once`);
    if (asked.kind === "Service") checkSaid(asked, change[0]!);
    if (ifRevision === undefined) continue;
    const before =
      writesOf
        .get(objectKey(ref))
        ?.filter((write) => write < sequence)
        .at(-1) ?? 0;
    if (result?.outcome === "configured" || result?.outcome === "deleted") {
      assert.ok(before <= parseRevision(ifRevision)!.sequence, `nobody wrote ${ref.name} meanwhile`);
    }
  }
  const unknown = heard.filter(({ failure }) => failure?.code === "outcomeUnknown").length;
  assert.ok(changesAt.size - acknowledged.size <= unknown, "no event is in the log that nobody was told of");
}

/** The event holds what the client said. */
function checkSaid({ content }: Ask, change: ObjectChange): void {
  assert.equal(change.type, content === undefined ? "deleted" : "applied");
  if (change.type === "applied") assert.equal(JSON.parse(change.json).spec.ports[0].port, 1 + (content ?? 0));
}

/** Metadata goes on from what stood before. */
function checkChange(change: ObjectChange, before: JsonObject | undefined): void {
  if (change.type === "deleted") {
    assert.ok(before !== undefined, `${change.name} was there`);
    return;
  }
  const { metadata } = JSON.parse(change.json);
  const former = before?.metadata as JsonObject | undefined;
  if (former !== undefined && former.uid === metadata.uid) {
    assert.equal(metadata.creationTimestamp, former.creationTimestamp);
    const steps = metadata.generation - Number(former.generation);
    assert.ok(
      change.kind === "Service" ? steps === 1 : steps >= 1,
      `${change.name} is ${steps} generations on`,
    );
    return;
  }
  // Endpoints that were deleted and made again within one event are a new object at once.
  assert.ok(former === undefined || change.kind === "EndpointSlice", `${change.name} stays who it is`);
  assert.match(metadata.uid, /^[0-9a-f-]{36}$/);
  assert.ok(change.kind === "EndpointSlice" || metadata.generation === 1);
}

test("P8, G17: two doors that give addresses at once never give one twice, as a lost race is decided again", async () => {
  const storage = new MemoryStorage("one");
  const doors = await Promise.all(
    [0, 1].map((index) =>
      ConfigDoor.open({
        ...{ name: `api-${index}`, config: new MemoryEventLog("CONFIG", storage), clock: systemClock },
        randomBytes: (count) => sha256(utf8(`address ${commits++}`)).subarray(0, count),
        gatewayAddresses: parseAddressRange("127.1.0.0/24"),
      }),
    ),
  );
  const running = doors.map((door) => door.run());
  const applied = (door: ConfigDoor, ...objects: JsonObject[]) => applyGateways(door, objects);
  const apiVersion = "gateway.networking.k8s.io/v1";
  const spec = { controllerName: "routeledger.dev/gateway" };
  await applied(doors[0]!, { apiVersion, kind: "GatewayClass", metadata: { name: "ours" }, spec });
  const listeners = [{ name: "web", port: 80, protocol: "HTTP" }];
  const gateways = Array.from({ length: 40 }, (_, index) => ({
    ...{ apiVersion, kind: "Gateway", metadata: { name: `g${index}` } },
    spec: { gatewayClassName: "ours", listeners },
  }));
  await Promise.all(gateways.map((gateway, index) => applied(doors[index % 2]!, gateway)));
  const { state } = await doors[0]!.caughtUp();
  const addresses = objectsOfKind(state, "gateway.networking.k8s.io", "Gateway").map(
    ({ object }) => (object.spec as { addresses: { value: string }[] }).addresses[0]?.value,
  );
  assert.deepEqual(addresses.sort(), gateways.map((_, index) => `127.1.0.${index + 1}`).sort());
  for (const door of doors) door.stop();
  await Promise.all(running);
});

async function applyGateways(door: ConfigDoor, objects: readonly JsonObject[]): Promise<void> {
  const input = await readDocuments([{ path: "g", text: JSON.stringify({ kind: "List", items: objects }) }]);
  const author = { actor: "test", source: "http", traceContext: "" };
  const request = { author, summary: "", namespace: "shop", dryRun: false, atomic: true, input };
  const { results } = await apply(door, request);
  assert.deepEqual(
    results.map(({ outcome }) => outcome),
    objects.map(() => "created"),
  );
}
