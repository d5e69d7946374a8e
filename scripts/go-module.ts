import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** The Go modules whose manifests are read, pinned. Data only: no Go code of theirs is built. */
export const goModules = {
  gatewayApi: "sigs.k8s.io/gateway-api@v1.6.3",
  conformance: "sigs.k8s.io/gateway-api/conformance@v1.6.3",
  envoyGateway: "github.com/envoyproxy/gateway@v1.9.1",
} as const;

export type GoModule = (typeof goModules)[keyof typeof goModules];

/** What go.sum would hold: the hash of each module's files. */
const sums: Readonly<Record<GoModule, string>> = {
  "sigs.k8s.io/gateway-api@v1.6.3": "h1:lKpJa5bGlraC/QeACvCpsHLdmO6y0iKfzVl6gzaFEYc=",
  "sigs.k8s.io/gateway-api/conformance@v1.6.3": "h1:UxhSb1GrDsyl+PdKe3g8a/BFWgP6hzy2PPFmZRgqeMQ=",
  "github.com/envoyproxy/gateway@v1.9.1": "h1:vAVp6/AlBXJ1aOhp1mxL7fNEzVEfjADUguUhm2wzxQY=",
};

const downloadTimeoutMs = 180_000;

/**
 * The folder of a Go module in Go's own cache, where Go puts it if it is not there yet. Idempotent.
 * @throws Error that says what is missing, Go or the module, or that the module is not the pinned one
 */
export async function goModuleFolder(module: GoModule): Promise<string> {
  return await verifiedModuleFolder(module, sums[module]);
}

/**
 * As `goModuleFolder`, of any module.
 * @param module path and version, such as `example.org/module@v1.2.3`
 * @param sum what go.sum would hold: the hash of the module's files
 */
export async function verifiedModuleFolder(module: string, sum: string): Promise<string> {
  const found = JSON.parse(await download(module)) as { Dir?: string; Sum?: string; Error?: string };
  if (found.Dir === undefined)
    throw new Error(`fetch ${module} with go: ${found.Error ?? "no folder in its answer"}`);
  if (found.Sum !== sum) {
    throw new Error(`verify ${module}: its sum is ${found.Sum}, pinned is ${sum}`);
  }
  return found.Dir;
}

async function download(module: string): Promise<string> {
  try {
    // From the root folder, so that no go.mod of a surrounding project takes part.
    const options = { cwd: "/", timeout: downloadTimeoutMs };
    return (await promisify(execFile)("go", ["mod", "download", "-json", module], options)).stdout;
  } catch (cause) {
    const missing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    const stdout = cause instanceof Error && "stdout" in cause ? String(cause.stdout) : "";
    if (stdout.startsWith("{")) return stdout;
    const why = missing ? "no `go` on the PATH; install Go 1.24 or newer" : String(cause);
    throw new Error(`fetch ${module} with go: ${why}`, { cause });
  }
}
