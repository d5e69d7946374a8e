import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import { Failure } from "@routeledger/std";

/** PEM: the certificate with its chain, and its key. */
export interface TlsFiles {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
}

/**
 * Reads a certificate and its key, and tries whether they fit each other.
 * @throws Failure `api.tls`
 */
export async function readTlsFiles(paths: {
  readonly cert: string;
  readonly key: string;
}): Promise<TlsFiles> {
  try {
    const files = { cert: await readFile(paths.cert), key: await readFile(paths.key) };
    createSecureContext(files);
    return files;
  } catch (cause) {
    throw new Failure(`read the api's certificate: ${(cause as Error).message}`, {
      code: "api.tls",
      retryable: false,
      hint: "--tls-cert-file and --tls-key-file name a certificate with its chain and its key, both PEM",
      fields: { cert: paths.cert, key: paths.key },
      cause,
    });
  }
}
