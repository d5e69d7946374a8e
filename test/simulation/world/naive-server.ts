/**
 * A server as many are: a store with a version a resource, that answers what changed in it since it last answered.
 * Names, nonces, order and NACKs it handles well; it never asks what the proxy needs now. It must fail in the
 * simulated worlds, or these prove nothing.
 */
import {
  type Resource,
  type ResourceType,
  resourceTypes,
  type Snapshot,
  typeOfUrl,
  typeUrls,
} from "@routeledger/xds-model";
import type {
  DeltaRequest,
  SotwRequest,
  StreamInput,
  StreamOutput,
  XdsStreamOptions,
} from "@routeledger/xds-stream";
import type { OpenServerStream, ServerStream } from "./server-stream.ts";

interface Watched {
  isAsked: boolean;
  isWildcard: boolean;
  isAnswerDue: boolean;
  readonly names: Set<string>;
  /** Digests of what was sent. */
  readonly sent: Map<string, string>;
}

export const openNaiveStream: OpenServerStream = (options) => new NaiveStream(options, { remembers: false });

/**
 * The same with one more fault: what it sent counts as sent after the proxy dropped it, too. Who asks for it again gets
 * it when it changes.
 */
export const openRememberingStream: OpenServerStream = (options) =>
  new NaiveStream(options, { remembers: true });

class NaiveStream implements ServerStream {
  readonly #isSotw: boolean;
  readonly #streamId: string;
  readonly #remembers: boolean;
  readonly #types = new Map<ResourceType, Watched>();
  #snapshot: Snapshot | undefined;
  #isConnected = false;
  #isWritable = true;
  #count = 0;

  constructor({ protocol, streamId }: XdsStreamOptions, { remembers }: { readonly remembers: boolean }) {
    this.#isSotw = protocol === "sotw";
    this.#streamId = streamId;
    this.#remembers = remembers;
  }

  give(input: StreamInput): readonly StreamOutput[] {
    const outputs: StreamOutput[] = [];
    if (input.type === "snapshot") this.#snapshot = input.snapshot;
    if (input.type === "writable") this.#isWritable = true;
    if (input.type === "sotwRequest" || input.type === "deltaRequest") {
      const { node } = input.request;
      if (!this.#isConnected && node !== undefined) outputs.push({ type: "connected", node });
      this.#isConnected = true;
      if (input.type === "sotwRequest") this.#takeSotw(input.request);
      else this.#takeDelta(input.request);
    }
    return [...outputs, ...this.#answer()];
  }

  #takeSotw({ typeUrl, resourceNames }: SotwRequest): void {
    const watched = this.#watched(typeUrl);
    if (watched === undefined) return;
    const { names, sent } = watched;
    for (const name of [...names]) if (!resourceNames.includes(name)) names.delete(name);
    for (const name of resourceNames) names.add(name);
    if (watched.isWildcard || this.#remembers) return;
    for (const name of [...sent.keys()]) if (!names.has(name)) sent.delete(name);
  }

  #takeDelta(request: DeltaRequest): void {
    const watched = this.#watched(request.typeUrl);
    if (watched === undefined) return;
    for (const name of request.resourceNamesUnsubscribe) {
      watched.names.delete(name);
      if (!this.#remembers) watched.sent.delete(name);
    }
    for (const name of request.resourceNamesSubscribe) watched.names.add(name);
    for (const [name, version] of Object.entries(request.initialResourceVersions))
      watched.sent.set(name, version.split("-")[1] ?? "");
  }

  #watched(typeUrl: string): Watched | undefined {
    const type = typeOfUrl(typeUrl);
    if (type === undefined) return undefined;
    const known = this.#types.get(type);
    if (known !== undefined) return known;
    const isWildcard = type === "cluster" || type === "listener";
    const watched = {
      isAsked: true,
      isWildcard,
      isAnswerDue: isWildcard,
      names: new Set<string>(),
      sent: new Map(),
    };
    this.#types.set(type, watched);
    return watched;
  }

  /** In the order of the types, what changed. */
  #answer(): StreamOutput[] {
    const snapshot = this.#snapshot;
    if (snapshot === undefined || !this.#isWritable) return [];
    for (const type of resourceTypes) {
      const watched = this.#types.get(type);
      if (watched === undefined) continue;
      const output = this.#changed(snapshot, type, watched);
      if (output !== undefined) return [output];
    }
    return [];
  }

  #changed(snapshot: Snapshot, type: ResourceType, watched: Watched): StreamOutput | undefined {
    const { isWildcard, names, sent, isAnswerDue } = watched;
    const { resources, version } = snapshot.types[type];
    const wanted = [...resources.values()].filter(({ name }) => isWildcard || names.has(name));
    const changed = wanted.filter(({ name, digest }) => sent.get(name) !== digest.slice(0, 16));
    const gone = [...sent.keys()].filter((name) => !resources.has(name));
    if (changed.length + gone.length === 0 && !isAnswerDue) return undefined;
    watched.isAnswerDue = false;
    for (const name of gone) sent.delete(name);
    for (const { name, digest } of changed) sent.set(name, digest.slice(0, 16));
    const isFull = this.#isSotw && isWildcard;
    const content: readonly Resource[] = isFull ? wanted : changed;
    if (content.length === 0 && this.#isSotw && !isFull) return undefined;
    this.#isWritable = false;
    return {
      type: "send",
      response: {
        resourceType: type,
        typeUrl: typeUrls[type],
        nonce: `${this.#streamId}-${++this.#count}`,
        version,
        revision: snapshot.revision,
        resources: content,
        removed: this.#isSotw ? [] : gone,
      },
    };
  }
}
