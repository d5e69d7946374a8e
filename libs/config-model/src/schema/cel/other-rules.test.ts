/** Rules of CRDs that are not known here yet: of Gateway API's standard channel, its later commits, its experiments. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonValue } from "@routeledger/std";
import { FieldErrors } from "../field-error.ts";
import { checkRules } from "./check-rules.ts";
import { compileCel } from "./compile-cel.ts";

const SAME_PARENT =
  "p1.group == p2.group && p1.kind == p2.kind && p1.name == p2.name && (((!has(p1.__namespace__) || p1.__namespace__ == '') && (!has(p2.__namespace__) || p2.__namespace__ == '')) || (has(p1.__namespace__) && has(p2.__namespace__) && p1.__namespace__ == p2.__namespace__ ))";
const PARENT = { group: "gateway.networking.k8s.io", kind: "Gateway", name: "g" };
const HERE = { ...PARENT, namespace: "n" };

const cases: readonly { rule: string; refused: readonly JsonValue[]; accepted: readonly JsonValue[] }[] = [
  {
    rule: `self.all(p1, self.all(p2, ${SAME_PARENT} ? ((!has(p1.sectionName) || p1.sectionName == '') == (!has(p2.sectionName) || p2.sectionName == '')) : true))`,
    refused: [[PARENT, { ...PARENT, sectionName: "a" }]],
    accepted: [[PARENT, { ...HERE, sectionName: "a" }], []],
  },
  {
    rule: `self.all(p1, self.exists_one(p2, ${SAME_PARENT} && (((!has(p1.sectionName) || p1.sectionName == '') && (!has(p2.sectionName) || p2.sectionName == '')) || (has(p1.sectionName) && has(p2.sectionName) && p1.sectionName == p2.sectionName))))`,
    refused: [
      [HERE, HERE],
      [{ ...PARENT, sectionName: "" }, PARENT],
    ],
    accepted: [
      [HERE, PARENT],
      [HERE, { ...HERE, sectionName: "a" }],
    ],
  },
  {
    rule: "!has(self.cookie) || !has(self.cookie.lifetimeType) || self.cookie.lifetimeType != 'Permanent' || has(self.absoluteTimeout)",
    refused: [{ cookie: { lifetimeType: "Permanent" } }],
    accepted: [{}, { cookie: {} }, { cookie: { lifetimeType: "Permanent" }, absoluteTimeout: "1h" }],
  },
  {
    rule: "!has(self.cookie) || self.type == 'Cookie'",
    refused: [{ type: "Header", cookie: {} }],
    accepted: [{ type: "Cookie", cookie: {} }, { type: "Header" }],
  },
  {
    rule: "self.type != 'Cookie' || has(self.cookie)",
    refused: [{ type: "Cookie" }],
    accepted: [{ type: "Header" }],
  },
  {
    rule: "!has(self.header) || self.type == 'Header'",
    refused: [{ type: "Cookie", header: {} }],
    accepted: [{ type: "Header", header: {} }],
  },
  {
    rule: "self.type != 'Header' || has(self.header)",
    refused: [{ type: "Header" }],
    accepted: [{ type: "Cookie" }],
  },
  {
    rule: "self.type == 'ExternalHostname' ? has(self.externalHostname) : !has(self.externalHostname)",
    refused: [{ type: "ExternalHostname" }, { type: "Service", externalHostname: {} }],
    accepted: [{ type: "ExternalHostname", externalHostname: {} }, { type: "Service" }],
  },
  {
    rule: "!self.endsWith('.cluster.local')",
    refused: ["a.cluster.local"],
    accepted: ["cluster.local", "a"],
  },
  {
    rule: "self.mode == 'ClientAndServer' ? has(self.clientCertificateRef) : !has(self.clientCertificateRef)",
    refused: [{ mode: "ClientAndServer" }, { mode: "Server", clientCertificateRef: {} }],
    accepted: [{ mode: "Server" }],
  },
  {
    rule: "!(duration(self) < duration('1s') || duration(self) > duration('1h'))",
    refused: ["999ms", "1h1ms", "x"],
    accepted: ["1s", "60m"],
  },
  {
    rule: "!(duration(self) == duration('0s') || duration(self) > duration('1h'))",
    refused: ["0h", "61m"],
    accepted: ["1ms", "1h"],
  },
];

for (const { rule, refused, accepted } of cases) {
  test(`P7: ${rule.slice(0, 100)}`, () => {
    for (const value of refused) assert.equal(refusals(rule, value), 1, JSON.stringify(value));
    for (const value of accepted) assert.equal(refusals(rule, value), 0, JSON.stringify(value));
  });
}

test("a rule that calls a function that is not there does not compile, so no CRD with it can be generated from", () => {
  const rule = "size(self) == 0 || format.dns1123Label().validate(self) == null";
  assert.throws(() => compileCel(rule), /undeclared reference/);
});

function refusals(rule: string, value: JsonValue): number {
  const errors = new FieldErrors();
  checkRules(value, { "x-kubernetes-validations": [{ rule }] }, { errors });
  return errors.count;
}
