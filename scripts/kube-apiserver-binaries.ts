import { join } from "node:path";
import { type GoProgramOptions, goProgram } from "./go-program.ts";

/** The API server that validation is compared with. */
export const kubernetesVersion = "1.36.3";

const servers = join(import.meta.dirname, "..", "test", "kube-apiserver", "servers");

export interface KubeApiserverBinaries {
  readonly apiserver: string;
  readonly etcd: string;
}

/** The kube-apiserver and the etcd that `make test-kube-apiserver` asks. Their first build takes some GB of Go's caches. */
export async function kubeApiserverBinaries(options: GoProgramOptions): Promise<KubeApiserverBinaries> {
  const build = (name: string): Promise<string> =>
    goProgram(
      {
        name,
        sources: join(servers, name),
        // One compiler at a time: the machine has other things to do.
        flags: ["-p", "1", `-ldflags=-s -w ${stamps()}`],
        buildTimeoutMs: 3_600_000,
        takes: "up to a quarter of an hour of one core",
      },
      options,
    );
  const etcd = await build("etcd");
  return { etcd, apiserver: await build("kube-apiserver") };
}

/** A server that does not know its version takes itself for 0.0, and leaves out what is newer. */
function stamps(): string {
  const [major, minor] = kubernetesVersion.split(".");
  const facts = { gitVersion: `v${kubernetesVersion}`, gitMajor: major, gitMinor: minor };
  return Object.entries(facts)
    .map(([key, value]) => `-X k8s.io/component-base/version.${key}=${value}`)
    .join(" ");
}
