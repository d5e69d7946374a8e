import {
  type ConfigObject,
  type ConfigState,
  getObject,
  goDurationMs,
  openSecret,
  quantityBytes,
  secretFacts,
} from "@routeledger/config-model";
import { fromUtf8, type JsonObject, type JsonValue, type Keyring } from "@routeledger/std";
import type { ExtensionService, ExtensionSettings, ExtensionTls } from "./extension-settings.ts";

/** Of an Extension, how its server is called; or why it cannot be. */
export type ReadSettings = ExtensionSettings | { readonly unusable: string };

/**
 * Reads the settings of an Extension, with the certificates that it names, at a state.
 * @param keyring opens the key of a client certificate; without it none is shown
 */
export function readSettings(
  state: ConfigState,
  extension: ConfigObject,
  keyring: Keyring | undefined,
): ReadSettings {
  const spec = objectOf(extension.object.spec);
  const service = objectOf(spec.service);
  const tls = readTls(state, service.tls, keyring);
  if (tls !== undefined && "unusable" in tls) return tls;
  return {
    name: extension.name,
    service: { ...readAddress(service), ...readRetry(service.retry), ...(tls && { tls }) },
    maxMessageBytes: sizeOf(spec.maxMessageSize),
    deadlineMs: durationOf(spec.deadline),
  };
}

function readAddress(service: JsonObject): ExtensionService {
  const { fqdn, ip, unix, hostname } = service;
  return {
    ...(isObject(fqdn) && { fqdn: { hostname: textOf(fqdn.hostname), port: numberOf(fqdn.port) } }),
    ...(isObject(ip) && { ip: { address: textOf(ip.address), port: numberOf(ip.port) } }),
    ...(isObject(unix) && { unix: { path: textOf(unix.path) } }),
    ...(typeof hostname === "string" && { hostname }),
  };
}

function readRetry(written: JsonValue | undefined): Pick<ExtensionService, "retry"> {
  if (!isObject(written)) return {};
  const { numerator, denominator } = objectOf(written.backoffMultiplier);
  const codes = written.RetryableStatusCodes;
  return {
    retry: {
      maxAttempts: typeof written.maxAttempts === "number" ? written.maxAttempts : undefined,
      initialBackoffMs: durationOf(written.initialBackoff),
      maxBackoffMs: durationOf(written.maxBackoff),
      backoffMultiplier:
        typeof numerator === "number" ? numerator / (numberOf(denominator) || hundredths) : undefined,
      retryableStatusCodes: Array.isArray(codes)
        ? codes.filter((code) => typeof code === "string")
        : undefined,
    },
  };
}

/** The denominator of a Fraction of Gateway API that names none. */
const hundredths = 100;

function readTls(
  state: ConfigState,
  written: JsonValue | undefined,
  keyring: Keyring | undefined,
): ExtensionTls | { readonly unusable: string } | undefined {
  if (!isObject(written)) return undefined;
  const trust = secretOf(state, written.certificateRef);
  if (typeof trust === "string") return { unusable: `service.tls.certificateRef: ${trust}` };
  const certificate = trustedCertificates(trust);
  if (certificate === undefined)
    return {
      unusable: `service.tls.certificateRef: ${titleOf(trust)} holds no certificate in ca.crt or tls.crt`,
    };
  if (written.clientCertificateRef === undefined || written.clientCertificateRef === null)
    return { certificate };
  const own = secretOf(state, written.clientCertificateRef);
  if (typeof own === "string") return { unusable: `service.tls.clientCertificateRef: ${own}` };
  const clientCertificate = clientCertificateOf(own, keyring);
  return typeof clientCertificate === "string"
    ? { unusable: `service.tls.clientCertificateRef: ${clientCertificate}` }
    : { certificate, clientCertificate };
}

function secretOf(state: ConfigState, written: JsonValue | undefined): ConfigObject | string {
  const ref = objectOf(written);
  const namespace = textOf(ref.namespace);
  const name = textOf(ref.name);
  return (
    getObject(state, { group: "", kind: "Secret", namespace, name }) ??
    `Secret ${namespace}/${name} does not exist`
  );
}

function trustedCertificates(secret: ConfigObject): string | undefined {
  const facts = secretFacts(secret.object);
  if (facts?.ca !== undefined && "certificates" in facts.ca) return facts.ca.certificates;
  return facts?.tls !== undefined && "chain" in facts.tls ? facts.tls.chain : undefined;
}

/** @returns why there is none, as text */
function clientCertificateOf(
  secret: ConfigObject,
  keyring: Keyring | undefined,
): ExtensionTls["clientCertificate"] | string {
  const title = titleOf(secret);
  const facts = secretFacts(secret.object)?.tls;
  if (facts === undefined || !("chain" in facts)) return `${title} holds no certificate with its key`;
  if (keyring === undefined)
    return `this translator has no key that opens ${title}: start it with --secrets-key-file`;
  const opened = openSecret(secret.object, keyring);
  const key = "object" in opened ? objectOf(opened.object.data)["tls.key"] : undefined;
  if (typeof key !== "string") return `${title} does not open with the keys of --secrets-key-file`;
  return { certificate: facts.chain, key: fromUtf8(Buffer.from(key, "base64")) };
}

function titleOf({ namespace, name }: ConfigObject): string {
  return `Secret ${namespace}/${name}`;
}

function durationOf(value: JsonValue | undefined): number | undefined {
  return typeof value === "string" ? goDurationMs(value) : undefined;
}

function sizeOf(value: JsonValue | undefined): number | undefined {
  return typeof value === "string" || typeof value === "number" ? quantityBytes(value) : undefined;
}

function objectOf(value: JsonValue | undefined): JsonObject {
  return isObject(value) ? value : {};
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : "";
}

function numberOf(value: JsonValue | undefined): number {
  return typeof value === "number" ? value : 0;
}
