/**
 * Finds the kube-apiserver and the etcd that `make test-kube-apiserver` asks, and builds each once for each state of
 * its sources (`test/kube-apiserver/servers`), with the modules that its go.sum pins. A binary appears in the cache by
 * one rename: it is there whole or not at all. The first build takes a quarter of an hour of one core and some GB of
 * Go's caches.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

/** The API server that validation is compared with. */
export const kubernetesVersion = "1.36.3";

const servers = join(import.meta.dirname, "..", "test", "kube-apiserver", "servers");
const buildTimeoutMs = 3_600_000;

export interface KubeApiserverBinaries {
  readonly apiserver: string;
  readonly etcd: string;
}

export interface KubeApiserverBinariesOptions {
  /** As `cacheFolder` gives it. Made when it does not exist. */
  readonly cacheFolder: string;
  /** Gets a line before each build; nothing when the binaries are there already. */
  readonly progress: (line: string) => void;
}

/**
 * Paths of the executables. Idempotent.
 * @throws Error that says what is missing or went wrong: Go, a module, the build
 */
export async function kubeApiserverBinaries(
  options: KubeApiserverBinariesOptions,
): Promise<KubeApiserverBinaries> {
  const etcd = await builtBinary("etcd", options);
  return { etcd, apiserver: await builtBinary("kube-apiserver", options) };
}

async function builtBinary(
  name: "etcd" | "kube-apiserver",
  { cacheFolder, progress }: KubeApiserverBinariesOptions,
): Promise<string> {
  const sources = join(servers, name);
  const folder = join(cacheFolder, name);
  const binary = join(folder, await digestOf(sources));
  if (await exists(binary)) return binary;
  await mkdir(folder, { recursive: true });
  const work = await mkdtemp(join(folder, "building-"));
  try {
    progress(`building ${name} with go (once, up to a quarter of an hour, into ${folder})`);
    const built = join(work, name);
    await goBuild(name, sources, built);
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

async function goBuild(name: string, sources: string, into: string): Promise<void> {
  // The modules are those of go.sum, and the compiler is the one that is installed.
  const env = {
    ...process.env,
    GOFLAGS: "-mod=readonly",
    GOTOOLCHAIN: "local",
    GOWORK: "off",
    CGO_ENABLED: "0",
  };
  // A server that does not know its version takes itself for 0.0, and leaves out what is newer.
  const [major, minor] = kubernetesVersion.split(".");
  const facts = { gitVersion: `v${kubernetesVersion}`, gitMajor: major, gitMinor: minor };
  const stamps = Object.entries(facts).map(
    ([key, value]) => `-X k8s.io/component-base/version.${key}=${value}`,
  );
  const flags = ["-trimpath", "-buildvcs=false", `-ldflags=-s -w ${stamps.join(" ")}`];
  try {
    // One compiler at a time: the machine has other things to do.
    const args = ["build", "-p", "1", ...flags, "-o", into, "."];
    await promisify(execFile)("go", args, { cwd: sources, timeout: buildTimeoutMs, env });
  } catch (cause) {
    const missing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    if (missing) throw new Error(`build ${name}: no \`go\` on the PATH; install Go 1.26 or newer`, { cause });
    const stderr = cause instanceof Error && "stderr" in cause ? String(cause.stderr).trim() : "";
    throw new Error(`build ${name}: ${stderr.split("\n").at(-1) || String(cause)}`, { cause });
  }
}
