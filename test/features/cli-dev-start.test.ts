import assert from "node:assert/strict";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { DevProcess } from "./cli/dev-process.ts";
import { type CliResult, runCli } from "./cli/run-cli.ts";

/** A dev that cannot start must end: this is how long it may take. */
const timeout = 30_000;

let folder: string;
let running: DevProcess;
let api: string;
let edge: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "routeledger-start-"));
  running = new DevProcess({ dataFolder: join(folder, "running"), args: ["--no-envoy"] });
  api = new URL(await running.apiUrl()).host;
  edge = (await running.saw(/xDS (\S+),/))[1] as string;
});

after(async () => {
  await running.end("SIGTERM");
  await rm(folder, { recursive: true, force: true });
});

interface DevFlags {
  readonly data: string;
  readonly api?: string;
  readonly edge?: string;
  readonly more?: readonly string[];
}

function dev({
  data,
  api: apiAt = "127.0.0.1:0",
  edge: edgeAt = "127.0.0.1:0",
  more = ["--no-envoy"],
}: DevFlags) {
  const addresses = ["--api-address", apiAt, "--edge-address", edgeAt];
  return runCli(["dev", "--data", join(folder, data), ...addresses, ...more]);
}

function assertRefused(result: CliResult, said: RegExp): void {
  assert.equal(result.code, 1, result.stdout + result.stderr);
  assert.match(result.stderr, said);
}

test("a data folder that another dev has open is refused, and the holder is named", { timeout }, async () => {
  assertRefused(await dev({ data: "running" }), new RegExp(`in use by pid ${running.child.pid}\\b`));
});

test("an api address that is taken: dev says so and ends", { timeout }, async () => {
  assertRefused(
    await dev({ data: "a", api }),
    new RegExp(`^error: listen for the api on ${api}: .*EADDRINUSE`, "m"),
  );
});

test("an edge address that is taken: dev says so and ends", { timeout }, async () => {
  assertRefused(
    await dev({ data: "b", edge }),
    new RegExp(`^error: listen for proxies on ${edge}: .*EADDRINUSE`, "m"),
  );
});

test("an Envoy that cannot be run: dev says so and ends", { timeout }, async () => {
  assertRefused(
    await dev({ data: "c", more: ["--envoy", join(folder, "missing")] }),
    /missing: no such executable file/,
  );
});

test("an address beyond loopback is refused: nobody is asked who they are yet", { timeout }, async () => {
  assertRefused(await dev({ data: "d", api: "0.0.0.0:7480" }), /binds loopback only/);
});

test("a data folder that cannot be made is refused", { timeout }, async () => {
  await writeFile(join(folder, "file"), "");
  assertRefused(await dev({ data: "file/data" }), /^error: make the data folder /m);
});

test("the data folder is its user's alone", { timeout }, async () => {
  assert.equal((await stat(join(folder, "running"))).mode & 0o077, 0);
});
