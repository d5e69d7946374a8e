/** For tests of other packages: sealed Secrets, by a key that is no secret. */
import { type JsonObject, Keyring } from "@routeledger/std";
import { sealSecret } from "./secrets/seal-secret.ts";

export { p256, p384, type SampleCertificate } from "./testing-certificates.ts";

/** The key of tests; with it `testKeyring` seals. */
export const testSealingKey: Uint8Array = new Uint8Array(32).fill(7);

export const testKeyring: Keyring = new Keyring([testSealingKey]);

/** A Secret as the log holds it. `data` in clear, as text. */
export function sealedSecret({
  namespace = "default",
  name,
  type = "Opaque",
  data,
  keyring = testKeyring,
}: {
  readonly namespace?: string;
  readonly name: string;
  readonly type?: string;
  readonly data: Readonly<Record<string, string>>;
  readonly keyring?: Keyring;
}): JsonObject {
  const metadata = { name, namespace, creationTimestamp: "2026-01-01T00:00:00Z" };
  return sealSecret({ apiVersion: "v1", kind: "Secret", metadata, type, stringData: { ...data } }, keyring);
}

/** A Secret of type kubernetes.io/tls as the log holds it; certificate and key in PEM. */
export function sealedTlsSecret({
  certificate,
  key,
  ...place
}: {
  readonly namespace?: string;
  readonly name: string;
  readonly certificate: string;
  readonly key: string;
}): JsonObject {
  return sealedSecret({
    ...place,
    type: "kubernetes.io/tls",
    data: { "tls.crt": certificate, "tls.key": key },
  });
}
