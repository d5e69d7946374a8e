/** `examples/extension`, as a process of its own, asked through the client; with the object of its README. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { codec, packAny } from "@routeledger/protos";
import { concatBytes, fromHex } from "@routeledger/std";
import type { ResourceOutcome } from "@routeledger/translation/extensions";
import type { ExtensionClient } from "@routeledger/translator/extensions";
import { parse } from "yaml";
import { clientOf, failure, onPort } from "./extensions/asked.ts";
import { type ExampleProcess, exampleFolder, startExample } from "./extensions/example-process.ts";

const route = codec("envoy.config.route.v3.Route");
const listener = codec("envoy.config.listener.v3.Listener");
const managerType = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
/** A field that no version of Envoy's API has. */
const unknownField = fromHex("faff0f03616263");

function clientTo(t: TestContext, { address }: ExampleProcess): ExtensionClient {
  return clientOf(t, onPort(Number(address.split(":")[1])));
}

/** The object that the README shows. */
async function readmeObject(): Promise<Record<string, unknown>> {
  const readme = await readFile(join(exampleFolder, "README.md"), "utf8");
  const yaml = /```yaml\n([^`]+)```/.exec(readme)?.[1];
  ok(yaml, "an object in the README");
  return parse(yaml);
}

function askRoute(
  client: ExtensionClient,
  resource: Uint8Array,
  objects: readonly object[],
): Promise<ResourceOutcome> {
  return client.askResource({
    ...{ hook: "Route", resource, hostnames: ["a.example"], extensionPolicies: [] },
    extensionResources: objects.map((object) => JSON.stringify(object)),
  });
}

function answered(outcome: ResourceOutcome): Uint8Array {
  ok(outcome.kind === "answer", `expected an answer, found ${JSON.stringify(outcome)}`);
  return outcome.answer;
}

test("examples/extension: a route answers with the README's header, and keeps what nobody knows", async (t) => {
  const client = clientTo(t, await startExample(t));
  const asked = concatBytes([route.encode({ name: "r", directResponse: { status: 204 } }), unknownField]);
  const bytes = answered(await askRoute(client, asked, [await readmeObject()]));
  deepEqual(bytes.subarray(-unknownField.length), unknownField);
  const changed = route.decode(bytes);
  deepEqual(
    changed.responseHeadersToAdd.map(({ header, appendAction }) => [
      header?.key,
      header?.value,
      appendAction,
    ]),
    [["x-served-by", "blue", 2]],
  );
  deepEqual([changed.name, changed.directResponse?.status], ["r", 204]);
});

test("examples/extension: other objects change nothing, and a wrong one is refused by name and field", async (t) => {
  const client = clientTo(t, await startExample(t));
  const asked = route.encode({ name: "r" });
  deepEqual(await askRoute(client, asked, []), { kind: "unchanged" });
  deepEqual(await askRoute(client, asked, [{ kind: "Widget" }]), { kind: "unchanged" });
  const wrong = { ...(await readmeObject()), spec: { name: "no header", value: "x" } };
  const { code, message } = failure(await askRoute(client, asked, [wrong]));
  equal(code, "INVALID_ARGUMENT");
  match(
    message,
    /for "r": INVALID_ARGUMENT: ResponseHeader default\/served-by: spec\.name must be a header's name/,
  );
});

test("examples/extension: a listener writes a line for each request, once, and a hook it lacks is said", async (t) => {
  const client = clientTo(t, await startExample(t));
  const manager = packAny(managerType, { statPrefix: "http", rds: { routeConfigName: "t" } });
  const resource = listener.encode({
    name: "l",
    filterChains: [{ filters: [{ name: "http", typedConfig: manager }] }],
  });
  const ask = (bytes: Uint8Array) =>
    client.askResource({ hook: "HTTPListener", resource: bytes, extensionResources: [] });
  const bytes = answered(await ask(resource));
  const config = listener.decode(bytes).filterChains[0]?.filters[0]?.typedConfig;
  ok(config);
  const changed = codec(managerType).decode(config.value);
  deepEqual(
    [changed.statPrefix, changed.rds?.routeConfigName, changed.accessLog.map(({ name }) => name)],
    ["http", "t", ["example.extension.request-lines"]],
  );
  deepEqual(await ask(bytes), { kind: "unchanged" });
  deepEqual(await ask(listener.encode({ name: "tcp", filterChains: [{}] })), { kind: "unchanged" });
  const host = codec("envoy.config.route.v3.VirtualHost").encode({ name: "v" });
  equal(failure(await client.askResource({ hook: "VirtualHost", resource: host })).code, "UNIMPLEMENTED");
});

test("examples/extension: it listens on a unix socket, and SIGTERM ends it", async (t) => {
  const sockets = await mkdtemp(join(tmpdir(), "routeledger-example-"));
  t.after(() => rm(sockets, { recursive: true }));
  const path = join(sockets, "extension.sock");
  const running = await startExample(t, `unix:${path}`);
  const client = clientOf(t, { unix: { path } });
  deepEqual(await askRoute(client, route.encode({ name: "r" }), []), { kind: "unchanged" });
  await client.close();
  const exited = once(running.process, "exit");
  running.process.kill("SIGTERM");
  deepEqual(await exited, [0, null]);
});
