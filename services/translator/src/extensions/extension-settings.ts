import type { RetryPolicy } from "./retry-policy.ts";

/** One of `fqdn`, `ip` and `unix`. */
export interface ExtensionService {
  readonly fqdn?: { readonly hostname: string; readonly port: number } | undefined;
  readonly ip?: { readonly address: string; readonly port: number } | undefined;
  /** The absolute path of a unix domain socket. */
  readonly unix?: { readonly path: string } | undefined;
  /** What the server is called in requests, and in its certificate, when that is not its address. */
  readonly hostname?: string | undefined;
  /** Absent: in clear. */
  readonly tls?: ExtensionTls | undefined;
  /** What is left out takes its default; what is out of bounds, the nearest bound. */
  readonly retry?: { readonly [Setting in keyof RetryPolicy]?: RetryPolicy[Setting] | undefined } | undefined;
}

/** PEM. */
export interface ExtensionTls {
  /** Who signs the server's certificate: what `tls.certificateRef` names. */
  readonly certificate: string;
  /** What we show to the server: what `tls.clientCertificateRef` names. */
  readonly clientCertificate?: { readonly certificate: string; readonly key: string } | undefined;
}

/** An extension server, and how it is called. */
export interface ExtensionSettings {
  /** For messages. */
  readonly name: string;
  readonly service: ExtensionService;
  /** Of a question and of an answer, bytes; 1 to 64 MiB (a commit's limit), 4 MiB by default. */
  readonly maxMessageBytes?: number | undefined;
  /** Why the settings cannot be used: the outcome of each question. */
  readonly unusable?: string | undefined;
  /** For a call with all its tries, milliseconds; 10 to 30,000, 2,000 by default. */
  readonly deadlineMs?: number | undefined;
}

/** The settings of a call, complete and within bounds. */
export interface CallPolicy {
  readonly deadlineMs: number;
  readonly maxMessageBytes: number;
  readonly retry: RetryPolicy;
}

const mebibyte = 1024 * 1024;

interface Bounds {
  readonly least: number;
  readonly most: number;
  readonly usual: number;
}

const deadlineMs: Bounds = { least: 10, most: 30_000, usual: 2_000 };
const messageBytes: Bounds = { least: 1, most: 64 * mebibyte, usual: 4 * mebibyte };
const attempts: Bounds = { least: 1, most: 5, usual: 4 };
const initialBackoffMs: Bounds = { least: 1, most: 60_000, usual: 100 };
const maxBackoffMs: Bounds = { least: 1, most: 60_000, usual: 1_000 };
const backoffMultiplier: Bounds = { least: 1, most: 100, usual: 2 };
const usualRetryableCodes: readonly string[] = ["UNAVAILABLE"];

/** Fills in defaults and brings what is out of bounds to the nearest bound: settings come from users. */
export function callPolicy(settings: ExtensionSettings): CallPolicy {
  const { retry = {} } = settings.service;
  return {
    deadlineMs: within(deadlineMs, settings.deadlineMs),
    maxMessageBytes: Math.floor(within(messageBytes, settings.maxMessageBytes)),
    retry: {
      maxAttempts: Math.floor(within(attempts, retry.maxAttempts)),
      initialBackoffMs: within(initialBackoffMs, retry.initialBackoffMs),
      maxBackoffMs: within(maxBackoffMs, retry.maxBackoffMs),
      backoffMultiplier: within(backoffMultiplier, retry.backoffMultiplier),
      retryableStatusCodes: retry.retryableStatusCodes ?? usualRetryableCodes,
    },
  };
}

function within({ least, most, usual }: Bounds, value: number | undefined): number {
  if (value === undefined || Number.isNaN(value)) return usual;
  return Math.min(Math.max(value, least), most);
}
