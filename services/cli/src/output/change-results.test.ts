import assert from "node:assert/strict";
import { test } from "node:test";
import type { ObjectResult } from "../api-types.ts";
import { writeResults } from "./change-results.ts";

const ref = { group: "gateway.networking.k8s.io", kind: "HTTPRoute", namespace: "default", name: "shop" };

function written(...results: readonly ObjectResult[]): { out: string; err: string; refused: boolean } {
  let out = "";
  let err = "";
  const terminal = {
    out: (text: string) => {
      out += text;
    },
    err: (text: string) => {
      err += text;
    },
    colour: false,
    interactive: false,
  };
  const refused = writeResults(terminal, { revision: null, time: null, results }, "");
  return { out, err, refused };
}

test("outcomes are kubectl's lines", () => {
  const { out, refused } = written({ ref, outcome: "created" }, { ref, outcome: "deleted" });
  assert.equal(
    out,
    'httproute.gateway.networking.k8s.io/shop created\nhttproute.gateway.networking.k8s.io "shop" deleted\n',
  );
  assert.equal(refused, false);
});

test("P7: a refusal names file, document, object, field and what was expected", () => {
  const { err, refused } = written({
    ref,
    file: "shop.yaml",
    document: 2,
    outcome: "refused",
    errors: [
      {
        line: 14,
        field: "spec.rules[0].path",
        message: 'is "Prefiks"',
        expected: "one of Exact, PathPrefix",
      },
    ],
  });
  assert.equal(
    err,
    'error: shop.yaml:14 document 2: HTTPRoute default/shop: spec.rules[0].path: is "Prefiks" (expected one of Exact, PathPrefix)\n',
  );
  assert.equal(refused, true);
});

test("what is ignored is a warning and no failure", () => {
  const { err, refused } = written({
    outcome: "ignored",
    errors: [{ message: "Deployment is no concern of a gateway" }],
  });
  assert.equal(err, "Warning: Deployment is no concern of a gateway\n");
  assert.equal(refused, false);
});
