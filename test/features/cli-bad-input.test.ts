import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { DevProcess } from "./cli/dev-process.ts";
import { backendYaml, documents, gatewayYaml, routeYaml } from "./cli/manifests.ts";
import { type CliResult, runCli } from "./cli/run-cli.ts";

let folder: string;
let dev: DevProcess;
let server: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "routeledger-input-"));
  dev = new DevProcess({ dataFolder: join(folder, "data"), args: ["--no-envoy"] });
  server = await dev.apiUrl();
});

after(async () => {
  await dev.end("SIGTERM");
  await rm(folder, { recursive: true, force: true });
});

async function applyFile(name: string, content: string | Uint8Array, ...flags: string[]): Promise<CliResult> {
  const path = join(folder, name);
  await writeFile(path, content);
  return runCli(["apply", "-f", path, ...flags], { server });
}

function good(name: string): string {
  return backendYaml(name, 3000);
}

function assertRefused(result: CliResult, ...said: readonly RegExp[]): void {
  assert.equal(result.code, 1, result.stdout + result.stderr);
  assert.match(result.stderr, /^error: /m);
  for (const pattern of said) assert.match(result.stderr, pattern);
}

async function head(): Promise<string> {
  const shown = await runCli(["status", "-o", "json"], { server });
  return (JSON.parse(shown.stdout) as { head: string }).head;
}

test("a syntax error names file and line, and the file's other documents and other files go on", async () => {
  await mkdir(join(folder, "syntax"));
  await writeFile(join(folder, "syntax", "a-broken.yaml"), "kind: Backend\nmetadata: {name: broken\n");
  await writeFile(join(folder, "syntax", "b-good.yaml"), good("beside-syntax"));
  const result = await runCli(["apply", "-f", join(folder, "syntax")], { server });
  assertRefused(result, /a-broken\.yaml:\d+/);
  assert.equal(result.stdout, "backend.gateway.envoyproxy.io/beside-syntax created\n");
});

test("P7: a wrong field is refused with file, document, object, field and what was expected; the good ones go on", async () => {
  const route = routeYaml({ name: "bad-path", gateway: "web", backend: "b" }).replace(
    "PathPrefix",
    "Prefiks",
  );
  const result = await applyFile("schema.yaml", documents(good("beside-schema"), route));
  assertRefused(
    result,
    /schema\.yaml(:\d+)? document 2: HTTPRoute default\/bad-path: spec\.rules\[0\]\.matches\[0\]\.path\.type: /,
    /PathPrefix/,
  );
  assert.equal(result.stdout, "backend.gateway.envoyproxy.io/beside-schema created\n");
});

test("P7: a refused edit leaves the former version", async () => {
  const route = routeYaml({ name: "kept", gateway: "web", backend: "first" });
  assert.equal((await applyFile("kept.yaml", route)).code, 0);
  assertRefused(
    await applyFile("kept.yaml", route.replace("PathPrefix", "Prefiks").replace("first", "second")),
  );
  const shown = await runCli(["get", "httproute/kept", "-o", "yaml"], { server });
  assert.match(shown.stdout, /name: first/);
});

test("an unknown field is refused by name", async () => {
  const result = await applyFile(
    "field.yaml",
    good("typo").replace("endpoints:", "endpoint: 1\n  endpoints:"),
  );
  assertRefused(result, /Backend default\/typo: spec\.endpoint: /);
});

test("an unknown kind is refused by name, a workload is ignored with a warning", async () => {
  const unknown = "apiVersion: example.com/v1\nkind: Teapot\nmetadata:\n  name: pot\n";
  const workload = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n";
  const result = await applyFile("kinds.yaml", documents(unknown, workload, good("beside-kinds")));
  assertRefused(result, /kinds\.yaml(:\d+)? document 1: .*Teapot/, /^Warning: .*Deployment/m);
  assert.equal(result.stdout, "backend.gateway.envoyproxy.io/beside-kinds created\n");
});

test("P7: a dangling reference is accepted, and a status says what is missing", async () => {
  const input = documents(
    gatewayYaml("web", 8080),
    routeYaml({ name: "dangling", gateway: "web", backend: "none" }),
  );
  const result = await applyFile("dangling.yaml", input);
  assert.equal(result.code, 0, result.stderr);
  assert.match(result.stdout, /^httproute\.gateway\.networking\.k8s\.io\/dangling created$/m);
  const shown = await runCli(["status"], { server });
  assert.match(shown.stdout, /^HTTPRoute default\/dangling .* ResolvedRefs +BackendNotFound /m);
});

test("two objects of one name in the input are refused, and both places are named", async () => {
  const before = await head();
  const result = await applyFile("twice.yaml", documents(good("twice"), good("twice")));
  assertRefused(result, /document 1/, /document 2/);
  assert.equal(await head(), before);
});

test("an object over 1.5 MiB is refused with its size, the others go on", async () => {
  const large = good("large").replace("spec:", `  annotations:\n    note: ${"x".repeat(1_600_000)}\nspec:`);
  const result = await applyFile("large.yaml", documents(large, good("beside-large")));
  assertRefused(result, /Backend default\/large: .*1\.5 MiB/);
  assert.equal(result.stdout, "backend.gateway.envoyproxy.io/beside-large created\n");
});

test("a binary file is refused, the others go on", async () => {
  await mkdir(join(folder, "binary"));
  await writeFile(join(folder, "binary", "a.yaml"), new Uint8Array([0x7f, 0x45, 0x4c, 0x46, 0, 1, 2]));
  await writeFile(join(folder, "binary", "b.yaml"), good("beside-binary"));
  const result = await runCli(["apply", "-f", join(folder, "binary")], { server });
  assertRefused(result, /a\.yaml: is binary/);
  assert.equal(result.stdout, "backend.gateway.envoyproxy.io/beside-binary created\n");
});

test("--atomic: one refused object refuses all, and nothing is appended", async () => {
  const before = await head();
  const route = routeYaml({ name: "atomic", gateway: "web", backend: "b" }).replace("PathPrefix", "Prefiks");
  const result = await applyFile("atomic.yaml", documents(good("atomic"), route), "--atomic");
  assertRefused(result);
  assert.equal(result.stdout, "");
  assert.equal(await head(), before);
});

test("a good file of 10 MB is applied", async () => {
  const note = "x".repeat(10_000);
  const many = Array.from({ length: 1_000 }, (_, index) =>
    good(`many-${index}`).replace("spec:", `  annotations:\n    note: ${note}\nspec:`),
  );
  const result = await applyFile("many.yaml", documents(...many));
  assert.equal(result.code, 0, result.stderr);
  assert.equal(result.stdout.trimEnd().split("\n").length, 1_000);
});

test("what the command line gets wrong exits with 1 and says how it is right", async () => {
  const cases: readonly [readonly string[], RegExp][] = [
    [["apply"], /must specify -f/],
    [["apply", "-f", join(folder, "missing.yaml")], /"\S*missing\.yaml" does not exist/],
    [["aply"], /unknown command 'aply'[\s\S]*apply/],
    [["get"], /missing required argument/],
    [["get", "teapots"], /teapots/],
    [
      ["get", "httproute", "no-such"],
      /Error from server \(NotFound\): httproutes\.gateway\.networking\.k8s\.io "no-such" not found/,
    ],
    [["delete", "httproute", "no-such"], /Error from server \(NotFound\): .*"no-such" not found/],
    [["get", "httproutes", "--at", "@99999"], /there is no such revision yet: the last is 1\.\d+/],
    [["show", "yesterday"], /yesterday/],
  ];
  for (const [args, said] of cases) {
    const result = await runCli(args, { server });
    assert.equal(result.code, 1, args.join(" "));
    assert.match(result.stderr, said, args.join(" "));
  }
  assert.equal((await runCli(["delete", "httproute", "no-such", "--ignore-not-found"], { server })).code, 0);
});

test("no server: the message says where it looked", async () => {
  const result = await runCli(["get", "httproutes"], { server: "http://127.0.0.1:1" });
  assert.equal(result.code, 1);
  assert.match(result.stderr, /the connection to the server 127\.0\.0\.1:1 was refused/);
});
