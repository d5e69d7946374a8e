import { Server, ServerCredentials, type ServiceDefinition, status } from "@grpc/grpc-js";
import { codec, type MessageName, methodPath } from "@routeledger/protos";
import { AssertionFailed, Failure } from "@routeledger/std";
import type { Protocol } from "@routeledger/xds-stream";
import type { AdsCall } from "./stream-session.ts";
import { writeShared } from "./write-shared.ts";

const adsService = "envoy.service.discovery.v3.AggregatedDiscoveryService";

/** A SotW EDS request lists every name (rule 69). */
const receivedBytesMax = 64 * 1024 * 1024;
/** Streams of one connection; an Envoy needs one. */
const streamsPerConnectionMax = 100;
/** A peer that does not answer a ping is gone. */
const keepaliveTimeMs = 30_000;
const keepaliveTimeoutMs = 10_000;
export interface AdsServer {
  /** host:port, with the port that it got. */
  readonly address: string;
  /**
   * Takes no new connection, tells the open ones that they get no new stream (GOAWAY), and ends those that are still
   * open after `graceMs`. Resolves when none is.
   */
  drain(graceMs: number): Promise<void>;
}

/**
 * Serves the aggregated discovery service, SotW and delta, without transport security.
 * @param address host:port; port 0 takes a free one
 * @throws Failure `edge.address` when the address cannot be listened on
 */
export async function startAdsServer(
  address: string,
  onStream: (call: AdsCall, protocol: Protocol) => void,
): Promise<AdsServer> {
  const server = new Server({
    "grpc.max_receive_message_length": receivedBytesMax,
    "grpc.max_send_message_length": -1,
    "grpc.max_concurrent_streams": streamsPerConnectionMax,
    "grpc.keepalive_time_ms": keepaliveTimeMs,
    "grpc.keepalive_timeout_ms": keepaliveTimeoutMs,
    "grpc.keepalive_permit_without_calls": 1,
    "grpc.enable_channelz": 0,
    interceptors: [writeShared],
  });
  server.addService(adsDefinition, {
    StreamAggregatedResources: (call: AdsCall) => onStream(call, "sotw"),
    DeltaAggregatedResources: (call: AdsCall) => onStream(call, "delta"),
  });
  const port = await bind(server, address);
  const bound = `${address.slice(0, address.lastIndexOf(":"))}:${port}`;
  return { address: bound, drain: (graceMs) => drain(server, bound, graceMs) };
}

/** A shutdown alone would wait for clients that take nothing; draining first ends their connections. */
function drain(server: Server, bound: string, graceMs: number): Promise<void> {
  server.drain(bound, graceMs);
  return new Promise((resolve) => server.tryShutdown(() => resolve()));
}

const adsDefinition: ServiceDefinition = {
  StreamAggregatedResources: method(
    "StreamAggregatedResources",
    "envoy.service.discovery.v3.DiscoveryRequest",
  ),
  DeltaAggregatedResources: method(
    "DeltaAggregatedResources",
    "envoy.service.discovery.v3.DeltaDiscoveryRequest",
  ),
};

/** Requests are decoded here; responses come encoded and go through `writeShared`, which does not serialize. */
function method(name: string, requestName: MessageName): ServiceDefinition[string] {
  return {
    path: methodPath(adsService, name),
    requestStream: true,
    responseStream: true,
    requestSerialize: (request: Buffer) => request,
    requestDeserialize: (bytes: Buffer) => codec(requestName).decode(bytes),
    responseSerialize: () => {
      throw new AssertionFailed("responses to be written as they are");
    },
    responseDeserialize: (bytes: Buffer) => bytes,
  };
}

function bind(server: Server, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) {
        resolve(port);
        return;
      }
      const hint = "choose another one with --edge-address, or stop what listens there";
      reject(
        new Failure(`listen for proxies on ${address}: ${error.message}`, {
          code: "edge.address",
          retryable: false,
          hint,
          cause: error,
        }),
      );
    });
  });
}

/** Refuses a stream without a first answer: the client backs off and asks again. */
export function refuse(call: AdsCall, details: string): void {
  call.emit("error", { code: status.UNAVAILABLE, details });
}
