import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext, type SecureContextOptions } from "node:tls";
import { ServerCredentials } from "@grpc/grpc-js";
import type { Logger } from "@routeledger/service-kit";
import { assert, type Clock, Failure } from "@routeledger/std";

/** Paths of PEM files. */
export interface TlsPaths {
  /** The edge's certificate with its chain. */
  readonly cert: string;
  readonly key: string;
  /** Who signs the proxies' certificates; absent: they need none. */
  readonly clientCa?: string | undefined;
}

interface TlsFiles {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer | undefined;
}

/** How often the files are looked at, milliseconds. */
export const tlsReloadMs = 5_000;

interface Surroundings {
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The edge's certificates, read again when their files change: new connections get the new ones, open ones stay.
 * While what the files hold cannot be used, as between the writing of a certificate and of its key, the former are
 * kept, and a line says so.
 */
export class TlsCertificates {
  /** For a server; follows the files until `stop`. */
  readonly credentials: ServerCredentials;
  readonly #paths: TlsPaths;
  readonly #surroundings: Surroundings;
  #files: TlsFiles;
  #trouble = "";
  #cancel: () => void = () => undefined;
  #stopped = false;

  /** @throws Failure `edge.tls` when the files cannot be used */
  static async open(paths: TlsPaths, surroundings: Surroundings): Promise<TlsCertificates> {
    const certificates = new TlsCertificates(paths, await readTlsFiles(paths), surroundings);
    certificates.#lookLater();
    return certificates;
  }

  private constructor(paths: TlsPaths, files: TlsFiles, surroundings: Surroundings) {
    this.#paths = paths;
    this.#files = files;
    this.#surroundings = surroundings;
    const { cert, key, ca } = files;
    const pair = { cert_chain: cert, private_key: key };
    this.credentials = ServerCredentials.createSsl(ca ?? null, [pair], ca !== undefined);
  }

  /** Looks at the files no more. Idempotent. */
  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  #lookLater(): void {
    if (!this.#stopped) this.#cancel = this.#surroundings.clock.after(tlsReloadMs, () => void this.#look());
  }

  async #look(): Promise<void> {
    const { logger } = this.#surroundings;
    try {
      const files = await readTlsFiles(this.#paths);
      this.#trouble = "";
      if (!isSame(files, this.#files)) {
        this.#files = files;
        useFor(this.credentials, files);
        const { validTo } = new X509Certificate(files.cert);
        logger.info({ ...this.#paths, validTo }, "certificates were read again: new connections get them");
      }
    } catch (error) {
      const { message } = error as Error;
      if (message !== this.#trouble) {
        this.#trouble = message;
        logger.error({ err: error }, "certificates cannot be read again: the former ones are kept");
      }
    }
    this.#lookLater();
  }
}

/** grpc-js lets only its own subclasses renew a context, so this asserts that the pinned version has the method. */
function useFor(credentials: ServerCredentials, { cert, key, ca }: TlsFiles): void {
  const renewable = credentials as unknown as {
    updateSecureContextOptions(options: SecureContextOptions): void;
  };
  assert(typeof renewable.updateSecureContextOptions === "function", "grpc-js to renew credentials");
  renewable.updateSecureContextOptions({ cert: [cert], key: [key], ...(ca && { ca }) });
}

function isSame(files: TlsFiles, others: TlsFiles): boolean {
  const names = ["cert", "key", "ca"] as const;
  return names.every((name) => Buffer.compare(files[name] ?? empty, others[name] ?? empty) === 0);
}

const empty = Buffer.alloc(0);

/** Reads the files and tries whether they fit each other. @throws Failure `edge.tls` */
async function readTlsFiles({ cert, key, clientCa }: TlsPaths): Promise<TlsFiles> {
  try {
    const files = {
      ...{ cert: await readFile(cert), key: await readFile(key) },
      ca: clientCa === undefined ? undefined : await readFile(clientCa),
    };
    createSecureContext({ cert: files.cert, key: files.key });
    if (files.ca !== undefined) new X509Certificate(files.ca);
    return files;
  } catch (cause) {
    throw new Failure(`read the edge's certificates: ${(cause as Error).message}`, {
      code: "edge.tls",
      retryable: false,
      hint: "--edge-tls-cert-file, --edge-tls-key-file and --edge-client-ca-file name a certificate with its chain, its key, and who signs proxies' certificates, all PEM",
      fields: { cert, key, clientCa: clientCa ?? "" },
      cause,
    });
  }
}
