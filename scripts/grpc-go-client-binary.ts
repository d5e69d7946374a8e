/**
 * Finds the gRPC client of Go that the tests run (`test/grpc-go`), and builds it once for each state of its sources,
 * with the modules that its go.sum pins. The binary appears in the cache by one rename: it is there whole or not at
 * all, and processes that build at the same time do no harm.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const sources = join(import.meta.dirname, "..", "test", "grpc-go");
const buildTimeoutMs = 400_000;

export interface GrpcGoClientOptions {
  /** As `cacheFolder` gives it. Made when it does not exist. */
  readonly cacheFolder: string;
  /** Gets a line before the build; nothing when the binary is there already. */
  readonly progress: (line: string) => void;
}

/**
 * Path of an executable client of the sources as they are now. Idempotent.
 * @throws Error that says what is missing or went wrong: Go, a module, the build
 */
export async function grpcGoClientBinary({ cacheFolder, progress }: GrpcGoClientOptions): Promise<string> {
  const folder = join(cacheFolder, "grpc-go-client");
  const binary = join(folder, await sourcesDigest());
  if (await exists(binary)) return binary;
  await mkdir(folder, { recursive: true });
  const work = await mkdtemp(join(folder, "building-"));
  try {
    progress(`building the gRPC client of test/grpc-go with go (about half a minute, once, into ${folder})`);
    const built = join(work, "client");
    await goBuild(built);
    await rename(built, binary);
    return binary;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Of all files that the build reads, 16 hexadecimal digits. */
async function sourcesDigest(): Promise<string> {
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

async function goBuild(into: string): Promise<void> {
  // The modules are those of go.sum, and the compiler is the one that is installed.
  const env = {
    ...process.env,
    GOFLAGS: "-mod=readonly",
    GOTOOLCHAIN: "local",
    GOWORK: "off",
    CGO_ENABLED: "0",
  };
  try {
    const args = ["build", "-trimpath", "-buildvcs=false", "-o", into, "."];
    await promisify(execFile)("go", args, { cwd: sources, timeout: buildTimeoutMs, env });
  } catch (cause) {
    const missing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    if (missing)
      throw new Error("build test/grpc-go: no `go` on the PATH; install Go 1.26 or newer", { cause });
    const stderr = cause instanceof Error && "stderr" in cause ? String(cause.stderr).trim() : "";
    throw new Error(`build test/grpc-go: ${stderr.split("\n").at(-1) || String(cause)}`, { cause });
  }
}
