import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from "node:http2";
import type { TestContext } from "node:test";
import { status } from "@grpc/grpc-js";
import { codec, type MessageTypes, methodPath } from "@routeledger/protos";
import { defaultGroup } from "../../features/xds/edge-world.ts";
import type { Protocol } from "../../features/xds/raw-client.ts";

const ads = "envoy.service.discovery.v3.AggregatedDiscoveryService";
const methods = { sotw: "StreamAggregatedResources", delta: "DeltaAggregatedResources" } as const;

/** Path of the aggregated discovery method. */
export function adsPath(protocol: Protocol): string {
  return methodPath(ads, methods[protocol]);
}

/** How a call ended. */
export interface WireEnd {
  /** A gRPC status by its name; `RST_STREAM n` or `no status` when none came. */
  readonly code: string;
  readonly message: string;
}

/** A connection that ends with the test; what goes wrong with it shows in its calls. */
export function wireSession(test: TestContext, address: string): ClientHttp2Session {
  const session = connect(`http://${address}`);
  session.on("error", () => undefined);
  test.after(() => session.destroy());
  return session;
}

/** One discovery call whose bytes a test writes itself. */
export class WireCall {
  readonly protocol: Protocol;
  readonly stream: ClientHttp2Stream;
  readonly ended: Promise<WireEnd>;
  #received = Buffer.alloc(0);
  readonly #listeners = new Set<() => void>();

  constructor(
    session: ClientHttp2Session,
    protocol: Protocol,
    headers: Readonly<Record<string, string>> = {},
  ) {
    this.protocol = protocol;
    this.stream = session.request({
      ":method": "POST",
      ":path": adsPath(protocol),
      "content-type": "application/grpc",
      te: "trailers",
      ...headers,
    });
    this.ended = endOf(this.stream);
    this.stream.on("data", (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      for (const listener of [...this.#listeners]) listener();
    });
  }

  /** Bytes as they are, in frames of HTTP/2 that Node makes. */
  write(bytes: Uint8Array): void {
    if (!this.stream.destroyed && !this.stream.writableEnded) this.stream.write(bytes);
  }

  /** One message of gRPC. */
  send(message: Uint8Array): void {
    this.write(grpcFrame(message));
  }

  /** The first request: who it is, and a subscription that is answered at once. Resolves when it was answered. */
  async begin(fence = "fence-1"): Promise<void> {
    this.send(requestOf(this.protocol, "extensionConfig", [fence], { node: fuzzNode }));
    await this.saw(fence);
  }

  /** Asks for an extension config that exists. Resolves to how the call ended, or to undefined when it was answered. */
  async fence(name: string): Promise<WireEnd | undefined> {
    this.#received = Buffer.alloc(0);
    this.send(requestOf(this.protocol, "extensionConfig", [name]));
    return await Promise.race([this.ended, this.saw(name).then(() => undefined)]);
  }

  /** Resolves when these characters came, or the call ended. */
  async saw(text: string): Promise<void> {
    const seen = new Promise<void>((resolve) => {
      const look = (): void => {
        if (!this.#received.includes(text)) return;
        this.#listeners.delete(look);
        resolve();
      };
      this.#listeners.add(look);
      look();
    });
    await Promise.race([seen, this.ended]);
  }

  cancel(): void {
    this.stream.close(constants.NGHTTP2_CANCEL);
  }
}

function endOf(stream: ClientHttp2Stream): Promise<WireEnd> {
  return new Promise((resolve) => {
    const take = (headers: Readonly<Record<string, unknown>>): void => {
      const code = headers["grpc-status"];
      if (code === undefined) return;
      const message = decodeURIComponent(String(headers["grpc-message"] ?? ""));
      resolve({ code: status[Number(code)] ?? String(code), message });
      // As clients do: the server has said its last.
      if (!stream.destroyed) stream.end();
    };
    stream.on("response", take);
    stream.on("trailers", take);
    stream.on("error", () => undefined);
    stream.on("close", () =>
      resolve({ code: stream.rstCode === 0 ? "no status" : `RST_STREAM ${stream.rstCode}`, message: "" }),
    );
  });
}

export const fuzzNode = { id: "fuzz", cluster: defaultGroup } as const;

/** A message as gRPC frames it; or as it should not. */
export function grpcFrame(message: Uint8Array, { flag = 0, length = message.length } = {}): Buffer {
  const head = Buffer.alloc(5);
  head[0] = flag;
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, message]);
}

type SotwRequest = MessageTypes["envoy.service.discovery.v3.DiscoveryRequest"];
type DeltaRequest = MessageTypes["envoy.service.discovery.v3.DeltaDiscoveryRequest"];

const urls = {
  cluster: "type.googleapis.com/envoy.config.cluster.v3.Cluster",
  endpoint: "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
  extensionConfig: "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig",
} as const;

/** A request for names of a type, encoded: one of ours, or any URL. */
export function requestOf(
  protocol: Protocol,
  type: string,
  names: readonly string[],
  more: Partial<SotwRequest & DeltaRequest> = {},
): Uint8Array {
  const typeUrl = Object.hasOwn(urls, type) ? urls[type as keyof typeof urls] : type;
  if (protocol === "sotw") {
    const request = { typeUrl, resourceNames: [...names], ...more };
    return codec("envoy.service.discovery.v3.DiscoveryRequest").encode(request);
  }
  const request = { typeUrl, resourceNamesSubscribe: [...names], ...more };
  return codec("envoy.service.discovery.v3.DeltaDiscoveryRequest").encode(request);
}

/** Whether the bytes are a request of that protocol. */
export function isRequest(protocol: Protocol, bytes: Uint8Array): boolean {
  const name = protocol === "sotw" ? "DiscoveryRequest" : "DeltaDiscoveryRequest";
  try {
    codec(`envoy.service.discovery.v3.${name}`).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
