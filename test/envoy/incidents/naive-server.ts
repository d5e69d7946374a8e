import { Server, ServerCredentials, type ServerDuplexStream } from "@grpc/grpc-js";
import { codec, methodPath } from "@routeledger/protos";
import type { Part, Snapshot } from "@routeledger/xds-model";
import { snapshotOf } from "@routeledger/xds-model/testing";
import type { StreamInput, StreamResponse } from "@routeledger/xds-stream";
import type { Protocol } from "../../features/xds/raw-client.ts";
import { openNaiveStream } from "../../simulation/world/naive-server.ts";
import type { OpenServerStream } from "../../simulation/world/server-stream.ts";
import { type SeenRequest, seenDelta, seenSotw } from "../edge/seen-request.ts";

const ads = "envoy.service.discovery.v3.AggregatedDiscoveryService";

type Call = ServerDuplexStream<Buffer, Buffer>;

/** The simulation's naive server, which answers what changed in its store and nothing else, for real Envoys. */
export class NaiveServer {
  /** In the order in which they came. */
  readonly requests: SeenRequest[] = [];
  readonly #open: OpenServerStream;
  readonly #protocol: Protocol;
  readonly #server = new Server();
  readonly #offers = new Set<(input: StreamInput) => void>();
  #snapshot: Snapshot;
  #sequence = 1;

  private constructor(protocol: Protocol, parts: readonly Part[], open: OpenServerStream) {
    this.#open = open;
    this.#protocol = protocol;
    this.#snapshot = snapshotOf(parts, this.#sequence);
  }

  /** Resolves when it serves these parts on that port of loopback. Stop it when done. */
  static async start(
    protocol: Protocol,
    port: number,
    parts: readonly Part[],
    open = openNaiveStream,
  ): Promise<NaiveServer> {
    const naive = new NaiveServer(protocol, parts, open);
    const path = methodPath(
      ads,
      protocol === "sotw" ? "StreamAggregatedResources" : "DeltaAggregatedResources",
    );
    const asItIs = (bytes: Buffer): Buffer => bytes;
    const both = { requestStream: true, responseStream: true };
    const requests = { requestSerialize: asItIs, requestDeserialize: asItIs };
    const responses = { responseSerialize: asItIs, responseDeserialize: asItIs };
    const definition = { stream: { path, ...both, ...requests, ...responses } };
    naive.#server.addService(definition, { stream: (call: Call) => naive.#serve(call) });
    await new Promise<void>((resolve, reject) => {
      naive.#server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error) =>
        error === null ? resolve() : reject(error),
      );
    });
    return naive;
  }

  /** From now on it serves exactly these parts. */
  publish(parts: readonly Part[]): void {
    this.#snapshot = snapshotOf(parts, ++this.#sequence, this.#snapshot);
    for (const offer of this.#offers) offer({ type: "snapshot", snapshot: this.#snapshot });
  }

  stop(): void {
    this.#server.forceShutdown();
  }

  #serve(call: Call): void {
    const stream = this.#open({ protocol: this.#protocol, streamId: "naive" });
    const isSotw = this.#protocol === "sotw";
    const give = (input: StreamInput): void => {
      for (const output of stream.give(input)) {
        if (output.type === "connected") give({ type: "snapshot", snapshot: this.#snapshot });
        if (output.type !== "send") continue;
        call.write(Buffer.from(isSotw ? sotw(output.response) : delta(output.response)));
        give({ type: "writable" });
      }
    };
    this.#offers.add(give);
    call.on("error", () => undefined);
    call.on("close", () => this.#offers.delete(give));
    call.on("data", (bytes: Buffer) => {
      this.requests.push(isSotw ? seenSotw(1, bytes) : seenDelta(1, bytes));
      if (isSotw)
        give({
          type: "sotwRequest",
          request: codec("envoy.service.discovery.v3.DiscoveryRequest").decode(bytes),
        });
      else
        give({
          type: "deltaRequest",
          request: codec("envoy.service.discovery.v3.DeltaDiscoveryRequest").decode(bytes),
        });
    });
  }
}

function sotw({ typeUrl, nonce, version, resources }: StreamResponse): Uint8Array {
  return codec("envoy.service.discovery.v3.DiscoveryResponse").encode({
    typeUrl,
    nonce,
    versionInfo: version,
    resources: resources.map(({ bytes }) => ({ typeUrl, value: bytes })),
  });
}

function delta({ typeUrl, nonce, version, resources, removed }: StreamResponse): Uint8Array {
  return codec("envoy.service.discovery.v3.DeltaDiscoveryResponse").encode({
    typeUrl,
    nonce,
    systemVersionInfo: version,
    resources: resources.map((one) => ({
      name: one.name,
      version: one.version,
      resource: { typeUrl, value: one.bytes },
    })),
    removedResources: [...removed],
  });
}
