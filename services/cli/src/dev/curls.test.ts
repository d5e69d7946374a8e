import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { curlsOf } from "./curls.ts";

const listeners = [
  { protocol: "HTTP", port: 80 },
  { protocol: "HTTP", port: 8080, hostname: "*.example.com" },
  { protocol: "HTTPS", port: 443, hostname: "example.com" },
  { protocol: "HTTPS", port: 8443 },
  { protocol: "TLS", port: 9443 },
];

test("each HTTP and HTTPS listener is asked at the Gateway's first IP address", () => {
  const addresses = [{ type: "Hostname", value: "a.io" }, { value: "127.1.0.1" }, { value: "127.1.0.2" }];
  deepEqual(curlsOf({ listeners, addresses }), [
    "curl http://127.1.0.1/",
    "curl -H 'host: www.example.com' http://127.1.0.1:8080/",
    "curl -k --resolve 'example.com:443:127.1.0.1' https://example.com/",
    "curl -k https://127.1.0.1:8443/",
  ]);
});

test("a Gateway without an address is asked on loopback, one of IPv6 in brackets", () => {
  const plain = [{ protocol: "HTTP", port: 8080 }];
  deepEqual(curlsOf({ listeners: plain }), ["curl http://127.0.0.1:8080/"]);
  deepEqual(curlsOf({ listeners: plain, addresses: [{ type: "IPAddress" }] }), [
    "curl http://127.0.0.1:8080/",
  ]);
  deepEqual(curlsOf({ listeners: plain, addresses: [{ value: "::1" }] }), ["curl http://[::1]:8080/"]);
});

test("what is no spec has nothing to ask", () => {
  for (const spec of [undefined, null, {}, { listeners: "x" }, { listeners: [null, { port: "80" }] }])
    deepEqual(curlsOf(spec), []);
});
