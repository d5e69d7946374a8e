import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

export interface GoProgram {
  /** Folder in the cache, and what messages call it. */
  readonly name: string;
  /** Folder of its Go files, go.mod and go.sum. */
  readonly sources: string;
  /** Of `go build`, beside those that all programs get. */
  readonly flags?: readonly string[];
  readonly buildTimeoutMs: number;
  /** For people: `about half a minute`. */
  readonly takes: string;
}

export interface GoProgramOptions {
  /** As `cacheFolder` gives it. Made when it does not exist. */
  readonly cacheFolder: string;
  /** Gets a line before a build; nothing when the binary is there already. */
  readonly progress: (line: string) => void;
}

/**
 * Path of an executable of a Go program of this repository, built once for each state of its sources, with the modules
 * that its go.sum pins. The binary appears in the cache by one rename: it is there whole or not at all, and processes
 * that build at the same time do no harm. Idempotent.
 * @throws Error that says what is missing or went wrong: Go, a module, the build
 */
export async function goProgram(
  program: GoProgram,
  { cacheFolder, progress }: GoProgramOptions,
): Promise<string> {
  const { name, sources, takes } = program;
  const folder = join(cacheFolder, name);
  const binary = join(folder, await digestOf(sources));
  if (await exists(binary)) return binary;
  await mkdir(folder, { recursive: true });
  const work = await mkdtemp(join(folder, "building-"));
  try {
    progress(`building ${name} with go (${takes}, once, into ${folder})`);
    const built = join(work, "program");
    await build(program, built);
    await rename(built, binary);
    return binary;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Of all files that the build reads, 16 hexadecimal digits. */
async function digestOf(sources: string): Promise<string> {
  const hash = createHash("sha256");
  for (const name of (await readdir(sources)).sort()) {
    const bytes = await readFile(join(sources, name));
    hash.update(`${name} ${bytes.length}\n`).update(bytes);
  }
  return hash.digest("hex").slice(0, 16);
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

async function build({ name, sources, flags = [], buildTimeoutMs }: GoProgram, into: string): Promise<void> {
  // The modules are those of go.sum, and the compiler is the one that is installed.
  const env = {
    ...process.env,
    GOFLAGS: "-mod=readonly",
    GOTOOLCHAIN: "local",
    GOWORK: "off",
    CGO_ENABLED: "0",
  };
  const args = ["build", "-trimpath", "-buildvcs=false", ...flags, "-o", into, "."];
  try {
    await promisify(execFile)("go", args, { cwd: sources, timeout: buildTimeoutMs, env });
  } catch (cause) {
    const missing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    if (missing) throw new Error(`build ${name}: no \`go\` on the PATH; install Go 1.26 or newer`, { cause });
    const stderr = cause instanceof Error && "stderr" in cause ? String(cause.stderr).trim() : "";
    throw new Error(`build ${name}: ${stderr.split("\n").at(-1) || String(cause)}`, { cause });
  }
}
