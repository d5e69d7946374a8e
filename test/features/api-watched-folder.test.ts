import assert from "node:assert/strict";
import { mkdir, rename, rm, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { type ApiOptions, watchFolder } from "@routeledger/api";
import { type JsonObject, systemClock } from "@routeledger/std";
import {
  backend,
  documents,
  gateway,
  gatewayClass,
  type RunningApi,
  route,
  withApi,
} from "./api/running-api.ts";

const base = documents(gatewayClass, gateway, backend);

const extension = `
apiVersion: routeledger.dev/v1alpha1
kind: Extension
metadata: { name: garden }
spec:
  resources: [{ group: example.com, version: v1, kind: Flower }]
  hooks: { xdsTranslator: { post: [Route] } }
  service: { fqdn: { hostname: localhost, port: 5005 } }
`;

const flower = `
apiVersion: example.com/v1
kind: Flower
metadata: { name: rose }
spec: { colour: red }
`;

test("the folder's files are applied as one event, then what changes of them; what leaves is deleted", () =>
  withWatched(
    { "base.yaml": base, "routes/home.yaml": route("home") },
    async ({ running, write, remove, names, report }) => {
      await reported(report, /^@1\.\d+ create/);
      assert.deepEqual(await names(), ["home"]);
      assert.equal(report.filter((line) => line.startsWith("@")).length, 1);
      await write("routes/more.yaml", documents(route("a"), route("b")));
      await reported(report, /create: HTTPRoute shop\/a and 1 more/);
      await write("routes/more.yaml", route("a", "/changed"));
      await reported(report, /configure 1, delete 1/);
      assert.deepEqual(await names(), ["a", "home"]);
      await remove("routes/home.yaml");
      await reported(report, /delete: HTTPRoute shop\/home/);
      assert.deepEqual(await names(), ["a"]);
      const { body } = await running.get("/v1/log?limit=1");
      assert.match(String((body.events as JsonObject[])[0]?.source), /^folder\/[0-9a-f]{12}$/);
    },
  ));

test("nobody else speaks for a folder: what it does not own it would delete", () =>
  withApi(async ({ post }) => {
    const { status, body } = await post("/v1/apply?source=folder/0123456789ab/a.yaml", gatewayClass);
    assert.equal(status, 400);
    assert.match(JSON.stringify(body), /only a watched folder/);
  }));

test("endpoints of the folder wait for others as those over HTTP do; what stands beside them does not", () =>
  withWatched(
    { "base.yaml": base, "slice.yaml": slice("10.0.0.1") },
    async ({ running, write, report }) => {
      await reported(report, /^@1\.\d+ create/);
      // The window of a minute is opened by a change of another author.
      await running.apply(slice("10.0.0.9").replace("name: web", "name: other"));
      await write("slice.yaml", slice("10.0.0.2"));
      while (running.api.door.pending === 0) await new Promise((resolve) => setImmediate(resolve));
      const waiting = await running.get("/v1/objects/endpointslice/shop/web");
      assert.deepEqual((waiting.body.endpoints as JsonObject[])[0]?.addresses, ["10.0.0.1"]);
      await running.apply(route("home"));
      await reported(report, /configure: EndpointSlice shop\/web/);
      await write("slice.yaml", documents(slice("10.0.0.3"), route("beside")));
      await reported(report, /create 1, configure 1/);
    },
    { coalesceEndpointsMs: 60_000 },
  ));

test("what no Extension declares is said once, waits, and is let in when one does, though its file did not change", () =>
  withWatched({ "flower.yaml": flower }, async ({ running, write, report }) => {
    await reported(report, /^error: .*flower\.yaml.*Flower default\/rose.*an Extension/);
    await write("class.yaml", gatewayClass);
    await reported(report, /create: GatewayClass/);
    await write("garden.yaml", extension);
    await reported(report, /create: Flower default\/rose and 1 more/);
    assert.equal(report.filter((line) => line.startsWith("error")).length, 1);
    assert.equal((await running.get("/v1/objects/flower/default/rose")).status, 200);
  }));

test("what waits is let in by an Extension that did not come from the folder, and a gone Extension deletes nothing", () =>
  withWatched({ "flower.yaml": flower }, async ({ running, remove, write, report }) => {
    await reported(report, /^error: .*flower\.yaml/);
    await running.apply(extension);
    await write("class.yaml", gatewayClass);
    await reported(report, /^@.*create: (Flower default\/rose|.* and 1 more)/);
    await running.post("/v1/delete", { refs: [{ kind: "ext", name: "garden" }] });
    report.length = 0;
    await write("flower.yaml", flower.replace("red", "blue"));
    await reported(report, /^error: .*Flower default\/rose/);
    const kept = await running.get("/v1/objects/flower/default/rose");
    assert.deepEqual(kept.body.spec, { colour: "red" });
    await remove("flower.yaml");
    await reported(report, /delete: Flower default\/rose/);
  }));

test("a broken file changes nothing and is said once, with file, document, line, object and field", () =>
  withWatched(
    { "base.yaml": base, "routes.yaml": documents(route("a"), route("b")) },
    async ({ write, names, report }) => {
      await reported(report, /^@1\.\d+ create/);
      await write("routes.yaml", `${route("a")}---\n${route("b", "/new").replace("PathPrefix", "Prefix")}`);
      const line = await reported(report, /^error/);
      assert.match(
        line,
        /routes\.yaml:\d+ document 2: HTTPRoute shop\/b: spec\.rules\[0\]\.matches\[0\]\.path\.type: expected/,
      );
      assert.deepEqual(await names(), ["a", "b"]);
      await write("routes.yaml", `${route("a", "/other")}---\nkind: [\n`);
      await reported(report, /syntax error/);
      await reported(report, /configure: HTTPRoute shop\/a/);
      assert.deepEqual(await names(), ["a", "b"], "what a broken file named stays");
      assert.equal(report.filter((text) => text.includes("syntax error")).length, 1);
      await write("routes.yaml", documents(route("a", "/other"), route("b")));
      await reported(report, /routes\.yaml: read again, nothing is wrong now/);
    },
  ));

test("only what the folder owns is deleted; an object that moves between files is not", () =>
  withWatched(
    { "base.yaml": base, "one.yaml": route("a") },
    async ({ running, write, folder, names, report }) => {
      await reported(report, /^@1\.\d+ create/);
      await running.apply(route("by-hand"));
      await rename(join(folder, "one.yaml"), join(folder, "two.yaml"));
      await write("three.yaml", route("c"));
      await reported(report, /create.*HTTPRoute shop\/c|HTTPRoute shop\/a and 1 more/);
      assert.deepEqual(await names(), ["a", "by-hand", "c"]);
      const { body } = await running.get("/v1/log?object=httproute/a&namespace=shop");
      for (const event of body.events as JsonObject[]) {
        assert.ok(
          (event.changes as { ref: JsonObject; change: string }[]).every(
            ({ ref, change }) => ref.name !== "a" || change !== "deleted",
          ),
        );
      }
    },
  ));

test("an object that two files name is refused at both places until one goes", () =>
  withWatched(
    { "base.yaml": base, "one.yaml": route("a", "/one") },
    async ({ write, remove, running, names, report }) => {
      await reported(report, /^@1\.\d+ create/);
      await write("two.yaml", route("a", "/two"));
      await reported(report, /more than once/);
      assert.deepEqual(await names(), ["a"]);
      await remove("one.yaml");
      await reported(report, /configure: HTTPRoute shop\/a/);
      assert.match(JSON.stringify((await running.get("/v1/objects/httproute/shop/a")).body.spec), /\/two/);
    },
  ));

test("an empty or vanished folder deletes nothing", () =>
  withWatched({ "base.yaml": base, "one.yaml": route("a") }, async ({ remove, folder, names, report }) => {
    await reported(report, /^@1\.\d+ create/);
    await remove("base.yaml");
    await reported(report, /delete 3|delete: /);
    await remove("one.yaml");
    await reported(report, /are kept though no file names them: the folder is empty/);
    assert.deepEqual(await names(), ["a"]);
    await rm(folder, { recursive: true });
    await reported(report, /ENOENT/, 15_000);
    assert.deepEqual(await names(), ["a"]);
  }));

test("a folder that loses over half of at least 10 routes keeps them until it is allowed", () => {
  const many = Object.fromEntries(
    Array.from({ length: 12 }, (_, index) => [`r${index}.yaml`, route(`r${index}`, `/${index}`)]),
  );
  return withWatched({ "base.yaml": base, ...many }, async ({ running, folder, names, report, stop }) => {
    await reported(report, /^@1\.\d+ create/);
    await stop();
    for (let index = 1; index < 12; index++) await unlink(join(folder, `r${index}.yaml`));
    const again: string[] = [];
    const kept = await watch(running, folder, again);
    await reported(again, /11 objects are kept though no file names them: this would remove 11 of 12 routes/);
    assert.equal((await names()).length, 12);
    await kept.stop();
    const lines: string[] = [];
    const allowed = await watch(running, folder, lines, true);
    await reported(lines, /delete: HTTPRoute shop\/r1 and 10 more/);
    assert.deepEqual(await names(), ["r0"]);
    await allowed.stop();
  });
});

interface Watched {
  readonly running: RunningApi;
  readonly folder: string;
  /** Lines that were reported. */
  readonly report: string[];
  write(path: string, text: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Of the routes, sorted. */
  names(): Promise<string[]>;
  stop(): Promise<void>;
}

function withWatched(
  files: Record<string, string>,
  use: (watched: Watched) => Promise<void>,
  options: Partial<ApiOptions> = {},
): Promise<void> {
  const withFolder = async (running: RunningApi): Promise<void> => {
    const folder = join(running.folder, "watched");
    await mkdir(join(folder, "routes"), { recursive: true });
    const write = (path: string, text: string): Promise<void> => writeFile(join(folder, path), text);
    for (const [path, text] of Object.entries(files)) await write(path, text);
    const report: string[] = [];
    const watched = await watch(running, folder, report);
    const names = async (): Promise<string[]> => {
      const { body } = await running.get("/v1/objects/httproutes");
      return (body.items as { metadata: { name: string } }[]).map(({ metadata }) => metadata.name).sort();
    };
    try {
      const remove = (path: string): Promise<void> => unlink(join(folder, path));
      await use({ running, folder, report, write, remove, names, stop: () => watched.stop() });
    } finally {
      await watched.stop();
    }
  };
  return withApi(withFolder, { options });
}

function slice(address: string): string {
  return `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: web, namespace: shop }
addressType: IPv4
endpoints: [{ addresses: [${address}] }]
ports: [{ port: 8080 }]
`;
}

function watch(running: RunningApi, folder: string, report: string[], allowMassDelete = false) {
  const add = (text: string): void => void report.push(text);
  return watchFolder({ folder, api: running.api, clock: systemClock, allowMassDelete, report: add });
}

/** Waits for a line of the report. */
async function reported(report: readonly string[], pattern: RegExp, withinMs = 10_000): Promise<string> {
  const deadline = AbortSignal.timeout(withinMs);
  for (;;) {
    const found = report.find((line) => pattern.test(line));
    if (found !== undefined) return found;
    assert.ok(!deadline.aborted, `no line ${pattern} in ${JSON.stringify(report)}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
