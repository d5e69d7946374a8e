import fc, { type Arbitrary } from "fast-check";
import { anyText, drawn, mostly } from "./text-arbitraries.ts";

// Values that a schema may let in and that Envoy may not like. Each list also has ordinary ones, so that much is served.

export const hostname: Arbitrary<string> = mostly(
  ["a.example.com", "b.example.com", "x.a.example.com", "*.example.com", "*.a.example.com", "*.com"],
  [
    "com",
    "A.Example.COM",
    "*.EXAMPLE.com",
    "127.0.0.1",
    "1",
    "xn--nxasmq6b.example",
    "a--b.example.com",
    `${"l".repeat(63)}.example.com`,
    `${"l.".repeat(120)}example.com`,
    `*.${"l.".repeat(120)}example.com`,
  ],
  drawn("a1-.*_A", 8),
);

export const path: Arbitrary<string> = mostly(
  ["/", "/a", "/a/", "/a/b"],
  [
    "/A",
    "//",
    "/a//b",
    "/./",
    "/..",
    "/a/../b",
    "/%2f",
    "/%41",
    "/%",
    "/%zz",
    "/a?b=c",
    "/a#b",
    "/a b",
    "/a;p=1",
    "/~!$&'()*+,=:@-._",
    "/ä",
    "/\\1",
    "/a\tb",
    "/%00",
    "/{a}",
    "/*",
    "/**",
    "/a:b",
    "a",
    "",
    "*",
    `/${"p".repeat(1023)}`,
    `/${"q/".repeat(400)}`,
    `/${"r".repeat(1100)}`,
    "/REQ(:path)/%REQ(:path)%",
  ],
  drawn("/ab.%2f?#\\ ;:", 8).map((text) => `/${text}`),
);

/** Origins of a CORS filter. */
export const origin: Arbitrary<string> = mostly(
  ["https://www.foo.com", "https://*.foo.com", "*"],
  [
    "http://*",
    "http://*:8080",
    "https://FOO.com:443",
    "https://a--b.c-.com",
    "http://127.0.0.1:1",
    "https://foo.com:00080",
    "https://foo.com:99999",
    `https://*.${"l.".repeat(115)}com`,
    "https://*.*.com",
    "https://foo.com/",
    "null",
    "",
  ],
  drawn("https:/*.a1-", 12).map((text) => `http://${text}`),
);

/** Paths of unix domain sockets. */
export const socketPath: Arbitrary<string> = mostly(
  ["/run/a.sock", "/run/b.sock"],
  [
    "@abstract",
    "@",
    "/",
    "run/a",
    "",
    `/${"s".repeat(106)}`,
    `/${"s".repeat(107)}`,
    `/${"ä".repeat(54)}`,
    "/a b",
    "/a\nb",
  ],
  drawn("/ä.%@ ", 8).map((text) => `/${text}`),
);

export const headerName: Arbitrary<string> = mostly(
  ["x-a", "X-A", "x-b", "Content-Type"],
  [
    "Host",
    "host",
    "HOST",
    ":path",
    ":authority",
    "content-length",
    "transfer-encoding",
    "Connection",
    "x_under",
    "x-%",
    "!#$%&'*+.^_`|~",
    "x a",
    "x:a",
    "",
    "é",
    "h".repeat(256),
    "h".repeat(257),
    "x-envoy-upstream-rq-timeout-ms",
    "toString",
    "__proto__",
    "constructor",
  ],
  drawn("aA-_:%! ", 5),
);

export const headerValue: Arbitrary<string> = mostly(
  ["v", "w x", "100%"],
  [
    "%",
    "%%",
    "%REQ(host)%",
    "%DOWNSTREAM_REMOTE_ADDRESS%",
    "%UNKNOWN%",
    "a b",
    "a  b",
    " a",
    "a\tb",
    "a\r\nb",
    "a\u0000b",
    "\u007f",
    "\u0001",
    "é",
    "\u{1f600}",
    "",
    "%".repeat(4096),
    "v".repeat(4096),
    "v".repeat(4097),
  ],
  anyText,
);

export const queryName: Arbitrary<string> = mostly(
  ["q", "Q", "r"],
  ["a b", "a%20b", "é", "", "toString", "n".repeat(256)],
  anyText,
);

export const duration: Arbitrary<string> = mostly(
  ["1s", "0s", "10m"],
  ["0h0m0s", "1ms", "99999h99999h99999h99999h", "1h1m1s1ms", "0ms", "1.5s", "1us", ""],
  drawn("019hms", 6),
);

export const weight: Arbitrary<number> = fc.constantFrom(
  0,
  0,
  0,
  1,
  1,
  1,
  2,
  2,
  1_000_000,
  1_000_000,
  1_000_001,
  -1,
);

export const port: Arbitrary<number> = fc.constantFrom(80, 80, 80, 8080, 443, 443, 1, 65_535, 0, 65_536);

export const ipAddress: Arbitrary<string> = mostly(
  ["127.0.0.2", "127.0.0.3", "10.0.0.1", "::1"],
  [
    "0.0.0.0",
    "255.255.255.255",
    "224.0.0.1",
    "127.0.0.02",
    "256.0.0.1",
    "::",
    "::ffff:10.0.0.1",
    "::ffff:0:0",
    "FE80::1",
    "fe80::1%eth0",
    "2001:db8:0:0:0:0:0:1",
    "64:ff9b::1.2.3.4",
    "1:2:3:4:5:6:7:8",
    "1::2::3",
    "[::1]",
    "localhost",
    "",
  ],
  drawn("0123456789.:abf%", 12),
);
