/** A real Envoy behind an edge, to which many states at once are published, each on ports of its own. */
import type { TestContext } from "node:test";
import { allObjects, type ConfigState, emptyConfigState, objectKey, refOf } from "@routeledger/config-model";
import { p256, testKeyring } from "@routeledger/config-model/testing";
import { assert, type JsonObject } from "@routeledger/std";
import { TranslationCache, translateAll } from "@routeledger/translation";
import { applyObjects, deleteObject } from "@routeledger/translation/testing";
import { type Part, partKeyText } from "@routeledger/xds-model";
import { freePorts } from "../../conformance/free-ports.ts";
import { claimLoopbackNet } from "../../conformance/loopback-net.ts";
import { answering, httpListener } from "../edge/envoy-parts.ts";
import { EnvoyWorld, faultsOf, type Variant } from "../edge/envoy-world.ts";
import { agrees } from "./agrees.ts";
import { Client, type Got } from "./ask.ts";
import { startEchoBackends } from "./echo-backends.ts";
import { type Asked, backendHeaders, type Expected, expectedOf } from "./oracle.ts";
import {
  endpointPorts,
  gatewayObjects,
  gatewayPorts,
  type Place,
  type PlacedState,
  placed,
} from "./placed.ts";
import type { RandomState } from "./random-state.ts";
import { surroundings } from "./surroundings.ts";

/** How many states Envoy has at once. */
export const slots = 20;
/** How many requests are under way at once. */
const lanes = 16;

/** An answer that is not what the oracle expects; without request: Envoy rejected something of these states. */
export interface Disagreement {
  /** Undefined when it may be of any. */
  readonly slot: number | undefined;
  readonly text: string;
}

/** A state and what translated it: what comes after costs what changed, as in a translator. */
interface Translated {
  readonly state: ConfigState;
  readonly cache: TranslationCache;
}

/** Plays states on one Envoy, one batch after the other. All ends with the test. */
export class RoutingWorld {
  readonly #world: EnvoyWorld;
  readonly #markerPorts: readonly number[];
  readonly #places: readonly Place[];
  /** Of each place; the next may follow from it. */
  readonly #translated = new Map<number, Translated>();
  #batch = 0;
  #faults = 0;
  /** Requests until now by their answers: a status, `backend`, `refused`. */
  readonly answers = new Map<string, number>();

  private constructor(world: EnvoyWorld, markerPorts: readonly number[], places: readonly Place[]) {
    this.#world = world;
    this.#markerPorts = markerPorts;
    this.#places = places;
  }

  static async start(test: TestContext, variant: Variant): Promise<RoutingWorld> {
    const net = await claimLoopbackNet();
    const backendPorts = await startEchoBackends(test, endpointPorts.length, backendHeaders);
    const places: Place[] = [];
    for (let slot = 0; slot < slots; slot++) {
      const ports = await freePorts(gatewayPorts.length);
      // One state has the ports that redirects leave out (G46).
      const known = slot === 0 ? [80, 443, ...ports.slice(2)] : ports;
      places.push({ slot, address: net.pod(slot + 1), ports: known, backendPorts });
    }
    const markerPorts = await freePorts(2);
    const sealingKeys = { keyring: testKeyring, onChanged: () => undefined };
    const parts = marker(0, markerPorts);
    const world = await EnvoyWorld.start(test, variant, () => parts, { edge: { sealingKeys } });
    return new RoutingWorld(world, markerPorts, places);
  }

  /**
   * Publishes the states instead of those before, and asks Envoy all their requests. One that is answered otherwise
   * than the oracle says is asked again for `patienceMs`: an update takes its time.
   * @param follow whether translations follow from those of the states before
   */
  async play(
    states: readonly (readonly [slot: number, state: RandomState])[],
    { patienceMs, follow }: { readonly patienceMs: number; readonly follow: boolean },
  ): Promise<Disagreement[]> {
    const ready = states.map(([slot, { objects, requests, missing }]) => {
      const place = this.#places[slot];
      assert(place !== undefined, `a slot below ${slots}, got ${slot}`);
      return placed({ objects: [...surroundings(p256, { missing }), ...objects], requests }, place);
    });
    await this.#publish(ready, follow);
    const client = new Client((port) => this.#addressOf(port));
    const found = await this.#askAll(client, ready, performance.now() + patienceMs);
    client.close();
    const { rejected = 0, timedOut = 0, cachedAssignments = 0 } = await faultsOf(this.#world.envoy);
    const faults = rejected + timedOut + cachedAssignments;
    const text = `Envoy rejected ${rejected}, waited in vain for ${timedOut + cachedAssignments}: ${this.#world.envoy.log}`;
    if (faults > this.#faults) found.push({ slot: undefined, text });
    this.#faults = faults;
    return found;
  }

  async #publish(states: readonly PlacedState[], follow: boolean): Promise<void> {
    const batch = ++this.#batch;
    const parts = new Map<string, Part>();
    for (const { slot, objects } of states) {
      const before = follow ? this.#translated.get(slot) : undefined;
      const { cache, state } = before ?? { cache: new TranslationCache(), state: emptyConfigState };
      const after = { cache, state: changedTo(state, objects) };
      this.#translated.set(slot, after);
      for (const group of translateAll(after.state, cache).groups.values()) {
        for (const part of group.values()) parts.set(partKeyText(part), part);
      }
    }
    await this.#world.publish([...parts.values(), ...marker(batch, this.#markerPorts)]);
    const port = this.#markerPorts[batch % 2] ?? 0;
    await this.#world.envoy.until(`batch ${batch}`, async () => {
      const status = await this.#world.status("/", port).catch(() => "");
      if (status !== String(markerStatus(batch))) return false;
      return (await this.#world.envoy.stat("listener_manager.total_listeners_warming")) === 0;
    });
  }

  async #askAll(client: Client, states: readonly PlacedState[], deadline: number): Promise<Disagreement[]> {
    const asked = states.flatMap((state) => state.requests.map((request) => ({ state, request })));
    const found: Disagreement[] = [];
    let next = 0;
    const lane = async (): Promise<void> => {
      for (let one = asked[next++]; one !== undefined; one = asked[next++]) {
        const { state, request } = one;
        const expected = expectedOf(gatewayObjects(state), request);
        const got = await this.#askUntil(client, request, expected, deadline);
        this.#count(expected, got);
        if (agrees(request, expected, got)) continue;
        found.push({ slot: state.slot, text: textOf(request, expected, got) });
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
    return found;
  }

  #count(expected: Expected, got: Got): void {
    const answer = got === "refused" ? got : got.echo === undefined ? String(got.status) : "backend";
    const kind = expected === "unspecified" ? expected : answer;
    this.answers.set(kind, (this.answers.get(kind) ?? 0) + 1);
  }

  async #askUntil(client: Client, request: Asked, expected: Expected, deadline: number): Promise<Got> {
    for (;;) {
      const got = await client.ask(request);
      if (agrees(request, expected, got) || performance.now() > deadline) return got;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  #addressOf(port: number): string {
    const place = this.#places.find(({ ports }) => ports.includes(port));
    assert(place !== undefined, `a port of a place, got ${port}`);
    return place.address;
  }
}

/** The state with these objects alone. An apply keeps an object's age, so one of another age is deleted first. */
function changedTo(state: ConfigState, objects: readonly JsonObject[]): ConfigState {
  const wanted = new Map(objects.map((object) => [objectKey(refOf(object)), createdAt(object)]));
  const gone = allObjects(state).filter(
    ({ object }) => wanted.get(objectKey(refOf(object))) !== createdAt(object),
  );
  const kept = gone.reduce((before, { object }) => deleteObject(before, object), state);
  return applyObjects(kept, objects);
}

function createdAt({ metadata }: JsonObject): string {
  return String((metadata as JsonObject).creationTimestamp);
}

/** A listener of this batch alone: it answers when Envoy has all of the batch, for routes come last. */
function marker(batch: number, ports: readonly number[]): Part[] {
  const table = `marker/${batch}`;
  const port = ports[batch % 2] ?? 0;
  return [httpListener(`marker/${batch % 2}`, { port, table }), answering(table, markerStatus(batch))];
}

function markerStatus(batch: number): number {
  return 200 + (batch % 300);
}

function textOf(request: Asked, expected: Expected, got: Got): string {
  const shown = { request, expected, got };
  return JSON.stringify(shown, null, 2);
}
