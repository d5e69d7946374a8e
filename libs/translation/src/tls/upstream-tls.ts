import type { ConfigObject } from "@routeledger/config-model";
import type { TlsSecret } from "./tls-secret.ts";

/** How a cluster speaks TLS to its endpoints, as far as it is the same at every Gateway. */
export interface UpstreamTls {
  /** Asked for in the handshake; undefined: the host of the request. */
  readonly sni: string | undefined;
  readonly trust: UpstreamTrust;
  /**
   * A certificate must have one of them (G99). Empty only without `sni`, where it must have the request's host, and
   * where nothing is checked.
   */
  readonly names: readonly SubjectName[];
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
  /** Of the backend itself; it goes before the Gateway's (G101). */
  readonly clientCertificate: TlsSecret | undefined;
  /** What it was made of, beside the backend. */
  readonly policy: ConfigObject | undefined;
}

export type UpstreamTrust =
  /** CA certificates of ConfigMaps, over SDS. */
  | { readonly type: "secret"; readonly secret: TlsSecret }
  /** Those of the proxy's machine (G100). */
  | { readonly type: "system" }
  /** Whoever answers. */
  | { readonly type: "anybody" };

export interface SubjectName {
  readonly type: "DNS" | "URI";
  readonly name: string;
}

export type TlsVersion = "1.2" | "1.3";

/** Where a proxy's machine has its CA certificates: that of Debian, Ubuntu and Envoy's own images (G100). */
export const systemCaFile = "/etc/ssl/certs/ca-certificates.crt";
