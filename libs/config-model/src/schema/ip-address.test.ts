import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalIpv6, isMappedIpv4, parseIpv4, parseIpv6, specialAddress } from "./ip-address.ts";

test("IPv4 addresses are four decimal parts without leading zeros", () => {
  assert.deepEqual(parseIpv4("127.1.0.255"), [127, 1, 0, 255]);
  for (const text of [
    "1.2.3",
    "1.2.3.4.5",
    "256.1.1.1",
    "01.2.3.4",
    "1.a.3.4",
    "1.2.3.",
    "",
    " 1.2.3.4",
    "::1",
  ]) {
    assert.equal(parseIpv4(text), undefined, text);
  }
});

test("IPv6 addresses have eight groups, one :: for at least one, and perhaps an IPv4 tail", () => {
  assert.deepEqual(parseIpv6("::"), [0, 0, 0, 0, 0, 0, 0, 0]);
  assert.deepEqual(parseIpv6("2001:db8::1"), [0x2001, 0xdb8, 0, 0, 0, 0, 0, 1]);
  assert.deepEqual(parseIpv6("1:2:3:4:5:6:7:8"), [1, 2, 3, 4, 5, 6, 7, 8]);
  assert.deepEqual(parseIpv6("::ffff:1.2.3.4"), [0, 0, 0, 0, 0, 0xffff, 0x102, 0x304]);
  assert.deepEqual(parseIpv6("1:2:3:4:5:6:7::"), [1, 2, 3, 4, 5, 6, 7, 0]);
  const wrong = [
    "1",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4::5:6:7:8",
    "::1::",
    ":1::",
    "1:::2",
    "12345::",
    "g::",
  ];
  for (const text of [...wrong, "1.2.3.4::", "fe80::1%eth0", "[::1]", "::1.2.3", "127.0.0.1", ""]) {
    assert.equal(parseIpv6(text), undefined, text);
  }
});

test("special addresses are refused as endpoints, but loopback is not", () => {
  for (const address of [
    "127.0.0.1",
    "127.1.2.3",
    "::1",
    "10.0.0.1",
    "2001:db8::1",
    "::ffff:10.0.0.1",
    "239.1.1.1",
  ]) {
    assert.equal(specialAddress(address), undefined, address);
  }
  assert.equal(specialAddress("0.0.0.0"), "the unspecified address");
  assert.equal(specialAddress("::"), "the unspecified address");
  assert.equal(specialAddress("169.254.169.254"), "link-local");
  assert.equal(specialAddress("::ffff:169.254.169.254"), "link-local");
  assert.equal(specialAddress("febf::1"), "link-local");
  assert.equal(specialAddress("224.0.0.251"), "link-local multicast");
  assert.equal(specialAddress("ff02::fb"), "link-local multicast");
});

test("P7: the canonical form of an IPv6 address is that of RFC 5952", () => {
  for (const [text, canonical] of [
    ["2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
    ["0:0:0:0:0:0:0:0", "::"],
    ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
    ["1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"],
    ["0:0:1:2:3:4:5:6", "::1:2:3:4:5:6"],
    ["1:0:0:2:3:0:0:4", "1::2:3:0:0:4"],
    ["1::", "1::"],
  ] as const) {
    assert.equal(canonicalIpv6(parseIpv6(text)!), canonical);
  }
});

test("an IPv4 address in IPv6's form is told from others", () => {
  assert.ok(isMappedIpv4("::ffff:10.0.0.1") && isMappedIpv4("0:0:0:0:0:FFFF:a00:1"));
  for (const text of ["10.0.0.1", "::fffe:1:1", "1::ffff:10.0.0.1", "x"])
    assert.ok(!isMappedIpv4(text), text);
});
