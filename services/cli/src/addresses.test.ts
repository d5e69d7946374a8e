import assert from "node:assert/strict";
import { test } from "node:test";
import { formatHostPort, parseHostPort } from "./addresses.ts";

test("HOST:PORT is read and written, IPv6 in brackets", () => {
  for (const text of ["127.0.0.1:7480", "localhost:0", "[::1]:7481"]) {
    assert.equal(formatHostPort(parseHostPort(text)), text);
  }
});

test("what is no HOST:PORT is refused", () => {
  for (const text of ["7480", "localhost", "127.0.0.1:65536", "::1:80", ":80", "a b:80"]) {
    assert.throws(() => parseHostPort(text), { code: "cli.usage" }, text);
  }
});
