import { X509Certificate } from "node:crypto";
import { compareStrings } from "@routeledger/std";
import { pemBlocks } from "./pem.ts";

/** Certificates of a PEM text. */
export interface Certificates {
  /** PEM, CERTIFICATE blocks only, in the order given, each with a line break at its end; at least one. */
  readonly certificates: string;
  /** Of the first: DNS names in lower case and IP addresses, sorted; its common name only when it has neither. */
  readonly names: readonly string[];
  /** Of the first, RFC 3339 in UTC. */
  readonly notBefore: string;
  readonly notAfter: string;
}

/** Why a text holds no usable certificates: lower case, without a value of it. */
export interface CertificatesProblem {
  readonly problem: string;
}

/**
 * Reads the certificates of a PEM text (G86, G94, G98): normalised, so that comments, private keys and blanks between
 * them are gone. A problem when it holds none, or one that cannot be parsed. Pure; 20 to 100 µs a certificate, so
 * callers that ask often remember the answer.
 */
export function readCertificates(pem: string): Certificates | CertificatesProblem {
  const parsed = parseCertificates(pem);
  if ("problem" in parsed) return parsed;
  const certificates = parsed.map((certificate) => certificate.toString()).join("");
  const [first] = parsed;
  const times = first && validityOf(first);
  if (first === undefined || times === undefined)
    return { problem: "certificate 1 has no readable validity" };
  return { certificates, names: namesOf(first), ...times };
}

/** At least one. */
export function parseCertificates(pem: string): X509Certificate[] | CertificatesProblem {
  const blocks = pemBlocks(pem);
  if (blocks === undefined) return { problem: "a PEM block has no end" };
  const texts = blocks.filter(({ label }) => label === "CERTIFICATE");
  if (texts.length === 0) return { problem: "no PEM block CERTIFICATE" };
  const certificates: X509Certificate[] = [];
  for (const [index, { text }] of texts.entries()) {
    const certificate = parseCertificate(text);
    if (certificate === undefined) return { problem: `certificate ${index + 1} cannot be parsed` };
    certificates.push(certificate);
  }
  return certificates;
}

function parseCertificate(pem: string): X509Certificate | undefined {
  try {
    const certificate = new X509Certificate(pem);
    // Read lazily, and throws where the algorithm or the encoding is unknown.
    void certificate.publicKey.asymmetricKeyType;
    return certificate;
  } catch {
    return undefined;
  }
}

/** Undefined for years that RFC 3339 cannot write. */
export function validityOf(
  certificate: X509Certificate,
): { readonly notBefore: string; readonly notAfter: string } | undefined {
  const notBefore = rfc3339Of(certificate.validFrom);
  const notAfter = rfc3339Of(certificate.validTo);
  return notBefore === undefined || notAfter === undefined ? undefined : { notBefore, notAfter };
}

function rfc3339Of(text: string): string | undefined {
  const time = new Date(text);
  if (Number.isNaN(time.getTime()) || time.getUTCFullYear() > 9999) return undefined;
  return `${time.toISOString().slice(0, 19)}Z`;
}

/** The names that clients compare: of SANs, else the common name; sorted, each once. */
export function namesOf(certificate: X509Certificate): string[] {
  const sans = sanEntries(certificate.subjectAltName ?? "").flatMap((entry) => {
    if (entry.startsWith("DNS:")) return [unquoted(entry.slice(4)).toLowerCase()];
    return entry.startsWith("IP Address:") ? [entry.slice(11).toLowerCase()] : [];
  });
  return [...new Set(sans.length > 0 ? sans : commonNames(certificate))].sort(compareStrings);
}

function commonNames(certificate: X509Certificate): string[] {
  return certificate.subject
    .split("\n")
    .filter((line) => line.startsWith("CN="))
    .map((line) => line.slice(3).toLowerCase());
}

/** Node writes SANs as `DNS:a, IP Address:1.2.3.4, DNS:"odd\u002c name"`: what is odd is quoted as JSON. */
function sanEntries(text: string): string[] {
  return text.match(/(?:[^",]|"(?:[^"\\]|\\.)*")+/g)?.map((entry) => entry.trim()) ?? [];
}

function unquoted(value: string): string {
  if (!value.startsWith('"')) return value;
  try {
    return String(JSON.parse(value));
  } catch {
    return value;
  }
}
