/**
 * Finds the nats-server that the tests run, and builds it once with `go install`, whose configuration (module proxy,
 * certificates) is the machine's own. The module's hash is pinned here. The binary appears in the cache by one
 * rename: it is there whole or not at all, and processes that build at the same time do no harm.
 */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { verifiedModuleFolder } from "./go-module.ts";

/** The server that Routeledger is tested with. */
export const natsServerVersion = "2.15.2";

const module = `github.com/nats-io/nats-server/v2@v${natsServerVersion}`;
/** What go.sum would hold: the hash of the module's files. */
const moduleSum = "h1:yLsgt2kslgymvxvjFq1WGWck5hkat2YYfbXvQ145tzU=";

const buildTimeoutMs = 400_000;
const versionTimeoutMs = 10_000;

export interface NatsServerBinaryOptions {
  /** As `cacheFolder` gives it. Made when it does not exist. */
  readonly cacheFolder: string;
  /** Gets a line before each step that takes long; nothing when the binary is there already. */
  readonly progress: (line: string) => void;
}

/**
 * Path of an executable nats-server of `natsServerVersion`. Idempotent.
 * @throws Error that says what is missing or went wrong: Go, the module, the build, the version of what was built
 */
export async function natsServerBinary({ cacheFolder, progress }: NatsServerBinaryOptions): Promise<string> {
  const folder = join(cacheFolder, "nats-server", natsServerVersion);
  const binary = join(folder, "nats-server");
  if ((await versionOf(binary)) === natsServerVersion) return binary;
  await mkdir(folder, { recursive: true });
  const work = await mkdtemp(join(folder, "building-"));
  try {
    progress(`building nats-server ${natsServerVersion} with go (about a minute, once, into ${folder})`);
    await verifiedModuleFolder(module, moduleSum);
    await goInstall(work);
    const built = join(work, "nats-server");
    const version = await versionOf(built);
    if (version !== natsServerVersion) {
      throw new Error(`build ${module}: what was built says version ${version ?? "nothing"}`);
    }
    await rename(built, binary);
    return binary;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** What `--version` says; undefined when there is no such program. */
async function versionOf(binary: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(binary, ["--version"], { timeout: versionTimeoutMs });
    return /v(\d+\.\d+\.\d+)/.exec(stdout)?.[1];
  } catch {
    return undefined;
  }
}

async function goInstall(into: string): Promise<void> {
  try {
    // From the root folder, so that no go.mod of a surrounding project takes part.
    const env = { ...process.env, GOBIN: into, GOFLAGS: "", CGO_ENABLED: "0" };
    await promisify(execFile)("go", ["install", "-trimpath", module], {
      cwd: "/",
      timeout: buildTimeoutMs,
      env,
    });
  } catch (cause) {
    const stderr = cause instanceof Error && "stderr" in cause ? String(cause.stderr).trim() : "";
    throw new Error(`build ${module} with go install: ${stderr.split("\n").at(-1) || String(cause)}`, {
      cause,
    });
  }
}
