import { deepEqual, equal, match } from "node:assert/strict";
import { test } from "node:test";
import type { ExpectedResponse } from "./case.ts";
import { mismatches } from "./compare-answer.ts";
import type { Echo, Exchange } from "./http-exchange.ts";

const target = { host: "127.1.0.1", port: 80 };
const echo: Echo = {
  ...{ path: "/a?b=c", host: "example.com", method: "GET", namespace: "infra", pod: "v1-5d-x1" },
  headers: { "X-Set": ["one", "two"] },
};

function answer(changed: Partial<Exchange> = {}): Exchange {
  return { status: 200, headers: { "x-answer": "a, b" }, protocol: "HTTP/1.1", echo, ...changed };
}

function wrongWith(expected: Partial<ExpectedResponse>, got: Exchange = answer()): string[] {
  const good = { Request: { Path: "/a?b=c" }, Namespace: "infra", Backend: "v1" };
  return mismatches({ ...good, ...expected }, got, target);
}

test("an answer as it is expected has no mismatches", () => {
  deepEqual(
    wrongWith({
      Request: { Path: "/a?b=c", Host: "example.com", Headers: { "x-set": "one,two" } },
      Response: { Headers: { "X-Answer": "a, b" }, AbsentHeaders: ["x-other"] },
    }),
    [],
  );
});

test("each part of what the backend saw is compared", () => {
  const seen: readonly (readonly [Partial<ExpectedResponse>, RegExp])[] = [
    [{ Request: { Path: "/a" } }, /^path: expected "\/a", got "\/a\?b=c"$/],
    [{ Request: { Path: "/a?b=c", Method: "PUT" } }, /^method: /],
    [{ Request: { Path: "/a?b=c", Host: "other.com" } }, /^host: /],
    [{ Request: { Path: "/a?b=c", Headers: { "X-Set": "one" } } }, /^request header X-Set: /],
    [{ ExpectedRequest: { Path: "/a?b=c", AbsentHeaders: ["x-SET"] } }, /^request header x-SET: /],
    [{ Namespace: "web" }, /^namespace: /],
    [{ Backend: "v2" }, /^backend: /],
    [{ Request: { Path: "/a?b=c", SNI: "example.com" } }, /^SNI: /],
    [{ Request: { Path: "/a?b=c", ClientCert: "PEM" } }, /^client certificate: /],
  ];
  for (const [expected, wrong] of seen) {
    const found = wrongWith(expected);
    equal(found.length, 1, JSON.stringify(expected));
    match(found[0] ?? "", wrong);
  }
});

test("an answer of the proxy itself is of no pod and no path", () => {
  const own = answer({ echo: undefined });
  deepEqual(
    mismatches({ Request: { Method: "OPTIONS" }, ExpectedRequest: { Method: "OPTIONS" } }, own, target),
    [],
  );
  equal(wrongWith({}, own).length, 3);
});

test("the status is one of those that are expected, and the two of a timeout are one", () => {
  match(wrongWith({ Response: { StatusCode: 404 } })[0] ?? "", /^status: expected 404, got 200$/);
  deepEqual(wrongWith({ Response: { StatusCodes: [500, 502] } }, answer({ status: 502 })), []);
  deepEqual(wrongWith({ Response: { StatusCode: 504 } }, answer({ status: 408 })), []);
  equal(wrongWith({ Response: { StatusCode: 503 } }, answer({ status: 504 })).length, 1);
});

test("headers of the answer are compared, without blanks where those do not count", () => {
  const of = (Response: ExpectedResponse["Response"]): number =>
    wrongWith(Response === undefined ? {} : { Response }).length;
  equal(of({ Headers: { "x-answer": "a,b" } }), 1);
  equal(of({ Headers: { "x-answer": "a,b" }, IgnoreWhitespace: true }), 0);
  equal(of({ ValidHeaderValues: { "x-answer": ["*", "a, b"] } }), 0);
  equal(of({ ValidHeaderValues: { "x-answer": ["*"] } }), 1);
  equal(of({ AbsentHeaders: ["X-Answer"] }), 1);
});

test("a redirect is compared by its parts; without a port it may say the scheme's own", () => {
  const to = (location: string, RedirectRequest: ExpectedResponse["RedirectRequest"] = {}): string[] =>
    mismatches(
      { Request: { Path: "/a", Host: "example.com" }, RedirectRequest, Response: { StatusCode: 302 } },
      answer({ status: 302, headers: { location }, echo: undefined }),
      target,
    );
  deepEqual(to("http://example.com/a"), []);
  deepEqual(to("http://example.com:80/a"), []);
  deepEqual(to("https://example.com:443/a", { Scheme: "https" }), []);
  equal(to("http://example.com:8080/a").length, 1);
  deepEqual(to("http://example.com:8080/a", { Port: "8080" }), []);
  equal(to("http://example.org/a").length, 1);
  equal(to("http://example.com/b").length, 1);
  equal(to("https://example.com/a").length, 1);
});
