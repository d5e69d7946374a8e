import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "@routeledger/std";
import { defineConfiguration } from "./configuration.ts";

const table = defineConfiguration([
  {
    name: "apiAddress",
    env: "ROUTELEDGER_API_ADDRESS",
    flag: "--api-address",
    type: "address",
    default: "127.0.0.1:0",
    unit: "",
    description: "where the api listens",
  },
  {
    name: "graceMs",
    env: "ROUTELEDGER_GRACE_MS",
    flag: "--grace-ms",
    type: "integer",
    default: 60_000,
    unit: "milliseconds",
    description: "how long retiring resources are kept",
  },
  {
    name: "envoy",
    env: "ROUTELEDGER_ENVOY",
    flag: "--envoy",
    type: "boolean",
    default: true,
    unit: "",
    description: "runs Envoys",
    secret: true,
  },
] as const);

test("a flag wins over the environment, the environment over the default", () => {
  const env = { ROUTELEDGER_GRACE_MS: "5", PATH: "/bin" };
  const read = table.parse({ env, args: [] });
  const graceMs: number = read.graceMs;
  assert.equal(graceMs, 5);
  assert.equal(read.apiAddress, "127.0.0.1:0");
  assert.equal(table.parse({ env, args: ["--grace-ms=7"] }).graceMs, 7);
  assert.equal(table.parse({ env, args: ["--grace-ms", "8", "--envoy"] }).graceMs, 8);
  assert.ok(Object.isFrozen(read));
});

test("unknown names and values of a wrong type are refused, all of them at once", () => {
  const env = { ROUTELEDGER_GRACE: "5", ROUTELEDGER_GRACE_MS: "soon" };
  assert.throws(
    () => table.parse({ env, args: ["--grace", "1", "--api-address", "nowhere"] }),
    (error: unknown) => {
      assert.ok(error instanceof Failure);
      assert.equal(error.code, "config.invalid");
      assert.match(error.message, /unknown environment name ROUTELEDGER_GRACE\b/);
      assert.match(error.message, /unknown flag --grace\b/);
      assert.match(error.message, /--grace-ms .* expected a whole number, got "soon"/);
      assert.match(error.message, /--api-address .* expected HOST:PORT, got "nowhere"/);
      return true;
    },
  );
});

test("what is printed hides secrets", () => {
  const read = table.parse({ env: {}, args: [] });
  assert.deepEqual(table.printable(read), { apiAddress: "127.0.0.1:0", graceMs: 60_000, envoy: "[secret]" });
});
