/** Envoy's multiplexer of SotW streams (`GrpcMuxImpl`; section 1.1 of the xDS rules). */
import { type Resource, type ResourceType, typeUrls } from "@routeledger/xds-model";
import type { SotwRequest } from "@routeledger/xds-stream";
import { emptySotw, errorDetail } from "./empty-requests.ts";
import {
  type Mux,
  type ReceivedResponse,
  Rejection,
  type Watch,
  type WatchCallbacks,
  type XdsRequest,
} from "./mux.ts";
import { factsOf } from "./resource-facts.ts";

interface SotwWatch {
  readonly name: string | undefined;
  readonly callbacks: WatchCallbacks;
  isEnded: boolean;
}

/** One request object a type (1.1.1): what is sent says what it holds at that moment. */
interface TypeState {
  readonly type: ResourceType;
  watches: SotwWatch[];
  version: string;
  nonce: string;
  /** Cleared after one send (1.1.4). */
  error: string | undefined;
  pauses: number;
  isPending: boolean;
}

export class SotwMux implements Mux {
  readonly #node: SotwRequest["node"];
  /** In the order of first subscription, which is that of requests on a new stream (1.1.7). */
  readonly #states = new Map<ResourceType, TypeState>();
  /** What came of types to which it never subscribed: no request is sent, but the nonce is remembered (1.1.5). */
  readonly #strangers = new Map<ResourceType, { nonce: string; version: string }>();
  readonly #pauses = new Map<ResourceType, number>();
  #send: ((request: XdsRequest) => void) | undefined;
  #isFirst = true;

  constructor(node: SotwRequest["node"]) {
    this.#node = node;
  }

  watch(type: ResourceType, name: string | undefined, callbacks: WatchCallbacks): Watch {
    const state = this.#subscribe(type);
    const watch: SotwWatch = { name, callbacks, isEnded: false };
    state.watches = [watch, ...state.watches];
    this.#queue(state);
    return {
      end: () => {
        if (watch.isEnded) return;
        watch.isEnded = true;
        state.watches = state.watches.filter((other) => other !== watch);
        if (name !== undefined) this.#queue(state);
      },
    };
  }

  pause(types: readonly ResourceType[]): () => void {
    for (const type of types) this.#pauses.set(type, this.#pausesOf(type) + 1);
    return () => {
      for (const type of types) {
        this.#pauses.set(type, this.#pausesOf(type) - 1);
        const state = this.#states.get(type);
        if (this.#pausesOf(type) > 0 || state?.isPending !== true) continue;
        state.isPending = false;
        this.#queue(state);
      }
    };
  }

  connect(send: (request: XdsRequest) => void): void {
    this.#send = send;
    this.#isFirst = true;
    for (const state of this.#states.values()) this.#queue(state);
  }

  /** What was taken is kept, the nonce not (1.1.7). */
  disconnect(): void {
    this.#send = undefined;
    for (const state of [...this.#states.values(), ...this.#strangers.values()]) state.nonce = "";
  }

  take(response: ReceivedResponse): void {
    const state = this.#states.get(response.resourceType);
    if (state === undefined) {
      this.#takeStrange(response);
      return;
    }
    if (state.watches.length === 0) {
      this.#takeUnwatched(state, response);
      return;
    }
    const resume = this.pause([response.resourceType]);
    try {
      this.#deliver(state, response);
      state.version = response.version;
    } catch (error) {
      if (!(error instanceof Rejection)) throw error;
      for (const watch of [...state.watches]) if (!watch.isEnded) watch.callbacks.rejected();
      state.error = error.message;
    }
    state.nonce = response.nonce;
    this.#queue(state);
    resume();
  }

  /** Nobody watches the type: what comes is answered with the old version, and without an error (1.1.5). */
  #takeUnwatched(state: TypeState, { nonce, version, resources }: ReceivedResponse): void {
    state.nonce = nonce;
    if (resources.length === 0) state.version = version;
    else this.#queue(state);
  }

  /** What is paused while others are taken is known from then on; routes are since listeners were asked for. */
  #takeStrange({ resourceType, nonce, version, resources }: ReceivedResponse): void {
    const isKnown =
      this.#pauses.has(resourceType) || (resourceType === "route" && this.#states.has("listener"));
    if (!isKnown) return;
    const former = this.#strangers.get(resourceType)?.version ?? "";
    this.#strangers.set(resourceType, { nonce, version: resources.length === 0 ? version : former });
  }

  /** A field that is wrong anywhere rejects the response before anything of it is applied (1.2.6). */
  #deliver({ watches }: TypeState, { resources }: ReceivedResponse): void {
    for (const resource of resources) {
      const { fieldError } = factsOf(resource);
      if (fieldError !== undefined) throw new Rejection(fieldError);
    }
    const byName = new Map<string, Resource>();
    for (const resource of resources) if (!byName.has(resource.name)) byName.set(resource.name, resource);
    for (const watch of watches) {
      if (watch.isEnded) continue;
      if (watch.name === undefined) watch.callbacks.update(resources, []);
      const found = watch.name === undefined ? undefined : byName.get(watch.name);
      if (found !== undefined) watch.callbacks.update([found], []);
    }
  }

  #subscribe(type: ResourceType): TypeState {
    const known = this.#states.get(type);
    if (known !== undefined) return known;
    const state: TypeState = {
      type,
      watches: [],
      version: "",
      nonce: "",
      ...this.#strangers.get(type),
      error: undefined,
      pauses: 0,
      isPending: false,
    };
    this.#states.set(type, state);
    return state;
  }

  /** Every change of a watch asks again, though the names are the same (1.1.2); in a pause once for all (1.1.3). */
  #queue(state: TypeState): void {
    if (this.#send === undefined) return;
    if (this.#pausesOf(state.type) > 0) {
      state.isPending = true;
      return;
    }
    const { type, watches, version, nonce, error } = state;
    const names = new Set(watches.flatMap(({ name }) => (name === undefined ? [] : [name])));
    const request: SotwRequest = {
      ...emptySotw,
      node: this.#isFirst ? this.#node : undefined,
      typeUrl: typeUrls[type],
      resourceNames: [...names],
      versionInfo: version,
      responseNonce: nonce,
      errorDetail: error === undefined ? undefined : errorDetail(error),
    };
    this.#isFirst = false;
    state.error = undefined;
    this.#send(request);
  }

  #pausesOf(type: ResourceType): number {
    return this.#pauses.get(type) ?? 0;
  }
}
