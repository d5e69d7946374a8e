import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { isAbsolute } from "node:path";
import {
  type ChannelCredentials,
  type ChannelOptions,
  Client,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import type { StatusName } from "@routeledger/translation/extensions";
import {
  callPolicy,
  type ExtensionService,
  type ExtensionSettings,
  type ExtensionTls,
} from "./extension-settings.ts";
import type { ExtensionTransport, TransportCall, TransportReply } from "./extension-transport.ts";

/** A connection that breaks is tried again after pauses between these, milliseconds. */
const reconnectBackoffMs = { least: 100, most: 1_000 };
const resolveAgainMs = 1_000;

/** How grpc-js reaches a server. */
interface Connecting {
  readonly target: string;
  readonly credentials: ChannelCredentials;
  readonly options: ChannelOptions;
}

/** Why settings cannot be used. */
interface Unusable {
  readonly unusable: string;
}

/** The connection that new calls take, and how many it has. */
interface Connection {
  readonly client: Client;
  calls: number;
}

/**
 * Connects to an extension server when it is first called. Settings that cannot be used are a value: they come from
 * users, like everything that they lead to.
 */
export function openGrpcTransport(settings: ExtensionSettings): ExtensionTransport | Unusable {
  if (settings.unusable !== undefined) return { unusable: settings.unusable };
  const target = targetOf(settings.service);
  if (typeof target !== "string") return target;
  const channel = channelCredentials(settings.service.tls);
  if ("unusable" in channel) return channel;
  const { maxMessageBytes } = callPolicy(settings);
  const options = channelOptions(maxMessageBytes, settings.service.hostname);
  return new GrpcTransport({ target, credentials: channel.credentials, options }, maxMessageBytes);
}

/**
 * Unary calls of encoded messages on one HTTP/2 connection. Tries nothing again, does not wait for a connection
 * that failed, and leaves a connection on which a call met its deadline: its later calls take a new one. So a server
 * that is gone without a word (a silent network, a stuck process behind a proxy) costs one deadline, not the
 * system's. HTTP/2 pings would find that out too, but gRPC servers close connections that ping more often than every
 * five minutes.
 */
class GrpcTransport implements ExtensionTransport {
  readonly #connecting: Connecting;
  readonly #maxMessageBytes: number;
  #connection: Connection | undefined;
  #closed = false;

  constructor(connecting: Connecting, maxMessageBytes: number) {
    this.#connecting = connecting;
    this.#maxMessageBytes = maxMessageBytes;
  }

  call({ path, request, timeoutMs, signal }: TransportCall): Promise<TransportReply> {
    if (this.#closed || signal.aborted) return Promise.resolve(cancelled);
    const connection = this.#connect();
    connection.calls++;
    return new Promise((resolve) => {
      const cancel = (): void => call.cancel();
      const ended = (error: ServiceError | null, bytes: Uint8Array | undefined): void => {
        signal.removeEventListener("abort", cancel);
        const reply: TransportReply =
          error === null && bytes !== undefined
            ? { kind: "reply", bytes }
            : this.#replyOf(error, signal.aborted);
        connection.calls--;
        const silent = reply.kind === "status" && reply.code === "DEADLINE_EXCEEDED";
        if ((silent || signal.aborted) && this.#connection === connection) this.#connection = undefined;
        if (this.#connection !== connection && connection.calls === 0) connection.client.close();
        resolve(reply);
      };
      const deadline = Date.now() + timeoutMs;
      const call = connection.client.makeUnaryRequest(
        path,
        asBuffer,
        asIs,
        request,
        new Metadata(),
        { deadline },
        ended,
      );
      signal.addEventListener("abort", cancel, { once: true });
    });
  }

  close(): void {
    this.#closed = true;
    this.#connection?.client.close();
    this.#connection = undefined;
  }

  #connect(): Connection {
    const { target, credentials: channel, options } = this.#connecting;
    this.#connection ??= { client: new Client(target, channel, options), calls: 0 };
    return this.#connection;
  }

  #replyOf(error: ServiceError | null, ended: boolean): TransportReply {
    if (error === null)
      return { kind: "status", code: "INTERNAL", details: "the server ended the call without an answer" };
    const { details } = error;
    // A server may complain of the question in the same words, with its own limit or a question below ours.
    const sizes = /^Received message larger than max \((\d+) vs (\d+)\)$/.exec(details);
    const [size, max] = [Number(sizes?.[1]), Number(sizes?.[2])];
    if (error.code === status.RESOURCE_EXHAUSTED && max === this.#maxMessageBytes && size > max) {
      return { kind: "too large", details: `${size} bytes` };
    }
    if (!ended && error.code === status.CANCELLED && details === brokenOff) {
      return { kind: "status", code: "UNAVAILABLE", details: "the server broke the call off" };
    }
    return { kind: "status", code: statusName(error.code), details };
  }
}

/** What grpc-js says of a stream that was reset with HTTP/2's CANCEL, as by a server that goes down. */
const brokenOff = "Call cancelled";

const cancelled: TransportReply = { kind: "status", code: "CANCELLED", details: "the call was ended" };

function statusName(code: status): StatusName {
  const name = code === status.OK ? undefined : (status[code] as StatusName | undefined);
  return name ?? "UNKNOWN";
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function asIs(bytes: Buffer): Uint8Array {
  return bytes;
}

function targetOf({ fqdn, ip, unix }: ExtensionService): string | Unusable {
  const given = [fqdn, ip, unix].filter((endpoint) => endpoint !== undefined);
  if (given.length !== 1) {
    return { unusable: `service names ${given.length} of fqdn, ip and unix: exactly one is needed` };
  }
  if (unix) {
    if (isAbsolute(unix.path)) return `unix:${unix.path}`;
    return { unusable: `service.unix.path ${JSON.stringify(unix.path)} is not absolute` };
  }
  if (ip) {
    const version = isIP(ip.address);
    if (version === 0)
      return { unusable: `service.ip.address ${JSON.stringify(ip.address)} is no IP address` };
    const target = version === 6 ? `ipv6:[${ip.address}]:${ip.port}` : `ipv4:${ip.address}:${ip.port}`;
    return badPort("ip", ip.port) ?? target;
  }
  const { hostname, port } = fqdn as NonNullable<typeof fqdn>;
  if (!hostName.test(hostname)) {
    return { unusable: `service.fqdn.hostname ${JSON.stringify(hostname)} is no host name` };
  }
  return badPort("fqdn", port) ?? `dns:${hostname}:${port}`;
}

const hostName = /^[a-z0-9_](?:[a-z0-9._-]{0,251}[a-z0-9_])?\.?$/i;

function badPort(endpoint: string, port: number): Unusable | undefined {
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return undefined;
  return { unusable: `service.${endpoint}.port ${port} is no port: 1 to 65535` };
}

function channelOptions(maxMessageBytes: number, hostname: string | undefined): ChannelOptions {
  return {
    "grpc.max_receive_message_length": maxMessageBytes,
    "grpc.max_send_message_length": maxMessageBytes,
    "grpc.initial_reconnect_backoff_ms": reconnectBackoffMs.least,
    "grpc.max_reconnect_backoff_ms": reconnectBackoffMs.most,
    "grpc.dns_min_time_between_resolutions_ms": resolveAgainMs,
    // The client decides what is tried again, and the settings where connections go.
    "grpc.enable_retries": 0,
    "grpc.service_config_disable_resolution": 1,
    "grpc.enable_http_proxy": 0,
    "grpc.enable_channelz": 0,
    // A new connection must not turn out to be the stuck one.
    "grpc.use_local_subchannel_pool": 1,
    ...(hostname !== undefined && {
      "grpc.default_authority": hostname,
      "grpc.ssl_target_name_override": hostname,
    }),
  };
}

function channelCredentials(
  tls: ExtensionTls | undefined,
): { readonly credentials: ChannelCredentials } | Unusable {
  if (tls === undefined) return { credentials: credentials.createInsecure() };
  const { certificate, clientCertificate: own } = tls;
  try {
    // Text without a certificate would be taken for "trust nobody", and only connections would fail.
    new X509Certificate(certificate);
  } catch (error) {
    return { unusable: `service.tls.certificateRef holds no PEM certificate: ${(error as Error).message}` };
  }
  const root = Buffer.from(certificate);
  if (own === undefined) return { credentials: credentials.createSsl(root) };
  try {
    return { credentials: credentials.createSsl(root, Buffer.from(own.key), Buffer.from(own.certificate)) };
  } catch (error) {
    return {
      unusable: `service.tls.clientCertificateRef holds no pair of certificate and key: ${(error as Error).message}`,
    };
  }
}
