/** The extension server of tests whose failures a test chooses: each of them, as the client sees it. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { codec } from "@routeledger/protos";
import type { ResourceQuestion } from "@routeledger/translation/extensions";
import { clientOf, failure, onPort } from "./extensions/asked.ts";
import { type Mode, SwitchableExtension, slowMs } from "./extensions/switchable-extension.ts";

const object = {
  ...{ apiVersion: "example.routeledger.dev/v1alpha1", kind: "ResponseHeader" },
  spec: { name: "x-served-by", value: "blue" },
};
const routes = codec("envoy.config.route.v3.Route");
const question: ResourceQuestion = {
  ...{ hook: "Route", hostnames: ["a.example"], extensionPolicies: [] },
  resource: routes.encode({ name: "r", directResponse: { status: 204 } }),
  extensionResources: [JSON.stringify(object)],
};
const deadlineMs = 1_000;

test("what a switchable extension server is told to do is what its client sees, and it comes back from all of it", async (t) => {
  const server = await SwitchableExtension.start(t);
  const client = clientOf(t, onPort(server.port), { deadlineMs });
  const isGood = async (): Promise<void> => {
    const outcome = await client.askResource(question);
    ok(outcome.kind === "answer", JSON.stringify(outcome));
    const { responseHeadersToAdd } = routes.decode(outcome.answer);
    deepEqual(
      responseHeadersToAdd.map(({ header }) => header?.key),
      ["x-served-by"],
    );
  };
  await isGood();
  const failures: readonly (readonly [Mode, string])[] = [
    ["refusing", "UNAVAILABLE"],
    ["stuck", "DEADLINE_EXCEEDED"],
    ["garbled", "INVALID_ANSWER"],
    ["renaming", "INVALID_ANSWER"],
    ["huge", "ANSWER_TOO_LARGE"],
    ["absent", "UNAVAILABLE"],
  ];
  for (const [mode, code] of failures) {
    await server.become(mode);
    equal(failure(await client.askResource(question)).code, code, mode);
    await server.become("healthy");
    await isGood();
  }
  await server.become("slow");
  const startMs = performance.now();
  await isGood();
  ok(performance.now() - startMs >= slowMs - 5);
  await server.become("flapping");
  const kinds: string[] = [];
  for (let count = 0; count < 4; count++) kinds.push((await client.askResource(question)).kind);
  deepEqual(kinds.toSorted(), ["answer", "answer", "failed", "failed"]);
});

test("hooks that the example lacks change nothing, the whole translation included", async (t) => {
  const server = await SwitchableExtension.start(t);
  const client = clientOf(t, onPort(server.port));
  const host = codec("envoy.config.route.v3.VirtualHost").encode({ name: "v" });
  deepEqual(await client.askResource({ hook: "VirtualHost", resource: host }), { kind: "unchanged" });
  const tables = [codec("envoy.config.route.v3.RouteConfiguration").encode({ name: "t" })];
  const resources = { routes: tables, listeners: [], clusters: [], secrets: [] };
  const whole = { hook: "Translation" as const, resources, extensionResources: ["{}"] };
  deepEqual(await client.askTranslation(whole), { kind: "unchanged" });
  await server.become("renaming");
  equal(failure(await client.askResource({ hook: "VirtualHost", resource: host })).code, "INVALID_ANSWER");
  const renamed = await client.askTranslation(whole);
  ok(renamed.kind === "answer");
  deepEqual(server.called, [
    "PostVirtualHostModify",
    "PostTranslateModify",
    "PostVirtualHostModify",
    "PostTranslateModify",
  ]);
});
