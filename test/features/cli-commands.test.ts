import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
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
  folder = await mkdtemp(join(tmpdir(), "routeledger-commands-"));
  dev = new DevProcess({ dataFolder: join(folder, "data"), args: ["--no-envoy"] });
  server = await dev.apiUrl();
});

after(async () => {
  await dev.end("SIGTERM");
  await rm(folder, { recursive: true, force: true });
});

function cli(...args: string[]): Promise<CliResult> {
  return runCli(args, { server });
}

function apply(text: string, ...flags: string[]): Promise<CliResult> {
  return runCli(["apply", "-f", "-", ...flags], { server, stdin: text });
}

async function head(): Promise<string> {
  return (JSON.parse((await cli("status", "-o", "json")).stdout) as { head: string }).head;
}

test("apply is created, configured, unchanged; an unchanged one appends nothing", async () => {
  const backend = backendYaml("one", 3000);
  assert.equal((await apply(backend)).stdout, "backend.gateway.envoyproxy.io/one created\n");
  const before = await head();
  assert.equal((await apply(backend)).stdout, "backend.gateway.envoyproxy.io/one unchanged\n");
  assert.equal(await head(), before);
  const changed = await apply(backendYaml("one", 3001), "-m", "another port");
  assert.equal(changed.stdout, "backend.gateway.envoyproxy.io/one configured\n");
  assert.match(
    (await cli("log", "--limit", "1")).stdout,
    /^Actor: cli:tester \(cli\)$[\s\S]*^ {4}another port$/m,
  );
});

test("the output of get -o yaml is applied as it is, and is unchanged", async () => {
  const shown = await cli("get", "backends", "-o", "yaml");
  assert.equal(shown.code, 0, shown.stderr);
  assert.equal((await apply(shown.stdout)).stdout, "backend.gateway.envoyproxy.io/one unchanged\n");
});

test("apply --dry-run shows the difference of objects and of xDS, and appends nothing", async () => {
  await apply(
    documents(gatewayYaml("web", 18_080), routeYaml({ name: "shop", gateway: "web", backend: "one" })),
  );
  const before = await head();
  const dry = await apply(backendYaml("one", 3002), "--dry-run");
  assert.equal(dry.code, 0, dry.stderr);
  assert.match(dry.stdout, /^-\s+port: 3001$/m);
  assert.match(dry.stdout, /^\+\s+port: 3002$/m);
  assert.match(dry.stdout, /^xds default\/web: EDS backend\/default\/one changed$/m);
  assert.match(dry.stdout, /^backend\.gateway\.envoyproxy\.io\/one configured \(dry run\)$/m);
  assert.equal(await head(), before);
});

test("apply --wait with no proxy connected says so and succeeds", async () => {
  const waited = await apply(backendYaml("one", 3003), "--wait");
  assert.equal(waited.code, 0, waited.stderr);
  assert.match(waited.stderr, /no proxy is connected/);
});

test("apply --if-revision refuses what was written since", async () => {
  const before = await head();
  assert.equal((await apply(backendYaml("one", 3004), "--if-revision", before)).code, 0);
  const late = await apply(backendYaml("one", 3005), "--if-revision", before);
  assert.equal(late.code, 1);
  assert.match(late.stderr, /^error: .*1\.\d+/m);
  assert.match((await cli("get", "backend/one", "-o", "yaml")).stdout, /port: 3004/);
});

test("get prints tables, names, JSON, other namespaces and other moments", async () => {
  const elsewhere = backendYaml("two", 4000).replace("name: two", "name: two\n  namespace: elsewhere");
  await apply(elsewhere);
  assert.match(
    (await cli("get", "backends")).stdout,
    /^NAME +ENDPOINTS +ACCEPTED +AGE\none +127\.0\.0\.1:3004 +True +\d+s\n$/,
  );
  assert.match((await cli("get", "backends", "-n", "elsewhere")).stdout, /^two +127\.0\.0\.1:4000/m);
  const all = await cli("get", "backends", "-A", "-o", "name");
  assert.equal(all.stdout, "backend.gateway.envoyproxy.io/one\nbackend.gateway.envoyproxy.io/two\n");
  const list = JSON.parse((await cli("get", "backends", "-A", "-o", "json")).stdout) as {
    kind: string;
    items: unknown[];
  };
  assert.deepEqual([list.kind, list.items.length], ["List", 2]);
  assert.match((await cli("get", "backend", "one", "--at", "@-3", "-o", "yaml")).stdout, /port: 300[0-3]/);
  assert.match(
    (await cli("get", "httproutes", "-n", "nowhere")).stderr,
    /^No resources found in nowhere namespace\.$/m,
  );
});

test("diff compares two moments or a range, and show tells one event", async () => {
  const before = await head();
  await apply(backendYaml("one", 3006));
  for (const args of [["diff", `@${before}`, "@head"], ["diff", "@-1..@head"], ["show"], ["show", "@head"]]) {
    const shown = await cli(...args);
    assert.equal(shown.code, 0, shown.stderr);
    assert.match(shown.stdout, /^-\s+port: 3004$\n^\+\s+port: 3006$/m, args.join(" "));
    assert.match(shown.stdout, /^default\/web +EDS +backend\/default\/one +changed$/m, args.join(" "));
  }
  const xds = await cli("diff", "@-1", "--xds");
  assert.match(xds.stdout, /^-\s+portValue: 3004$\n^\+\s+portValue: 3006$/m);
});

test("delete names objects as kubectl does, and the past keeps them", async () => {
  const deleted = await cli("delete", "httproute/shop");
  assert.equal(deleted.stdout, 'httproute.gateway.networking.k8s.io "shop" deleted\n');
  assert.equal((await cli("get", "httproute", "shop")).code, 1);
  assert.equal((await cli("get", "httproute", "shop", "--at", "@-1")).code, 0);
  const file = await runCli(["delete", "-f", "-"], { server, stdin: gatewayYaml("web", 18_080) });
  assert.equal(file.stdout, 'gateway.gateway.networking.k8s.io "web" deleted\n');
});

test("a delete of at least 10 routes and over half of them needs --allow-mass-delete", async () => {
  const names = Array.from({ length: 10 }, (_, index) => `mass-${index}`);
  await apply(documents(...names.map((name) => routeYaml({ name, gateway: "web", backend: "one" }))));
  const guarded = await cli("delete", "httproute", ...names);
  assert.equal(guarded.code, 1);
  assert.match(guarded.stderr, /allow-mass-delete/);
  assert.equal((await cli("get", "httproutes", "-o", "name")).stdout.trim().split("\n").length, 10);
  assert.equal((await cli("delete", "httproute", ...names, "--allow-mass-delete")).code, 0);
});

test("P2: replay --check finds the log equal to what was served; a folder in use is said", async () => {
  const checked = await cli("replay", "--check");
  assert.equal(checked.code, 0, checked.stdout + checked.stderr);
  assert.match(
    checked.stdout,
    /^replayed \d+ revisions up to @\d+: equal, byte for byte, to what was served$/m,
  );
  const offline = await cli("replay", "--check", "--data", join(folder, "data"));
  assert.equal(offline.code, 1);
  assert.match(offline.stderr, /in use by pid \d+/);
});

test("bootstrap prints what Envoy starts with, in delta and SotW", async () => {
  const args = ["bootstrap", "--gateway", "default/web", "--edge", "127.0.0.1:7481"];
  const delta = await cli(...args);
  assert.match(delta.stdout, /api_type: DELTA_GRPC/);
  assert.match(delta.stdout, /^ {2}cluster: default\/web$/m);
  assert.match((await cli(...args, "--protocol", "sotw")).stdout, /api_type: GRPC/);
  assert.equal((await cli("bootstrap", "--gateway", "web", "--edge", "127.0.0.1:7481")).code, 1);
});

test("doctor finds this machine and the server well, and no server bad", async () => {
  const well = await cli("doctor");
  assert.equal(well.code, 0, well.stdout + well.stderr);
  assert.equal(well.stdout.match(/^ok /gm)?.length, 5);
  const bad = await runCli(["doctor"], { server: "http://127.0.0.1:1" });
  assert.equal(bad.code, 1);
  assert.match(bad.stdout, /^bad +server: .*refused/m);
});

test("each command's help teaches by example", async () => {
  const commands = [
    "apply",
    "delete",
    "get",
    "status",
    "log",
    "show",
    "diff",
    "proxies",
    "proxy",
    "replay",
    "bootstrap",
    "doctor",
    "dev",
    "log create",
    "log adopt",
    "secrets new-key",
    "secrets reseal",
    "api",
    "translator",
    "edge",
  ];
  for (const command of commands) {
    const help = await cli(...command.split(" "), "--help");
    assert.equal(help.code, 0, command);
    assert.match(help.stdout, /Examples:\n {2}\S/, command);
  }
});
