import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { isIPv4 } from "node:net";
import {
  bitString,
  boolean,
  generalizedTime,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  setOf,
  tagged,
  utf8String,
} from "./der.ts";

/** A certificate with its key, both PEM. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

/** Who signs others. */
export interface Authority extends Certificate {
  readonly subject: Buffer;
  readonly privateKey: KeyObject;
}

const dayMs = 24 * 60 * 60 * 1000;
const validMs = 365 * dayMs;

const oids = {
  sha256WithRsa: "1.2.840.113549.1.1.11",
  commonName: "2.5.4.3",
  organization: "2.5.4.10",
  subjectAltName: "2.5.29.17",
  keyUsage: "2.5.29.15",
  extendedKeyUsage: "2.5.29.37",
  basicConstraints: "2.5.29.19",
  server: "1.3.6.1.5.5.7.3.1",
  client: "1.3.6.1.5.5.7.3.2",
} as const;

/** Bits of KeyUsage, from the left, with the unused ones at the right. */
const leafUsage = bitString(Buffer.from([0b1010_0000]), 5);
const authorityUsage = bitString(Buffer.from([0b1000_0100]), 2);

/** As the official suite makes them: RSA of 2048 bits, valid for a year from now. */
export function makeAuthority(): Authority {
  const { publicKey, privateKey } = rsaKeys();
  const subject = nameOf("gatewayapi", "Kubernetes Gateway API");
  const extensions = [
    extension(oids.basicConstraints, sequence(boolean(true)), true),
    extension(oids.keyUsage, authorityUsage, true),
    extension(oids.extendedKeyUsage, usages([oids.client, oids.server])),
  ];
  const der = signed({ subject, issuer: subject, publicKey, extensions }, privateKey);
  return { certificate: pem(der), key: pkcs1(privateKey), subject, privateKey };
}

/** @param hosts DNS names, IPv4 addresses and URIs; at least one @param authority none: self-signed */
export function makeServerCertificate(hosts: readonly string[], authority?: Authority): Certificate {
  return makeLeaf([oids.server], hosts, authority);
}

export function makeClientCertificate(authority: Authority): Certificate {
  return makeLeaf([oids.client], [], authority);
}

function makeLeaf(usage: string[], hosts: readonly string[], authority: Authority | undefined): Certificate {
  const { publicKey, privateKey } = rsaKeys();
  const subject = nameOf("default", "Acme Co");
  const extensions = [
    extension(oids.basicConstraints, sequence(), true),
    extension(oids.keyUsage, leafUsage, true),
    extension(oids.extendedKeyUsage, usages(usage)),
    ...(hosts.length === 0 ? [] : [extension(oids.subjectAltName, sequence(...hosts.map(alternativeName)))]),
  ];
  const issuer = authority?.subject ?? subject;
  const der = signed({ subject, issuer, publicKey, extensions }, authority?.privateKey ?? privateKey);
  return { certificate: pem(der), key: pkcs1(privateKey) };
}

function rsaKeys(): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  return generateKeyPairSync("rsa", { modulusLength: 2048 });
}

function pkcs1(key: KeyObject): string {
  return key.export({ type: "pkcs1", format: "pem" }).toString();
}

/** RFC 7468, lines of 64 characters. */
export function pem(der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

interface Content {
  readonly subject: Buffer;
  readonly issuer: Buffer;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Buffer[];
}

/** RFC 5280, 4.1. */
function signed({ subject, issuer, publicKey, extensions }: Content, signer: KeyObject): Buffer {
  const algorithm = sequence(objectIdentifier(oids.sha256WithRsa), Buffer.from([0x05, 0x00]));
  const nowMs = Date.now();
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  const body = sequence(
    tagged(0xa0, integer(Buffer.from([2]))),
    integer(serial),
    algorithm,
    issuer,
    sequence(generalizedTime(nowMs - dayMs), generalizedTime(nowMs + validMs)),
    subject,
    publicKey.export({ type: "spki", format: "der" }),
    tagged(0xa3, sequence(...extensions)),
  );
  return sequence(body, algorithm, bitString(sign("sha256", body, signer)));
}

function nameOf(commonName: string, organization: string): Buffer {
  const part = (oid: string, text: string) => setOf(sequence(objectIdentifier(oid), utf8String(text)));
  return sequence(part(oids.organization, organization), part(oids.commonName, commonName));
}

function extension(oid: string, value: Buffer, critical = false): Buffer {
  return sequence(objectIdentifier(oid), ...(critical ? [boolean(true)] : []), octetString(value));
}

function usages(list: readonly string[]): Buffer {
  return sequence(...list.map(objectIdentifier));
}

const dnsName = /^(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/;

/** RFC 5280, 4.2.1.6: 2 is a DNS name, 6 a URI, 7 an address. */
function alternativeName(host: string): Buffer {
  if (isIPv4(host)) return tagged(0x87, Buffer.from(host.split(".").map(Number)));
  return tagged(dnsName.test(host) ? 0x82 : 0x86, Buffer.from(host, "latin1"));
}
