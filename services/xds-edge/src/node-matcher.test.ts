import { equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { codec, type MessageTypes } from "@routeledger/protos";
import type { ProxyNode } from "@routeledger/xds-stream";
import { matchesNode, whyNotMatched } from "./node-matcher.ts";

type Matcher = MessageTypes["envoy.type.matcher.v3.NodeMatcher"];
type ValueMatcher = MessageTypes["envoy.type.matcher.v3.ValueMatcher"];

const decoded = (matcher: Matcher) => {
  const { encode, decode } = codec("envoy.type.matcher.v3.NodeMatcher");
  return decode(encode(matcher));
};

const nodes = codec("envoy.config.core.v3.Node");
const node: ProxyNode = nodes.decode(
  nodes.encode({
    id: "Envoy-1",
    metadata: {
      fields: {
        zone: { structValue: { fields: { name: { stringValue: "a" }, weight: { numberValue: 3 } } } },
        on: { boolValue: true },
        nothing: { nullValue: 0 },
        roles: { listValue: { values: [{ stringValue: "edge" }, { numberValue: 7 }] } },
      },
    },
  }),
);

const matches = (...matchers: Matcher[]) => matchesNode(matchers.map(decoded), node);
const meta = (path: string, value: ValueMatcher) =>
  matches({ nodeMetadatas: [{ path: path.split(".").map((key) => ({ key })), value }] });

test("node ids match exactly, by prefix, suffix or what they contain, in any case if so said", () => {
  ok(matches());
  ok(matches({ nodeId: { exact: "Envoy-1" } }));
  ok(!matches({ nodeId: { exact: "envoy-1" } }));
  ok(matches({ nodeId: { exact: "envoy-1", ignoreCase: true } }));
  ok(matches({ nodeId: { prefix: "Env" } }));
  ok(matches({ nodeId: { suffix: "-1" } }));
  ok(matches({ nodeId: { contains: "voy" } }));
  ok(!matches({ nodeId: { contains: "x" } }));
  ok(matches({ nodeId: { exact: "x" } }, { nodeId: { prefix: "E" } }));
});

test("metadata matches by its path, all of one matcher at once", () => {
  ok(meta("zone.name", { stringMatch: { exact: "a" } }));
  ok(!meta("zone.nam", { stringMatch: { exact: "a" } }));
  ok(!meta("toString", { presentMatch: true }));
  ok(meta("zone.weight", { doubleMatch: { exact: 3 } }));
  ok(meta("zone.weight", { doubleMatch: { range: { start: 3, end: 4 } } }));
  ok(!meta("zone.weight", { doubleMatch: { range: { start: 1, end: 3 } } }));
  ok(meta("on", { boolMatch: true }));
  ok(!meta("on", { boolMatch: false }));
  ok(meta("nothing", { nullMatch: {} }));
  ok(!meta("on", { nullMatch: {} }));
  ok(meta("zone", { presentMatch: true }));
  ok(meta("none", { presentMatch: false }));
  ok(meta("roles", { listMatch: { oneOf: { doubleMatch: { exact: 7 } } } }));
  ok(
    meta("zone.name", {
      orMatch: { valueMatchers: [{ boolMatch: true }, { stringMatch: { prefix: "a" } }] },
    }),
  );
  ok(!matches({ nodeId: { exact: "x" }, nodeMetadatas: [] }));
  ok(
    !matches({
      nodeId: { prefix: "E" },
      nodeMetadatas: [{ path: [{ key: "on" }], value: { boolMatch: false } }],
    }),
  );
});

test("a matcher with a regular expression is refused, however deep, never ignored", () => {
  const regex = { stringMatch: { safeRegex: { regex: ".*" } } };
  const metadata = (value: ValueMatcher) => decoded({ nodeMetadatas: [{ path: [{ key: "on" }], value }] });
  equal(whyNotMatched([decoded({ nodeId: { prefix: "a" } }), metadata({ boolMatch: true })]), undefined);
  ok(whyNotMatched([decoded({ nodeId: { safeRegex: { regex: ".*" } } })]));
  ok(whyNotMatched([metadata({ orMatch: { valueMatchers: [{ listMatch: { oneOf: regex } }] } })]));
});
