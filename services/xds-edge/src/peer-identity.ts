/** Who a proxy is by its certificate, and which node groups that allows (P11). */
import type { PeerCertificate } from "node:tls";
import { Failure } from "@routeledger/std";

/** What the alternative names of a client's certificate say. Empty without a certificate. */
export interface PeerNames {
  readonly uris: readonly string[];
  /** Lower case. */
  readonly dnsNames: readonly string[];
}

export const noPeerNames: PeerNames = { uris: [], dnsNames: [] };

/** The names of a certificate that the transport verified. */
export function peerNamesOf(certificate: PeerCertificate | undefined): PeerNames {
  const names = alternativeNames(certificate?.subjectaltname ?? "");
  const of = (kind: string): string[] => names.filter(([known]) => known === kind).map(([, name]) => name);
  return { uris: of("URI"), dnsNames: of("DNS").map((name) => name.toLowerCase()) };
}

/** The first URI, else DNS name; empty when there is none. */
export function identityOf({ uris, dnsNames }: PeerNames): string {
  return uris[0] ?? dnsNames[0] ?? "";
}

/**
 * `URI:spiffe://a, DNS:b`, as Node writes a certificate's alternative names; those that hold a comma or a quote are
 * JSON strings, so nothing within a name passes for another one.
 */
function alternativeNames(text: string): (readonly [kind: string, name: string])[] {
  const names: (readonly [string, string])[] = [];
  for (const [, kind = "", value = ""] of text.matchAll(/(?:^|, )([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,"]*)/gy))
    names.push([kind, value.startsWith('"') ? (JSON.parse(value) as string) : value]);
  return names;
}

/** `namespace/name` of a Gateway: a DNS label and DNS labels, as Kubernetes has them. */
const nodeGroupPattern = /^([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)\/([a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?)$/;

/** Whether names allow a node group. */
export type IdentityRule = (names: PeerNames, nodeGroup: string) => boolean;

/**
 * From a pattern such as `spiffe://example.org/gateways/{nodeGroup}` or `{name}.{namespace}.proxies.example.org`: a
 * name of the certificate must be the pattern with the node group in it. A URI pattern is compared with URIs, another
 * one with DNS names.
 * @throws Failure `edge.identity` when the pattern does not tell every two node groups apart
 */
export function identityRule(pattern: string): IdentityRule {
  const parts = pattern.match(/\{[^}]*\}/g) ?? [];
  const [first = "", second] = parts;
  const isWhole = parts.length === 1 && first === "{nodeGroup}";
  const isSplit = parts.length === 2 && ["{name}", "{namespace}"].every((part) => parts.includes(part));
  const between =
    second === undefined ? "" : pattern.slice(pattern.indexOf(first) + first.length).split(second)[0];
  const isUri = pattern.includes("://");
  // A namespace holds neither dot nor slash, so one of them keeps the two apart.
  if (!(isWhole && isUri) && !(isSplit && /[/.]/.test(between ?? ""))) {
    throw new Failure(`read how a certificate names a node group: ${pattern}`, {
      code: "edge.identity",
      retryable: false,
      hint: "a URI with {nodeGroup}, or a URI or DNS name with {namespace} and {name}, a slash or dot between them",
    });
  }
  return ({ uris, dnsNames }, nodeGroup) => {
    const [, namespace, name] = nodeGroupPattern.exec(nodeGroup) ?? [];
    if (namespace === undefined || name === undefined) return false;
    const values: Readonly<Record<string, string>> = { nodeGroup, namespace, name };
    const expected = pattern.replace(/\{(\w+)\}/g, (_part, key: string) => values[key] ?? "");
    return isUri ? uris.includes(expected) : dnsNames.includes(expected.toLowerCase());
  };
}
