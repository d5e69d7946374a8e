import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { namedIn } from "./culprits.ts";

const services = ["service/shop/cart/80", "service/shop/cart/80/h2", "service/shop/cart/8080"];

function named(message: string, names: readonly string[]): string {
  const { names: found, form } = namedIn(message, names);
  return `${form === "mentioned" ? "" : `${form} `}${found.join(",")}`;
}

const cases: [message: string, names: readonly string[], expected: string][] = [
  ["Error adding/updating cluster(s) a: no such thing, c: worse", ["a", "b", "c"], "built a,c"],
  ["Error adding/updating cluster(s) a: b is unknown", ["a", "b"], "built a"],
  ["Error adding/updating cluster(s) a, b: why", ["a", "b", "c"], "built a,b"],
  ["Error adding/updating listener(s) l: error 'm'\nn: no address\n", ["l", "m", "n"], "built l,n"],
  [
    "Error adding/updating cluster(s) service/shop/cart/80/h2: why",
    services,
    "built service/shop/cart/80/h2",
  ],
  ["service/shop/cart/80: why", services, "service/shop/cart/80"],
  ["bad port in service/shop/cart/8080.", services, "service/shop/cart/8080"],
  ['(value must be inside range): name: "service/shop/cart/80"', services, "service/shop/cart/80"],
  ["x/service/shop/cart/80 and service/shop/cart/80.y", services, ""],
  ["tcp/0.0.0.0/8080: duplicate", ["tcp/0.0.0.0/80", "tcp/0.0.0.0/8080"], "tcp/0.0.0.0/8080"],
  [
    'goo.gle/debugonly    \nname: "a"\neds_cluster_config { service_name: "b" }\n: Proto constraint validation failed (x)',
    ["a", "b"],
    "validated a",
  ],
  ['cluster_name: "a" : Proto constraint validation failed (x)', ["a", "b"], "validated a"],
  ['Proto constraint validation failed (x: y): name: "a" type: EDS', ["a", "b"], "validated a"],
  ['type: EDS transport_socket { name: "tls" }: Proto constraint validation failed (x)', ["a", "tls"], "tls"],
  ["a is a word, and so is default", ["a", "default"], ""],
  ["cluster \"default\" and 'a'", ["a", "default"], "a,default"],
  ["errors: resource a: it is bad", ["a", "resource"], "a"],
  ["outbound|80||a.b is bad", ["a.b", "outbound|80||a.b"], "outbound|80||a.b"],
  ['names may have spaces: "a b"', ["a", "a b"], "a b"],
  ["", ["a"], ""],
  ["anything", [""], ""],
];

for (const [message, names, expected] of cases) {
  test(`rule 72: "${message.replace("\n", " ")}" names ${expected === "" ? "nobody" : expected}`, () => {
    deepEqual(named(message, names), expected);
  });
}
