import assert from "node:assert/strict";
import { test } from "node:test";
import { parseObjectArguments, resourceName } from "./object-names.ts";

test("objects are named as kubectl's: KIND, KIND NAME..., KIND/NAME ..., KIND,KIND", () => {
  assert.deepEqual(parseObjectArguments(["httproutes"]), [{ kind: "httproutes", names: [] }]);
  assert.deepEqual(parseObjectArguments(["httproute", "a", "b"]), [{ kind: "httproute", names: ["a", "b"] }]);
  assert.deepEqual(parseObjectArguments(["httproute/a", "gateway/b"]), [
    { kind: "httproute", names: ["a"] },
    { kind: "gateway", names: ["b"] },
  ]);
  assert.deepEqual(parseObjectArguments(["gateways,httproutes"]), [
    { kind: "gateways", names: [] },
    { kind: "httproutes", names: [] },
  ]);
});

test("what cannot be meant is refused", () => {
  for (const words of [[], ["a/b", "c"], ["a/b/c"], ["/x"], ["gateways,httproutes", "name"]]) {
    assert.throws(() => parseObjectArguments(words), { code: "cli.usage" }, words.join(" "));
  }
});

test("a resource's name has its kind and group; the core group has none", () => {
  assert.equal(resourceName({ group: "", kind: "Service", name: "web" }), "service/web");
  assert.equal(
    resourceName({ group: "gateway.networking.k8s.io", kind: "Gateway", name: "web" }),
    "gateway.gateway.networking.k8s.io/web",
  );
});
