import { deepEqual, ok } from "node:assert/strict";
import { test } from "node:test";
import { codec, fieldViolations, type MessageName } from "@routeledger/protos";
import { canonicalJson, type JsonObject, type JsonValue } from "@routeledger/std";
import fc from "fast-check";
import * as samples from "./sample-objects.ts";
import { messageNames } from "./testing.ts";
import { Translated } from "./translated-state.ts";

const { gateway, gatewayClass, http, httpRoute, rule, service, endpointSlice, backend } = samples;

const odd: fc.Arbitrary<JsonValue> = fc.oneof(
  fc.constantFrom<JsonValue>(
    null,
    true,
    -1,
    0,
    1.5,
    80,
    1e21,
    "",
    "/",
    "a",
    "constructor",
    "__proto__",
    "\ud800",
    "\u0000",
    "%",
    "*",
  ),
  fc.string({ unit: "binary", maxLength: 8 }),
  fc.constantFrom<JsonValue>([], {}),
  fc.jsonValue({ maxDepth: 2 }).map((value) => value as JsonValue),
);

const sound: readonly JsonObject[] = [
  gateway(
    [
      http("http", 8080, {
        hostname: "*.io",
        allowedRoutes: { kinds: [{ kind: "HTTPRoute" }], namespaces: { from: "All" } },
      }),
    ],
    {
      addresses: [{ type: "IPAddress", value: "127.0.0.1" }],
    },
  ),
  httpRoute("shop", {
    hostnames: ["a.io"],
    rules: [
      {
        name: "one",
        matches: [
          {
            path: { type: "RegularExpression", value: "/a" },
            method: "GET",
            headers: [{ type: "Exact", name: "x", value: "1" }],
            queryParams: [{ type: "Exact", name: "x", value: "1" }],
          },
        ],
        filters: [
          {
            type: "RequestHeaderModifier",
            requestHeaderModifier: {
              set: [{ name: "a", value: "b" }],
              add: [{ name: "c", value: "d" }],
              remove: ["e"],
            },
          },
          {
            type: "URLRewrite",
            urlRewrite: { hostname: "b.io", path: { type: "ReplaceFullPath", replaceFullPath: "/x" } },
          },
          {
            type: "RequestMirror",
            requestMirror: {
              backendRef: { name: "a", port: 80 },
              fraction: { numerator: 1, denominator: 3 },
            },
          },
          { type: "RequestMirror", requestMirror: { backendRef: { name: "a", port: 80 }, percent: 3 } },
          {
            type: "CORS",
            cors: {
              allowOrigins: ["https://*.io:8443"],
              allowMethods: ["GET"],
              allowHeaders: ["x"],
              exposeHeaders: ["y"],
              allowCredentials: true,
              maxAge: 5,
            },
          },
        ],
        timeouts: { request: "1s", backendRequest: "1s" },
        retry: { attempts: 2, codes: [500], backoff: "1ms" },
        backendRefs: [
          {
            name: "a",
            port: 80,
            weight: 2,
            filters: [
              {
                type: "ResponseHeaderModifier",
                responseHeaderModifier: { set: [{ name: "a", value: "b" }] },
              },
            ],
          },
          { name: "b", group: "gateway.envoyproxy.io", kind: "Backend" },
        ],
      },
      rule("/r", [], {
        filters: [
          {
            type: "RequestRedirect",
            requestRedirect: {
              scheme: "https",
              hostname: "c.io",
              port: 1,
              statusCode: 301,
              path: { type: "ReplacePrefixMatch", replacePrefixMatch: "/x" },
            },
          },
        ],
      }),
    ],
  }),
  service("a"),
  endpointSlice("a-1", "a", {
    endpoints: [{ addresses: ["127.0.0.1"], conditions: { ready: true, serving: true } }],
  }),
  backend("b", {
    endpoints: [{ ip: { address: "127.0.0.1", port: 80 } }, { unix: { path: "/run/b.sock" } }],
    appProtocols: ["gateway.envoyproxy.io/h2c"],
  }),
];

/** Paths of all members below `spec` and its like, but not of what says which object it is. */
function pathsOf(value: JsonValue, path: readonly (string | number)[] = []): (string | number)[][] {
  if (typeof value !== "object" || value === null) return path.length > 0 ? [[...path]] : [];
  const members: [string | number, JsonValue][] = Array.isArray(value)
    ? [...value.entries()]
    : Object.entries(value);
  const below = members
    .filter(([name]) => !["apiVersion", "kind", "metadata"].includes(String(name)) || path.length > 0)
    .flatMap(([name, member]) => pathsOf(member, [...path, name]));
  return path.length > 0 ? [[...path], ...below] : below;
}

function replaced(
  value: JsonValue,
  [first, ...rest]: readonly (string | number)[],
  by: JsonValue,
): JsonValue {
  if (first === undefined) return by;
  if (Array.isArray(value))
    return value.map((item, index) => (index === first ? replaced(item, rest, by) : item));
  // A change before this one may have taken away what the path led through.
  const object = typeof value === "object" ? (value as JsonObject | null) : null;
  if (object === null) return value;
  return { ...object, [first]: replaced(object[first] ?? null, rest, by) };
}

const places = sound.flatMap((object, index) => pathsOf(object).map((path) => ({ index, path })));
const change = fc.record({ place: fc.constantFrom(...places), value: odd });

/** The sound objects with some members replaced by anything. */
const world = fc.array(change, { minLength: 1, maxLength: 4 }).map((changes) => {
  const objects = [...sound];
  for (const { place, value } of changes) {
    const made = replaced(objects[place.index] ?? null, place.path, value);
    objects[place.index] = JSON.parse(JSON.stringify(made)) as JsonObject;
  }
  return objects;
});

test("P7: whatever the log holds, the translation is a value, and Envoy's field rules accept it", () => {
  fc.assert(
    fc.property(world, (objects) => {
      const translated = Translated.raw([gatewayClass, ...objects]);
      for (const { type, virtualHost, bytes } of translated.parts()) {
        const name: MessageName =
          virtualHost === "" ? messageNames[type] : "envoy.config.route.v3.VirtualHost";
        deepEqual(fieldViolations(name, codec(name).decode(bytes)), []);
      }
      for (const status of translated.statuses().values()) ok(canonicalJson(status));
    }),
    { numRuns: 1500 },
  );
});
