import {
  Server,
  ServerCredentials,
  type ServiceDefinition,
  status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import type { ServiceName } from "@routeledger/protos";
import { Failure } from "@routeledger/std";
import type { ResourceType } from "@routeledger/xds-model";
import type { Protocol } from "@routeledger/xds-stream";
import { discoveryServices, streamingMethods } from "./discovery-services.ts";
import type { EdgeLimits } from "./edge-limits.ts";
import { serviceDefinition } from "./grpc-service.ts";
import { type PeerNames, peerNamesOf } from "./peer-identity.ts";
import type { DiscoveryCall } from "./stream-session.ts";
import type { TlsCertificates } from "./tls-certificates.ts";
import { writeShared } from "./write-shared.ts";

/** A SotW EDS request lists every name (rule 69). */
const receivedBytesMax = 64 * 1024 * 1024;
/** What one connection may hold in memory of the HTTP/2 library, megabytes; then it gets no new stream. */
const connectionMegabytesMax = 256;
/** A connection without a stream is closed after so long. */
const idleConnectionMs = 300_000;

/** Which of the services, how, and by whom. */
export interface StreamKind {
  readonly protocol: Protocol;
  /** Of a per-type service; absent: the aggregated one. */
  readonly resourceType?: ResourceType;
  /** Of the client's certificate. */
  readonly peerNames: PeerNames;
}

export interface ProxyServerOptions {
  /** host:port; port 0 takes a free one. */
  readonly address: string;
  /** Absent: in clear. */
  readonly certificates?: TlsCertificates | undefined;
  readonly onStream: (call: DiscoveryCall, kind: StreamKind) => void;
  readonly limits: Pick<EdgeLimits, "streamsPerConnectionMax" | "keepaliveMs" | "keepaliveTimeoutMs">;
  /** What is served beside discovery. */
  readonly services: readonly SideService[];
}

export interface SideService {
  readonly service: ServiceName;
  readonly handlers: UntypedServiceImplementation;
  /** Its handlers take requests as bytes. */
  readonly bytes?: boolean;
}

export interface ProxyServer {
  /** host:port, with the port that it got. */
  readonly address: string;
  /**
   * Takes no new connection, tells the open ones that they get no new stream (GOAWAY), and ends those that are still
   * open after `graceMs`. Resolves when none is.
   */
  drain(graceMs: number): Promise<void>;
}

/**
 * Serves the discovery services, SotW and delta.
 * @throws Failure `edge.address` when the address cannot be listened on
 */
export async function startProxyServer(options: ProxyServerOptions): Promise<ProxyServer> {
  const { address, certificates, onStream, services, limits } = options;
  const server = new Server({
    "grpc.max_receive_message_length": receivedBytesMax,
    "grpc.max_send_message_length": -1,
    "grpc-node.max_session_memory": connectionMegabytesMax,
    "grpc.max_concurrent_streams": limits.streamsPerConnectionMax,
    "grpc.max_connection_idle_ms": idleConnectionMs,
    "grpc.keepalive_time_ms": limits.keepaliveMs,
    "grpc.keepalive_timeout_ms": limits.keepaliveTimeoutMs,
    "grpc.keepalive_permit_without_calls": 1,
    "grpc.enable_channelz": 0,
    interceptors: [writeShared],
  });
  for (const { service, resourceType } of discoveryServices) {
    const definition: ServiceDefinition = {};
    const handlers: Record<string, (call: DiscoveryCall) => void> = {};
    for (const { name, protocol, definition: method } of streamingMethods(service)) {
      const kind = { protocol, ...(resourceType && { resourceType }) };
      Object.assign(definition, { [name]: method });
      handlers[name] = (call) => onStream(call, { ...kind, peerNames: namesOf(call) });
    }
    server.addService(definition, handlers);
  }
  for (const { service, handlers, bytes = false } of services)
    server.addService(serviceDefinition(service, { bytes }), handlers);
  const port = await bind(server, address, certificates?.credentials ?? ServerCredentials.createInsecure());
  const bound = `${address.slice(0, address.lastIndexOf(":"))}:${port}`;
  return { address: bound, drain: (graceMs) => drain(server, bound, graceMs) };
}

/** A shutdown alone would wait for clients that take nothing; draining first ends their connections. */
function drain(server: Server, bound: string, graceMs: number): Promise<void> {
  server.drain(bound, graceMs);
  return new Promise((resolve) => server.tryShutdown(() => resolve()));
}

function namesOf(call: DiscoveryCall): PeerNames {
  return peerNamesOf(call.getAuthContext().sslPeerCertificate);
}

function bind(server: Server, address: string, credentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) => {
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
export function refuse(call: DiscoveryCall, details: string): void {
  call.emit("error", { code: status.UNAVAILABLE, details });
}
