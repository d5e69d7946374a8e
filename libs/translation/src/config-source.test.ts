import { deepEqual, ok } from "node:assert/strict";
import { test } from "node:test";
import { codec, unpackAny } from "@routeledger/protos";
import { toHex } from "@routeledger/std";
import { configSource } from "./config-source.ts";
import { backend, gateway, gatewayClass, http, httpRoute, rule, service } from "./sample-objects.ts";
import { Translated } from "./translated-state.ts";

type Message = { readonly [field: string]: unknown };

const sourceFields: ReadonlySet<string> = new Set(["configSource", "edsConfig", "sdsConfig"]);

/** Every ConfigSource at any depth of a message, encoded. */
function sourcesIn(message: Message): string[] {
  if (typeof message.typeUrl === "string" && message.value instanceof Uint8Array) {
    const inner = unpackAny({ typeUrl: message.typeUrl, value: message.value });
    return inner === undefined ? [] : sourcesIn(inner.message as unknown as Message);
  }
  return Object.entries(message).flatMap(([field, value]) => {
    if (sourceFields.has(field))
      return [toHex(codec("envoy.config.core.v3.ConfigSource").encode(value as never))];
    return [value]
      .flat()
      .filter(
        (item): item is Message => typeof item === "object" && item !== null && !(item instanceof Uint8Array),
      )
      .flatMap(sourcesIn);
  });
}

test("rule 44: every listener and every cluster asks by the same ConfigSource, byte for byte", () => {
  const refs = [
    { name: "a", port: 80 },
    { name: "b", port: 81 },
    { name: "c", group: "gateway.envoyproxy.io", kind: "Backend" },
  ];
  const translated = Translated.of(
    gatewayClass,
    gateway([http("one", 8080), http("two", 8081, { hostname: "a.io" })]),
    httpRoute("shop", { rules: [rule("/", refs)] }),
    service("a"),
    service("b", { ports: [{ port: 81, appProtocol: "kubernetes.io/h2c" }] }),
    backend("c", { endpoints: [{ ip: { address: "127.0.0.1", port: 80 } }] }),
  );
  const sources = [
    ...translated
      .parts("listener")
      .map(({ bytes }) => codec("envoy.config.listener.v3.Listener").decode(bytes)),
    ...translated.parts("cluster").map(({ bytes }) => codec("envoy.config.cluster.v3.Cluster").decode(bytes)),
  ].flatMap((message) => sourcesIn(message as unknown as Message));
  ok(sources.length >= 5, `two listeners and three clusters, got ${sources.length} sources`);
  deepEqual([...new Set(sources)], [toHex(codec("envoy.config.core.v3.ConfigSource").encode(configSource))]);
});
