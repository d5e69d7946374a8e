import type { ConfigObject } from "@routeledger/config-model";
import type { BackendTlsSettings } from "../tls/backend-tls-settings.ts";
import type { UpstreamTls } from "../tls/upstream-tls.ts";

/** HTTP version that a backend is spoken to in: part of what a cluster is (G76). */
export type UpstreamProtocol = "http1" | "http2";

/** What a valid backendRef reaches: one cluster. The same object and port give the same instance. */
export interface Upstream {
  /** Cluster name: what it reaches and in which protocol, never a position or an owner that may go. */
  readonly name: string;
  /** While another generation of it is tried. */
  readonly trial?: Trial;
  readonly protocol: UpstreamProtocol;
  readonly owner: ConfigObject;
  readonly endpoints: EndpointSource;
  /** It says that it speaks HTTP/1.1 for the sake of websockets: no gRPC (G75). */
  readonly websocket: boolean;
  /** It asks for TLS, so without `tls` it is not reached (G75). */
  readonly encrypted: boolean;
  /** What a Backend itself says of TLS. */
  readonly settings: BackendTlsSettings | undefined;
  /** Undefined in plain text. */
  readonly tls: UpstreamTls | undefined;
}

export type EndpointSource =
  /** Endpoints of a Service's port, over EDS, named without the protocol. */
  | { readonly type: "service"; readonly name: string; readonly port: ServicePort }
  /** IP addresses and unix domain sockets of a Backend, over EDS. */
  | { readonly type: "addresses"; readonly name: string; readonly addresses: readonly EndpointAddress[] }
  /** Names of a Backend, resolved by Envoy. */
  | { readonly type: "dns"; readonly addresses: readonly SocketAddress[] }
  /** What an extension makes of a backend of its own kind; none without it. */
  | { readonly type: "custom" };

/** Name of the assignment that Envoy gets over EDS; undefined where it gets none. */
export function assignmentName(endpoints: EndpointSource): string | undefined {
  return "name" in endpoints ? endpoints.name : undefined;
}

export interface ServicePort {
  /** Empty when the Service names none. */
  readonly name: string;
  readonly port: number;
  readonly protocol: string;
}

export type EndpointAddress = SocketAddress | PipeAddress;

/** A unix domain socket of the proxy's machine. */
export interface PipeAddress {
  readonly path: string;
}

export interface SocketAddress {
  readonly address: string;
  readonly port: number;
}

export interface Trial {
  /** The cluster that routes name in its place (SW9). */
  readonly cluster: string;
  /** What is tried speaks in clear, and this upstream TLS. */
  readonly cleared: boolean;
}

/** The cluster that routes to an upstream name. */
export function routedCluster({ name, trial }: Upstream): string {
  return trial?.cluster ?? name;
}

/** Adds what tells the protocols of one backend apart. */
export function clusterName(base: string, protocol: UpstreamProtocol): string {
  return protocol === "http2" ? `${base}/h2` : base;
}
