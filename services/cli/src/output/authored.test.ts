import assert from "node:assert/strict";
import { test } from "node:test";
import { authored } from "./authored.ts";

test("differences leave out what the server fills in", () => {
  const object = {
    kind: "Backend",
    apiVersion: "v1",
    spec: { endpoints: [] },
    metadata: {
      name: "a",
      uid: "u",
      resourceVersion: "1.2",
      generation: 3,
      creationTimestamp: "t",
      labels: { a: "b" },
    },
    status: { conditions: [] },
  };
  assert.equal(
    JSON.stringify(authored(object)),
    '{"apiVersion":"v1","kind":"Backend","metadata":{"name":"a","labels":{"a":"b"}},"spec":{"endpoints":[]}}',
  );
  assert.equal(authored(null), null);
});
