import { equal, match } from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { natsServerVersion } from "../../scripts/nats-server-binary.ts";

const script = join(import.meta.dirname, "..", "..", "scripts", "fetch-nats-server.ts");
const sum = "h1:yLsgt2kslgymvxvjFq1WGWck5hkat2YYfbXvQ145tzU=";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "fetch-nats-server-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Runs the script with a cache of its own and a `go` that does what the lines of shell say; without them, none. */
function fetchServer(go?: string): { status: number | null; out: string; err: string } {
  const bin = join(folder, "bin");
  mkdirSync(bin, { recursive: true });
  if (go !== undefined) executable(join(bin, "go"), go);
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--no-warnings", script], {
    encoding: "utf8",
    env: { ROUTELEDGER_CACHE: folder, PATH: bin },
  });
  return { status, out: stdout, err: stderr };
}

function executable(path: string, shell: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${shell}\n`);
  chmodSync(path, 0o755);
}

function cached(): string {
  return join(folder, "routeledger", "nats-server", natsServerVersion, "nats-server");
}

/** A `go` that downloads a module with that sum and installs a server that says that version. */
function goThat({ downloads = sum, builds = natsServerVersion }): string {
  const built = `#!/bin/sh\\necho nats-server: v${builds}\\n`;
  return `case "$1" in
mod) echo '{"Dir": "/module", "Sum": "${downloads}"}' ;;
install) printf '${built}' > "$GOBIN/nats-server" && /bin/chmod 755 "$GOBIN/nats-server" ;;
esac`;
}

test("a nats-server that is in the cache is not built again", () => {
  executable(cached(), `echo nats-server: v${natsServerVersion}`);
  const { status, out, err } = fetchServer();
  equal(err, "");
  equal(status, 0);
  equal(out, `${cached()}\n`);
});

test("what is built is in the cache, whole, and nothing else is", () => {
  const { status, out } = fetchServer(goThat({}));
  equal(status, 0);
  equal(out, `${cached()}\n`);
  equal(readdirSync(dirname(cached())).join(), "nats-server");
});

test("without Go it is said what is missing", () => {
  const { status, err } = fetchServer();
  equal(status, 1);
  match(err, /no `go` on the PATH; install Go/);
  equal(existsSync(cached()), false);
});

test("another module than the pinned one, and another version than was built, are refused", () => {
  const tampered = fetchServer(goThat({ downloads: "h1:another" }));
  equal(tampered.status, 1);
  match(tampered.err, /its sum is h1:another, pinned is h1:/);
  const other = fetchServer(goThat({ builds: "2.1.0" }));
  equal(other.status, 1);
  match(other.err, /what was built says version 2\.1\.0/);
  equal(existsSync(cached()), false);
});

test("a build that fails is told with what the compiler said last", () => {
  const { status, err } = fetchServer(
    `case "$1" in mod) echo '{"Dir": "/m", "Sum": "${sum}"}' ;; *) echo "no space left" >&2; exit 1 ;; esac`,
  );
  equal(status, 1);
  match(err, /go install: no space left/);
});
