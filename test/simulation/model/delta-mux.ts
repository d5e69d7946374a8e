/** Envoy's multiplexer of delta streams (`NewGrpcMuxImpl`; section 1.2 of the xDS rules). */
import { type Resource, type ResourceType, typeUrls } from "@routeledger/xds-model";
import type { DeltaRequest } from "@routeledger/xds-stream";
import { DeltaInterest } from "./delta-interest.ts";
import { emptyDelta, errorDetail } from "./empty-requests.ts";
import {
  type Mux,
  type ReceivedResponse,
  Rejection,
  type Watch,
  type WatchCallbacks,
  type XdsRequest,
} from "./mux.ts";
import { factsOf } from "./resource-facts.ts";

interface DeltaWatch {
  readonly name: string | undefined;
  readonly callbacks: WatchCallbacks;
  isEnded: boolean;
}

interface TypeState {
  readonly type: ResourceType;
  readonly watches: Set<DeltaWatch>;
  readonly interest: DeltaInterest;
}

interface WaitingAck {
  readonly type: ResourceType;
  readonly nonce: string;
  readonly error: string | undefined;
}

export class DeltaMux implements Mux {
  readonly #node: DeltaRequest["node"];
  /** In the order of first subscription. */
  readonly #states = new Map<ResourceType, TypeState>();
  readonly #pauses = new Map<ResourceType, number>();
  /** Answers go before plain requests, in the order of their responses; those of a paused type wait (1.2.3). */
  #acks: WaitingAck[] = [];
  #send: ((request: XdsRequest) => void) | undefined;
  #isFirst = true;

  constructor(node: DeltaRequest["node"]) {
    this.#node = node;
  }

  /** Only the first watch of a name subscribes, only the end of its last one unsubscribes (1.2.1). */
  watch(type: ResourceType, name: string | undefined, callbacks: WatchCallbacks): Watch {
    const state = this.#subscribe(type);
    const watch: DeltaWatch = { name, callbacks, isEnded: false };
    const isFirst = name !== undefined && !isWatched(state, name);
    state.watches.add(watch);
    if (isFirst) state.interest.add(name);
    this.#sendAll();
    return {
      end: () => {
        if (watch.isEnded) return;
        watch.isEnded = true;
        state.watches.delete(watch);
        if (name === undefined || isWatched(state, name)) return;
        state.interest.remove(name);
        this.#sendAll();
      },
    };
  }

  pause(types: readonly ResourceType[]): () => void {
    for (const type of types) this.#pauses.set(type, (this.#pauses.get(type) ?? 0) + 1);
    return () => {
      for (const type of types) this.#pauses.set(type, (this.#pauses.get(type) ?? 0) - 1);
      this.#sendAll();
    };
  }

  connect(send: (request: XdsRequest) => void): void {
    this.#send = send;
    this.#isFirst = true;
    this.#acks = [];
    for (const { interest } of this.#states.values()) interest.beginStream();
    this.#sendAll();
  }

  disconnect(): void {
    this.#send = undefined;
  }

  take(response: ReceivedResponse): void {
    const { resourceType: type, nonce } = response;
    const state = this.#states.get(type);
    if (state === undefined) return;
    let error: string | undefined;
    try {
      rejectRepeatedNames(response);
      deliver(state, response);
      for (const { name, version } of response.resources) state.interest.hold(name, version);
      for (const name of response.removed) state.interest.lose(name);
    } catch (rejection) {
      if (!(rejection instanceof Rejection)) throw rejection;
      error = rejection.message;
      for (const watch of [...state.watches]) if (!watch.isEnded) watch.callbacks.rejected();
    }
    this.#acks.push({ type, nonce, error });
    this.#sendAll();
  }

  #subscribe(type: ResourceType): TypeState {
    const known = this.#states.get(type);
    if (known !== undefined) return known;
    const state: TypeState = { type, watches: new Set(), interest: new DeltaInterest() };
    this.#states.set(type, state);
    return state;
  }

  #sendAll(): void {
    while (this.#send !== undefined) {
      const at = this.#acks.findIndex(({ type }) => !this.#isPaused(type));
      const [ack] = at < 0 ? [] : this.#acks.splice(at, 1);
      const state =
        ack === undefined
          ? [...this.#states.values()].find(({ type, interest }) => !this.#isPaused(type) && interest.isDue)
          : this.#states.get(ack.type);
      if (state === undefined) return;
      this.#send(this.#request(state, ack));
    }
  }

  #request({ type, interest }: TypeState, ack: WaitingAck | undefined): DeltaRequest {
    const node = this.#isFirst ? this.#node : undefined;
    this.#isFirst = false;
    return {
      ...emptyDelta,
      node,
      typeUrl: typeUrls[type],
      ...interest.take(),
      responseNonce: ack?.nonce ?? "",
      errorDetail: ack?.error === undefined ? undefined : errorDetail(ack.error),
    };
  }

  #isPaused(type: ResourceType): boolean {
    return (this.#pauses.get(type) ?? 0) > 0;
  }
}

function isWatched({ watches }: TypeState, name: string): boolean {
  for (const watch of watches) if (watch.name === name) return true;
  return false;
}

/** A name twice, or both there and removed (1.2.7). */
function rejectRepeatedNames({ resources, removed }: ReceivedResponse): void {
  const names = new Set<string>();
  for (const name of [...resources.map((resource) => resource.name), ...removed]) {
    if (names.has(name)) throw new Rejection(`duplicate name ${name}`);
    names.add(name);
  }
}

/** What nobody watches is not even decoded; a field that is wrong elsewhere rejects all (1.2.6). */
function deliver({ watches }: TypeState, { resources, removed }: ReceivedResponse): void {
  const isWanted = (name: string): boolean =>
    [...watches].some((watch) => watch.name === undefined || watch.name === name);
  for (const resource of resources) {
    const { fieldError } = factsOf(resource);
    if (fieldError !== undefined && isWanted(resource.name)) throw new Rejection(fieldError);
  }
  for (const watch of [...watches]) {
    if (watch.isEnded) continue;
    const { name, callbacks } = watch;
    const added: readonly Resource[] =
      name === undefined ? resources : resources.filter((resource) => resource.name === name);
    const gone = name === undefined ? removed : removed.filter((each) => each === name);
    const isEmpty = resources.length + removed.length === 0;
    if (added.length + gone.length > 0 || (name === undefined && isEmpty)) callbacks.update(added, gone);
  }
}
