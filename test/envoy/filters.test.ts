import { deepEqual, equal, match, ok } from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { JsonObject } from "@routeledger/std";
import { DevProcess } from "../features/cli/dev-process.ts";
import { HttpProbe } from "../features/cli/http-probe.ts";
import { freePort } from "../features/cli/named-backend.ts";
import { type RecordingBackend, startRecordingBackend } from "./filters/recording-backend.ts";

// What filters, retries and Backends do to requests in a real Envoy, beyond what the official suite asks.

let folder: string;
let dev: DevProcess;
let port: number;
let main: RecordingBackend;
let mirror: RecordingBackend;
let socket: RecordingBackend;
const agent = new Agent({ keepAlive: true, maxSockets: 100 });

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "routeledger-filters-"));
  main = await startRecordingBackend(({ path }, times, response) => {
    const [, code] = /fail-once-with=([0-9]+)/.exec(path) ?? [];
    if (path.includes("reset-once") && times === 0) response.destroy();
    else {
      response.statusCode = code !== undefined && times === 0 ? Number(code) : 200;
      response.end("main");
    }
  });
  mirror = await startRecordingBackend((_, __, response) => response.end("mirror"));
  const path = join(folder, "b.sock");
  socket = await startRecordingBackend((_, __, response) => response.end("socket"), path);
  port = await freePort();
  await mkdir(join(folder, "config"));
  await writeFile(
    join(folder, "config/all.json"),
    JSON.stringify({ apiVersion: "v1", kind: "List", items: objects(path) }),
  );
  dev = new DevProcess({ dataFolder: join(folder, "data"), args: ["--watch", join(folder, "config")] });
  const probe = new HttpProbe(port);
  await probe.until(({ status }) => status === 200, "/plain");
  probe.close();
});

after(async () => {
  agent.destroy();
  await dev.end("SIGTERM");
  for (const backend of [main, mirror, socket]) await backend.close();
  await rm(folder, { recursive: true, force: true });
});

const to = (name: string): JsonObject => ({ group: "gateway.envoyproxy.io", kind: "Backend", name });

function rule(path: string, more: JsonObject = {}, method?: string): JsonObject {
  const condition = {
    path: { type: "PathPrefix", value: path },
    ...(method === undefined ? {} : { method }),
  };
  return { matches: [condition], backendRefs: [to("main")], ...more };
}

function cors(allowMethods: string[]): JsonObject {
  const policy = { allowOrigins: ["https://*.foo.com"], allowMethods, allowCredentials: true };
  return { filters: [{ type: "CORS", cors: policy }] };
}

const strip: JsonObject = { type: "ReplacePrefixMatch", replacePrefixMatch: "" };
const rewritten = (path: JsonObject): JsonObject => ({ type: "URLRewrite", urlRewrite: { path } });
const redirected = (requestRedirect: JsonObject): JsonObject => ({
  type: "RequestRedirect",
  requestRedirect,
});

function objects(socketPath: string): JsonObject[] {
  const percent = { type: "RequestMirror", requestMirror: { backendRef: to("mirror"), percent: 20 } };
  const headers = {
    type: "RequestHeaderModifier",
    requestHeaderModifier: { set: [{ name: "x-set", value: "100%" }] },
  };
  const all = { type: "RequestMirror", requestMirror: { backendRef: to("mirror") } };
  const rules = [
    rule("/plain"),
    rule("/mirror", { filters: [all, headers] }),
    rule("/percent", { filters: [percent] }),
    rule("/cors", cors(["GET"]), "GET"),
    rule("/cors", cors(["PUT", "DELETE"]), "PUT"),
    rule("/retry", { retry: { codes: [500], attempts: 2, backoff: "1ms" } }),
    rule("/socket", { backendRefs: [to("socket")] }),
    rule("/swap/", { filters: [rewritten({ type: "ReplacePrefixMatch", replacePrefixMatch: "/new/x" })] }),
    rule("/strip.a", { filters: [rewritten({ type: "ReplacePrefixMatch", replacePrefixMatch: "/" })] }),
    rule("/full", { filters: [rewritten({ type: "ReplaceFullPath", replaceFullPath: "/all" })] }),
    rule("/to-https", { backendRefs: [], filters: [redirected({ scheme: "https" })] }),
    rule("/to-path", { backendRefs: [], filters: [redirected({ path: strip, statusCode: 301 })] }),
    rule("/copied", {
      filters: [all, { type: "URLRewrite", urlRewrite: { hostname: "new.example.com", path: strip } }],
    }),
    rule("/gone", {
      filters: [{ type: "ExtensionRef", extensionRef: { group: "x.io", kind: "Auth", name: "a" } }],
    }),
  ];
  const backend = (name: string, endpoint: JsonObject): JsonObject => ({
    apiVersion: "gateway.envoyproxy.io/v1alpha1",
    kind: "Backend",
    metadata: { name },
    spec: { endpoints: [endpoint] },
  });
  return [
    {
      apiVersion: "gateway.networking.k8s.io/v1",
      kind: "Gateway",
      metadata: { name: "web" },
      spec: { gatewayClassName: "routeledger", listeners: [{ name: "http", protocol: "HTTP", port }] },
    },
    backend("main", { ip: { address: "127.0.0.1", port: main.port } }),
    backend("mirror", { ip: { address: "127.0.0.1", port: mirror.port } }),
    backend("socket", { unix: { path: socketPath } }),
    {
      apiVersion: "gateway.networking.k8s.io/v1",
      kind: "HTTPRoute",
      metadata: { name: "all" },
      spec: { parentRefs: [{ name: "web" }], rules },
    },
    {
      apiVersion: "gateway.networking.k8s.io/v1",
      kind: "HTTPRoute",
      metadata: { name: "named" },
      spec: { parentRefs: [{ name: "web" }], hostnames: ["a.example.com"], rules: [rule("/named")] },
    },
  ];
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

function ask(path: string, { method = "GET", headers = {}, body }: Asked = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, path, method, headers, agent }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("error", reject);
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
      );
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/** Waits for what a mirror gets, which nobody tells when. */
async function mirrored(path: string, count: number): Promise<RecordingBackend["received"]> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const found = mirror.received.filter((one) => one.path.startsWith(path));
    if (found.length >= count) return found;
    if (performance.now() > deadline)
      throw new Error(`the mirror got ${found.length} of ${count} requests ${path}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test("rule G55: a mirror gets the request as the backend does, host, headers and body", async () => {
  const body = Buffer.alloc(20_000, "x");
  const headers = { host: "shop.example.com:8080" };
  equal((await ask("/mirror?one", { method: "POST", headers, body })).body, "main");
  const [copy] = await mirrored("/mirror?one", 1);
  const own = main.received.find(({ path }) => path === "/mirror?one");
  for (const got of [copy, own]) {
    deepEqual(
      [got?.method, got?.headers.host, got?.headers["x-set"], got?.bytes],
      ["POST", "shop.example.com:8080", "100%", 20_000],
    );
  }
});

test("rule G55: a mirror gets the host and the path that a rewrite makes", async () => {
  equal((await ask("/copied/rewritten-copy")).body, "main");
  const [copy] = await mirrored("/rewritten-copy", 1);
  const own = main.received.find(({ path }) => path === "/rewritten-copy");
  for (const got of [copy, own])
    deepEqual([got?.path, got?.headers.host], ["/rewritten-copy", "new.example.com"]);
});

test("rule G55: a percentage is that part of the requests", async () => {
  const asked = 1_000;
  await Promise.all(Array.from({ length: asked }, (_, index) => ask(`/percent?${index}`)));
  const copies = await mirrored("/percent", asked * 0.15);
  ok(copies.length < asked * 0.25, `${copies.length} of ${asked}`);
});

const preflight = (origin: string, asked: string): Asked => ({
  method: "OPTIONS",
  headers: { origin, "access-control-request-method": asked },
});

test("rule G59: the preflight of each method gets the answer of the rule that the method goes to", async () => {
  const got = await ask("/cors", preflight("https://a.foo.com", "GET"));
  equal(got.status, 200);
  equal(got.headers["access-control-allow-origin"], "https://a.foo.com");
  equal(got.headers["access-control-allow-methods"], "GET");
  const put = await ask("/cors", preflight("https://a.foo.com", "PUT"));
  equal(put.headers["access-control-allow-methods"], "PUT, DELETE");
  equal((await ask("/cors", preflight("https://a.foo.com", "DELETE"))).status, 404);
  equal(main.received.filter(({ method }) => method === "OPTIONS").length, 0);
});

test("rule G57, G58: a foreign origin's preflight is answered without permission and reaches no backend", async () => {
  for (const origin of ["https://evilfoo.com", "http://a.foo.com", "https://a.foo.com:8443"]) {
    const { status, headers } = await ask("/cors", preflight(origin, "GET"));
    equal(status, 200);
    equal(headers["access-control-allow-origin"], undefined);
  }
  equal(main.received.filter(({ method }) => method === "OPTIONS").length, 0);
});

test("rule G57: a request with an origin is forwarded, and its answer says who may read it", async () => {
  const { body, headers } = await ask("/cors", { headers: { origin: "https://a.foo.com" } });
  equal(body, "main");
  deepEqual(
    [headers["access-control-allow-origin"], headers["access-control-allow-credentials"]],
    ["https://a.foo.com", "true"],
  );
  const foreign = await ask("/cors", { headers: { origin: "https://foo.com" } });
  deepEqual([foreign.body, foreign.headers["access-control-allow-origin"]], ["main", undefined]);
});

test("rule G82: listed codes and connections that break are tried again, other codes are not", async () => {
  equal((await ask("/retry?a&fail-once-with=500")).status, 200);
  equal((await ask("/retry?b&fail-once-with=503")).status, 503);
  equal((await ask("/retry?c&reset-once")).status, 200);
  equal((await ask("/plain?d&fail-once-with=500")).status, 500);
  const tries = (part: string): number => main.received.filter(({ path }) => path.includes(part)).length;
  deepEqual([tries("?a&"), tries("?b&"), tries("?c&"), tries("?d&")], [2, 1, 2, 1]);
});

test("a request's body is kept for its retries up to a MiB, a longer one has one try", async () => {
  const post = async (path: string, bytes: number): Promise<number> =>
    (await ask(path, { method: "POST", body: Buffer.alloc(bytes, "x") })).status;
  equal(await post("/retry?long&fail-once-with=500", 1_000_000), 200);
  equal(await post("/retry?longer&fail-once-with=500", 2_000_000), 500);
  const got = main.received.filter(({ path }) => path.includes("?long&"));
  deepEqual(
    got.map(({ bytes }) => bytes),
    [1_000_000, 1_000_000],
  );
});

test("rule G82: many retries at once are done, not a few of them", async () => {
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, index) => ask(`/retry?many-${index}&fail-once-with=500`)),
  );
  equal(answers.filter(({ status }) => status !== 200).length, 0);
});

test("rule G50, G51: what a rewrite makes of paths, and the query stays", async () => {
  const table = [
    ["/swap", "/new/x"],
    ["/swap/", "/new/x/"],
    ["/swap/a?q=1", "/new/x/a?q=1"],
    ["/strip.a", "/"],
    ["/strip.a/", "/"],
    ["/strip.a?q=1", "/?q=1"],
    ["/strip.a/b%20c?q=/d", "/b%20c?q=/d"],
    ["/full/a/b?q=1", "/all?q=1"],
  ] as const;
  for (const [path, expected] of table) {
    const before = main.received.length;
    equal((await ask(path)).status, 200, path);
    equal(main.received[before]?.path, expected, path);
  }
  for (const path of ["/swapped", "/stripXa"]) equal((await ask(path)).status, 404, path);
});

test("rule G45 to G48: where a redirect leads, with and without a port in Host", async () => {
  const table = [
    ["/to-https/a?q=1", "a.example.com", "302 https://a.example.com/to-https/a?q=1"],
    ["/to-https/a", "a.example.com:8080", "302 https://a.example.com/to-https/a"],
    ["/to-https/a", "x.other.net:8080", "302 https://x.other.net:443/to-https/a"],
    ["/to-path/a?q=1", "a.example.com", `301 http://a.example.com:${port}/a?q=1`],
    ["/to-path", "a.example.com:1", `301 http://a.example.com:${port}/`],
  ] as const;
  for (const [path, host, expected] of table) {
    const { status, headers } = await ask(path, { headers: { host } });
    equal(`${status} ${headers.location}`, expected, `${host}${path}`);
  }
});

test("rule G61: a filter that nobody resolves is not skipped", async () => {
  const before = main.received.length;
  equal((await ask("/gone")).status, 500);
  equal(main.received.length, before);
});

test("a Backend of a unix domain socket is reached over EDS", async () => {
  equal((await ask("/socket")).body, "socket");
  match(socket.received[0]?.path ?? "", /^\/socket/);
});
