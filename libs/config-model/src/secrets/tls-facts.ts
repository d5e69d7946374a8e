import { createPrivateKey, type KeyObject } from "node:crypto";
import { namesOf, parseCertificates, readCertificates, validityOf } from "./certificates.ts";
import { pemBlocks } from "./pem.ts";
import type { CaFacts, TlsFacts } from "./sealed-secret.ts";

/** The values of a Secret, by key of `data`. */
export type SecretValues = ReadonlyMap<string, Uint8Array>;

/** RSA keys that Envoy takes, bits: below, its contexts refuse them; above, its library does. */
const rsaBitsMin = 2048;
const rsaBitsMax = 8192;

/** Curves that Envoy takes, by OpenSSL's names. */
const curves: Readonly<Record<string, string>> = {
  prime256v1: "P-256",
  secp384r1: "P-384",
  secp521r1: "P-521",
};

/** The facts of `tls.crt` and `tls.key` (G86); undefined when the Secret has neither. Pure, never throws. */
export function tlsFacts(values: SecretValues): TlsFacts | undefined {
  const certificate = textOf(values, "tls.crt");
  const key = textOf(values, "tls.key");
  if (certificate === undefined && key === undefined) return undefined;
  if (certificate === undefined) return { problem: "tls.crt: missing" };
  const chain = parseCertificates(certificate);
  if ("problem" in chain) return { problem: `tls.crt: ${chain.problem}` };
  const [leaf] = chain;
  const validity = leaf && validityOf(leaf);
  if (leaf === undefined || validity === undefined)
    return { problem: "tls.crt: certificate 1 has no readable validity" };
  if (key === undefined) return { problem: "tls.key: missing" };
  const privateKey = parsePrivateKey(key);
  if ("problem" in privateKey) return { problem: `tls.key: ${privateKey.problem}` };
  const keyAlgorithm = servedAlgorithm(privateKey.key);
  const certified = servedAlgorithm(leaf.publicKey);
  for (const [name, algorithm] of [
    ["tls.key", keyAlgorithm],
    ["tls.crt", certified],
  ] as const) {
    if (typeof algorithm !== "string") return { problem: `${name}: ${algorithm.problem}` };
  }
  return {
    chain: chain.map((member) => member.toString()).join(""),
    names: namesOf(leaf),
    ...validity,
    keyAlgorithm: String(keyAlgorithm),
    keyMatches: leaf.checkPrivateKey(privateKey.key),
  };
}

/** The facts of `ca.crt` (G94, G98); undefined when the Secret has none. Pure, never throws. */
export function caFacts(values: SecretValues): CaFacts | undefined {
  const text = textOf(values, "ca.crt");
  if (text === undefined) return undefined;
  const read = readCertificates(text);
  return "problem" in read ? { problem: `ca.crt: ${read.problem}` } : { certificates: read.certificates };
}

/** PEM is ASCII; other bytes end up in no block, or in one that cannot be parsed. */
function textOf(values: SecretValues, key: string): string | undefined {
  const value = values.get(key);
  return value === undefined ? undefined : Buffer.from(value).toString("latin1");
}

/** The first private key of a PEM text, as Envoy's library looks for it. */
function parsePrivateKey(text: string): { readonly key: KeyObject } | { readonly problem: string } {
  const blocks = pemBlocks(text);
  if (blocks === undefined) return { problem: "a PEM block has no end" };
  const block = blocks.find(({ label }) => label.endsWith("PRIVATE KEY"));
  if (block === undefined) return { problem: "no PEM block PRIVATE KEY" };
  if (block.label.startsWith("ENCRYPTED") || block.text.includes("Proc-Type: 4,ENCRYPTED"))
    return { problem: "the key is encrypted; a proxy cannot ask for its passphrase" };
  try {
    return { key: createPrivateKey(block.text) };
  } catch {
    // The library's message may show what it read.
    return { problem: "the key cannot be parsed" };
  }
}

function servedAlgorithm(key: KeyObject): string | { readonly problem: string } {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === "rsa") {
    const bits = details?.modulusLength ?? 0;
    if (bits >= rsaBitsMin && bits <= rsaBitsMax) return `RSA-${bits}`;
    return { problem: `RSA with ${bits} bits, expected ${rsaBitsMin} to ${rsaBitsMax}` };
  }
  const named = details?.namedCurve ?? "";
  const curve = type === "ec" && Object.hasOwn(curves, named) ? curves[named] : undefined;
  if (curve !== undefined) return `ECDSA-${curve}`;
  const found = type === "ec" ? `ECDSA on ${named || "an unnamed curve"}` : `${type}`;
  return { problem: `${found}, expected RSA, or ECDSA on ${Object.values(curves).join(", ")}` };
}
