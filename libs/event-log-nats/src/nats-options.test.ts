import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { natsOptionsOf, natsSettings } from "./nats-options.ts";

const defaults = {
  natsUrl: "nats://127.0.0.1:4222",
  natsUser: "",
  natsPasswordFile: "",
  natsCredsFile: "",
  natsCaFile: "",
};

test("what is not set is left out, and servers are separated by commas", () => {
  deepEqual(natsOptionsOf(defaults, "api one"), { servers: ["nats://127.0.0.1:4222"], name: "api one" });
  const natsUrl = " nats://a:4222, nats://b:4222 ,,nats://c:4222";
  deepEqual(natsOptionsOf({ ...defaults, natsUrl }, "x").servers, [
    "nats://a:4222",
    "nats://b:4222",
    "nats://c:4222",
  ]);
  deepEqual(
    natsOptionsOf(
      { natsUrl: "a", natsUser: "u", natsPasswordFile: "p", natsCredsFile: "c", natsCaFile: "f" },
      "x",
    ),
    {
      ...{ servers: ["a"], name: "x", user: "u", passwordFile: "p", credsFile: "c", caFile: "f" },
    },
  );
});

test("flags and environment names follow from a setting's name; no setting holds a secret itself", () => {
  for (const { name, flag, env } of natsSettings) {
    const words = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    equal(flag, `--${words}`);
    equal(env, `ROUTELEDGER_${words.replaceAll("-", "_").toUpperCase()}`);
    ok(!/password|creds/i.test(name) || name.endsWith("File"));
  }
});
