import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "@routeledger/std";
import { formatIpv4, parseAddressRange, parseIpv4 } from "./address-range.ts";

function bounds(text: string): [string, string] {
  const range = parseAddressRange(text);
  return [formatIpv4(range?.first ?? 0), formatIpv4(range?.last ?? 0)];
}

test("a range is a network without its lowest and its highest address", () => {
  assert.deepEqual(bounds("127.1.0.0/16"), ["127.1.0.1", "127.1.255.254"]);
  assert.deepEqual(bounds("10.0.0.0/8"), ["10.0.0.1", "10.255.255.254"]);
  assert.deepEqual(bounds("203.0.113.8/30"), ["203.0.113.9", "203.0.113.10"]);
});

test("a network of one or two addresses is used whole", () => {
  assert.deepEqual(bounds("192.0.2.6/31"), ["192.0.2.6", "192.0.2.7"]);
  assert.deepEqual(bounds("255.255.255.255/32"), ["255.255.255.255", "255.255.255.255"]);
});

test("an empty text is no range, and what is no IPv4 network is refused", () => {
  assert.equal(parseAddressRange(""), undefined);
  const wrong = [
    ...["127.1.0.0", "127.1.0.0/7", "127.1.0.0/33", "127.1.0.5/16", "127.1/16", "::1/64", "a.b.c.d/16"],
    ...["127.01.0.0/16", "127.1.0.256/32", "127.1.0.0/16/1", "127.1.0.0/-1", "127.1.0.0/"],
  ];
  for (const text of wrong)
    assert.throws(
      () => parseAddressRange(text),
      (error) => error instanceof Failure && error.code === "config.invalid" && error.message.includes(text),
      text,
    );
});

test("an address is read and written in one spelling", () => {
  for (const text of ["0.0.0.0", "127.1.2.3", "255.255.255.255"])
    assert.equal(formatIpv4(parseIpv4(text) ?? -1), text);
  for (const text of ["", "1.2.3", "1.2.3.4.5", "1.2.3.04", "1.2.3.999", "1.2.3.x", "::1"])
    assert.equal(parseIpv4(text), undefined, text);
});
