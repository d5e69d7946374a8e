import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { codec } from "@routeledger/protos";
import type { JsonObject } from "@routeledger/std";
import { backend, gateway, gatewayClass, http, httpRoute, rule } from "../sample-objects.ts";
import { Translated } from "../translated-state.ts";

function translated(spec: JsonObject): Translated {
  const to = { group: "gateway.envoyproxy.io", kind: "Backend", name: "b" };
  const route = httpRoute("shop", { rules: [rule("/", [to])] });
  return Translated.of(gatewayClass, gateway([http("http", 8080)]), backend("b", spec), route);
}

/** Addresses of the Backend's endpoints, as Envoy gets them. */
function addresses(endpoints: JsonObject[]): string[] {
  const [part] = translated({ endpoints }).parts("endpoint");
  const assignment = codec("envoy.config.endpoint.v3.ClusterLoadAssignment").decode(
    part?.bytes ?? new Uint8Array(),
  );
  return assignment.endpoints.flatMap(({ lbEndpoints }) =>
    lbEndpoints.map(({ endpoint }) => {
      const { pipe, socketAddress } = endpoint?.address ?? {};
      return pipe?.path ?? `${socketAddress?.address}:${socketAddress?.portValue}`;
    }),
  );
}

const ip = (address: string, port: number): JsonObject => ({ ip: { address, port } });
const unix = (path: string): JsonObject => ({ unix: { path } });

test("a Backend's unix domain sockets are endpoints, beside IP addresses, each once and sorted", () => {
  const endpoints = [
    unix("/run/b.sock"),
    ip("127.0.0.2", 9000),
    unix("/run/a.sock"),
    unix("/run/b.sock"),
    ip("127.0.0.2", 900),
  ];
  deepEqual(addresses(endpoints), ["127.0.0.2:900", "127.0.0.2:9000", "/run/a.sock", "/run/b.sock"]);
  deepEqual(addresses([unix("@abstract")]), ["@abstract"]);
});

test("rule G111: a path that no kernel or Envoy takes is refused", () => {
  const longest = `/${"x".repeat(106)}`;
  deepEqual(addresses([unix(longest)]), [longest]);
  for (const path of [`${longest}x`, `/${"ä".repeat(54)}`, "run/a.sock", "/", "/a\nb", "/a\0b", ""]) {
    const state = translated({ endpoints: [unix(path)] });
    deepEqual(state.answers(), ["default/shop/0/0 -> 500"], JSON.stringify(path));
    equal(state.routeConditions("shop")[1], "ResolvedRefs=False UnsupportedValue");
  }
});

test("all endpoints that the schema allows are served", () => {
  const many = Array.from({ length: 256 }, (_, index) => ip("127.0.0.2", 1000 + index));
  equal(addresses(many).length, 256);
});

test("a Backend that is a fallback, which priorities of one cluster would be, is refused", () => {
  const state = translated({ endpoints: [ip("127.0.0.2", 80)], fallback: true });
  equal(state.routeConditions("shop")[1], "ResolvedRefs=False UnsupportedValue");
  deepEqual(translated({ endpoints: [ip("127.0.0.2", 80)], fallback: false }).answers(), [
    "default/shop/0/0 -> backend/default/b",
  ]);
});
