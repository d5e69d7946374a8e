import { deepEqual, equal, throws } from "node:assert/strict";
import { test } from "node:test";
import type { PeerCertificate } from "node:tls";
import { identityOf, identityRule, peerNamesOf } from "./peer-identity.ts";

const names = (subjectaltname?: string) => peerNamesOf({ subjectaltname } as PeerCertificate);

test("the names of a certificate are its URIs and DNS names, and none can be smuggled into another", () => {
  const { uris, dnsNames } = names(
    "URI:spiffe://a/b, DNS:Proxy.example.org, IP Address:10.0.0.1, URI:spiffe://c",
  );
  deepEqual(uris, ["spiffe://a/b", "spiffe://c"]);
  deepEqual(dnsNames, ["proxy.example.org"]);
  deepEqual(names('URI:"spiffe://a/x, URI:spiffe://a/b", DNS:d').uris, ["spiffe://a/x, URI:spiffe://a/b"]);
  deepEqual(names('DNS:"d, URI:spiffe://a/b"').uris, []);
  deepEqual(names(undefined), { uris: [], dnsNames: [] });
  deepEqual(peerNamesOf(undefined), { uris: [], dnsNames: [] });
});

test("an identity is the first URI, else the first DNS name", () => {
  equal(identityOf(names("DNS:d, URI:spiffe://a")), "spiffe://a");
  equal(identityOf(names("DNS:d, DNS:e")), "d");
  equal(identityOf(names("")), "");
});

test("P11: a certificate allows the node group that one of its names says, and no other", () => {
  const allows = identityRule("spiffe://example.org/gateways/{nodeGroup}");
  const shown = names("URI:spiffe://example.org/gateways/default/gateway, DNS:default.example.org");
  equal(allows(shown, "default/gateway"), true);
  for (const other of [
    "default/gatewa",
    "default/gateway2",
    "gateway",
    "",
    "default/gateway/x",
    "Default/gateway",
  ])
    equal(allows(shown, other), false, other);
  equal(allows(names("DNS:spiffe://example.org/gateways/default/gateway"), "default/gateway"), false);
  equal(allows(names(undefined), "default/gateway"), false);
});

test("P11: a DNS pattern tells apart node groups whose names hold dots", () => {
  const allows = identityRule("{name}.{namespace}.proxies.example.org");
  const shown = names("DNS:a.b.c.Proxies.example.org");
  equal(allows(shown, "c/a.b"), true);
  equal(allows(shown, "b.c/a"), false);
  equal(allows(names("URI:a.b.c.proxies.example.org"), "c/a.b"), false);
});

test("a pattern that does not tell node groups apart is refused", () => {
  for (const pattern of [
    "",
    "spiffe://example.org/gateways",
    "spiffe://example.org/{namespace}",
    "{nodeGroup}.example.org",
    "spiffe://x/{namespace}-{name}",
    "spiffe://x/{namespace}{name}",
    "spiffe://x/{namespace}/{name}/{name}",
    "spiffe://x/{nodeGroup}/{nodeGroup}",
    "spiffe://x/{cluster}",
  ])
    throws(() => identityRule(pattern), { code: "edge.identity" }, pattern);
  identityRule("spiffe://x/ns/{namespace}/{name}");
});
