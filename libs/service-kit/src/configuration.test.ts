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

test("a name that is nearly a known one is answered with that one", () => {
  assert.throws(
    () => table.parse({ env: { ROUTELEDGER_GRACE_MSS: "5" }, args: ["--grase-ms", "5"] }),
    /--grase-ms, did you mean --grace-ms\?; .*ROUTELEDGER_GRACE_MSS, did you mean ROUTELEDGER_GRACE_MS\?/,
  );
});

test("names that others own, and those that Kubernetes makes for a service, are none of ours", () => {
  const env = {
    ...{ ROUTELEDGER_SERVER: "x", ROUTELEDGER_API_PORT_7480_TCP: "tcp://10.0.0.1:7480" },
    ...{ ROUTELEDGER_API_SERVICE_HOST: "10.0.0.1", ROUTELEDGER_PORT: "tcp://10.0.0.1:1" },
  };
  assert.equal(table.parse({ env, args: [], otherNames: ["ROUTELEDGER_SERVER"] }).graceMs, 60_000);
});

test("an empty environment value is none, a flag that is given twice is refused", () => {
  assert.equal(table.parse({ env: { ROUTELEDGER_GRACE_MS: "" }, args: [] }).graceMs, 60_000);
  assert.throws(
    () => table.parse({ env: {}, args: ["--grace-ms=1", "--grace-ms=2"] }),
    /--grace-ms is given twice/,
  );
  assert.throws(() => table.parse({ env: {}, args: ["--grace-ms", "--envoy"] }), /--grace-ms needs a value/);
  assert.throws(() => table.parse({ env: {}, args: ["serve"] }), /unexpected serve/);
});

test("numbers have bounds, choices are listed", () => {
  const bounded = defineConfiguration([
    {
      ...{ name: "count", env: "ROUTELEDGER_COUNT", flag: "--count", unit: "", description: "how many" },
      ...({ type: "integer", default: 1, min: 1, max: 5 } as const),
    },
    {
      ...{ name: "level", env: "ROUTELEDGER_LEVEL", flag: "--level", unit: "", description: "how loud" },
      ...({ type: "choice", choices: ["info", "warn"], default: "info" } as const),
    },
  ]);
  assert.throws(
    () => bounded.parse({ env: {}, args: ["--count=6", "--level=loud"] }),
    /expected a whole number, 1 to 5, got "6"; .*expected one of info, warn, got "loud"/,
  );
  assert.match(bounded.help(), /--level +how loud\n +\(info, warn; default info; ROUTELEDGER_LEVEL\)/);
});
