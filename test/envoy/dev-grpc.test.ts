import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { status } from "@grpc/grpc-js";
import { DevProcess } from "../features/cli/dev-process.ts";
import { HttpProbe } from "../features/cli/http-probe.ts";
import { backendYaml, documents, gatewayYaml, routeYaml } from "../features/cli/manifests.ts";
import { freePort } from "../features/cli/named-backend.ts";
import { runCli } from "../features/cli/run-cli.ts";
import { type GrpcBackend, type GrpcEcho, startGrpcBackend } from "./grpc/grpc-backend.ts";
import { type GrpcAnswer, GrpcCaller } from "./grpc/grpc-caller.ts";

let dataFolder: string;
let backends: Readonly<Record<"blue" | "green" | "mirror", GrpcBackend>>;
let port: number;
let dev: DevProcess;
let grpc: GrpcCaller;

const host = "grpc.example.com";

function grpcRoute(rules: readonly object[]): string {
  const route = {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "GRPCRoute",
    metadata: { name: "echo" },
    spec: { parentRefs: [{ name: "web" }], hostnames: [host], rules },
  };
  return `${JSON.stringify(route)}\n`;
}

/** A backendRef. */
function to(name: string, more: object = {}): object {
  return { group: "gateway.envoyproxy.io", kind: "Backend", name, ...more };
}

async function apply(...texts: string[]): Promise<void> {
  const server = await dev.apiUrl();
  const applied = await runCli(["apply", "-f", "-", "--wait"], { server, stdin: documents(...texts) });
  assert.equal(applied.code, 0, applied.stderr);
}

/** The code, and who answered. */
function said({ code, echoes }: GrpcAnswer): string {
  return [status[code], ...echoes.map(({ backend }) => backend)].join(" ");
}

before(async () => {
  dataFolder = await mkdtemp(join(tmpdir(), "routeledger-grpc-"));
  const [blue, green, mirror] = await Promise.all(["blue", "green", "mirror"].map(startGrpcBackend));
  assert.ok(blue && green && mirror);
  backends = { blue, green, mirror };
  port = await freePort();
  dev = new DevProcess({ dataFolder });
  grpc = new GrpcCaller(port, host);
  const all = [blue, green, mirror].map(({ name, port: at }) => backendYaml(name, at));
  // Without --wait: no proxy is there before the Gateway.
  const server = await dev.apiUrl();
  const input = documents(gatewayYaml("web", port), ...all, grpcRoute([{ backendRefs: [to("blue")] }]));
  const applied = await runCli(["apply", "-f", "-"], { server, stdin: input });
  assert.equal(applied.code, 0, applied.stderr);
  await grpc.until(({ code }) => code === status.OK, "/shop.Cart/Echo");
});

after(async () => {
  await dev.end("SIGTERM");
  grpc.close();
  for (const backend of Object.values(backends)) backend.close();
  await rm(dataFolder, { recursive: true, force: true });
});

test("rule G38: a rule without matches takes every call, streams of both directions, and the backend's own failures", async () => {
  assert.equal(said(await grpc.call("/shop.v2.Cart/EchoTwo")), "OK blue");
  const stream = grpc.stream("/shop.Cart/Talk");
  const heard: string[] = [];
  for (const message of ["one", "two", "three"]) {
    const next = new Promise<GrpcEcho>((resolve, reject) => {
      stream.once("data", resolve);
      stream.once("error", reject);
    });
    stream.write(message);
    heard.push((await next).message);
  }
  stream.end();
  assert.deepEqual(heard, ["one", "two", "three"]);
  const failed = await grpc.call("/shop.Cart/Echo", { "fail-with": "no stock" });
  assert.equal(`${failed.code} ${failed.details}`, `${status.FAILED_PRECONDITION} no stock`);
});

test("rule G40: calls go by service, method, pattern and header; what no rule matches is UNIMPLEMENTED (G14)", async () => {
  const pattern = { type: "RegularExpression", service: "shop\\.v[0-9]\\..*", method: "Echo|Talk" };
  await apply(
    grpcRoute([
      { matches: [{ method: { service: "shop.Cart" } }], backendRefs: [to("blue")] },
      { matches: [{ method: { service: "shop.Cart", method: "EchoTwo" } }], backendRefs: [to("green")] },
      { matches: [{ headers: [{ name: "Version", value: "two" }] }], backendRefs: [to("mirror")] },
      { matches: [{ method: pattern }], backendRefs: [to("green")] },
      { matches: [{ method: { method: "Talk" } }], backendRefs: [to("blue")] },
    ]),
  );
  const answers: readonly [string, string, Record<string, string>?][] = [
    ["/shop.Cart/Echo", "OK blue"],
    ["/shop.Cart/EchoTwo", "OK green"],
    ["/shop.Cart/Echo", "OK blue", { version: "two" }],
    // By elements: shop.Cart is not shop.CartAdmin.
    ["/shop.CartAdmin/Echo", "UNIMPLEMENTED"],
    ["/shop.CartAdmin/Echo", "OK mirror", { version: "two" }],
    ["/shop.CartAdmin/Talk", "OK blue"],
    ["/shop.v2.Cart/Echo", "OK green"],
    ["/shop.v2.Cart/Talk", "OK green"],
    ["/shop.v2.Cart/EchoTwo", "UNIMPLEMENTED"],
  ];
  for (const [path, wanted, metadata] of answers) {
    assert.equal(said(await grpc.call(path, metadata)), wanted, path);
  }
});

test("rule G64: what cannot be served is UNAVAILABLE, and of shares only the invalid one", async () => {
  const nowhere = { group: "example.com", kind: "Filter", name: "none" };
  await apply(
    grpcRoute([
      { matches: [{ method: { method: "Echo" } }], backendRefs: [to("blue"), to("missing")] },
      { matches: [{ method: { service: "shop.Cart", method: "Talk" } }], backendRefs: [to("missing")] },
      {
        matches: [{ method: { service: "shop.CartAdmin", method: "Talk" } }],
        backendRefs: [to("blue", { weight: 0 })],
      },
      {
        matches: [{ method: { method: "EchoTwo" } }],
        filters: [{ type: "ExtensionRef", extensionRef: nowhere }],
        backendRefs: [to("blue")],
      },
    ]),
  );
  for (const path of ["/shop.Cart/Talk", "/shop.CartAdmin/Talk", "/shop.Cart/EchoTwo"]) {
    assert.equal(said(await grpc.call(path)), "UNAVAILABLE", path);
  }
  const answers = await Promise.all(Array.from({ length: 400 }, () => grpc.call("/shop.Cart/Echo")));
  const counts = Map.groupBy(answers.map(said), (answer) => answer);
  assert.deepEqual([...counts.keys()].sort(), ["OK blue", "UNAVAILABLE"]);
  const unavailable = counts.get("UNAVAILABLE")?.length ?? 0;
  // Six standard deviations.
  assert.ok(Math.abs(unavailable - 200) < 60, `${unavailable} of 400`);
});

test("rule G41, G44, G55: headers are changed for the backend and for the client, and calls are mirrored", async () => {
  const responseHeaderModifier = { set: [{ name: "X-From", value: "blue" }] };
  const requestHeaderModifier = {
    set: [{ name: "X-Set", value: "100%" }],
    add: [{ name: "X-Add", value: "b" }],
    remove: ["x-gone"],
  };
  await apply(
    grpcRoute([
      {
        filters: [
          { type: "RequestHeaderModifier", requestHeaderModifier },
          { type: "RequestMirror", requestMirror: { backendRef: to("mirror") } },
        ],
        backendRefs: [to("blue", { filters: [{ type: "ResponseHeaderModifier", responseHeaderModifier }] })],
      },
    ]),
  );
  const before = backends.mirror.calls.length;
  const answer = await grpc.call("/shop.Cart/Echo", { "x-set": "a", "x-add": "a", "x-gone": "a" });
  assert.equal(said(answer), "OK blue");
  const { metadata } = answer.echoes[0] as GrpcEcho;
  assert.deepEqual([metadata["x-set"], metadata["x-add"], metadata["x-gone"]], ["100%", "a, b", undefined]);
  assert.equal(answer.metadata["x-from"], "blue");
  await grpc.until(() => backends.mirror.calls.length > before, "/shop.Cart/Echo");
  assert.equal(backends.mirror.calls.at(-1), "/shop.Cart/Echo");
});

test("rule G75, G76: one backend is spoken to in HTTP/1.1 by an HTTPRoute and in HTTP/2 by a GRPCRoute at once", async () => {
  await apply(
    grpcRoute([{ backendRefs: [to("blue")] }]),
    routeYaml({ name: "pages", gateway: "web", backend: "blue", hostname: "www.example.com" }),
  );
  const web = new HttpProbe(port);
  assert.deepEqual(await web.get("/page", { host: "www.example.com" }), { status: 200, body: "blue" });
  web.close();
  assert.equal(backends.blue.calls.at(-1), "HTTP/1.1 /page");
  assert.equal(said(await grpc.call("/shop.Cart/Echo")), "OK blue");
});

test("rule G16: an HTTPRoute on the host of an older GRPCRoute is not accepted, and serves when that one goes", async () => {
  const server = await dev.apiUrl();
  await apply(routeYaml({ name: "late", gateway: "web", backend: "green", hostname: host }));
  assert.equal(said(await grpc.call("/shop.Cart/Echo")), "OK blue");
  const wide = await runCli(["get", "grpcroutes", "-o", "wide"], { server });
  assert.match(wide.stdout, /^NAME +HOSTNAMES +PARENTS +ACCEPTED +RESOLVED/m);
  assert.match(wide.stdout, /^echo +\["grpc\.example\.com"\] +web +True +True/m);
  const late = await runCli(["get", "httproute", "late", "-o", "yaml"], { server });
  assert.match(late.stdout, /grpc\.example\.com is served by GRPCRoute default\/echo, which comes first/);
  assert.match(late.stdout, /reason: NoMatchingListenerHostname/);
  const deleted = await runCli(["delete", "grpcroute", "echo"], { server });
  assert.equal(deleted.code, 0, deleted.stderr);
  const web = new HttpProbe(port);
  await web.until(({ status: code, body }) => code === 200 && body === "green", "/", { host });
  web.close();
});
