/**
 * Builds the kube-apiserver and the etcd that `make test-kube-apiserver` asks, and prints their paths:
 * `node scripts/fetch-kube-apiserver.ts`. Does nothing when they are in the cache.
 */
import { cacheFolder } from "../services/cli/src/cache-folder.ts";
import { kubeApiserverBinaries } from "./kube-apiserver-binaries.ts";

try {
  const progress = (line: string): void => void process.stderr.write(`${line}\n`);
  const { apiserver, etcd } = await kubeApiserverBinaries({
    cacheFolder: cacheFolder(process.env),
    progress,
  });
  process.stdout.write(`${apiserver}\n${etcd}\n`);
} catch (cause) {
  process.stderr.write(`error: ${cause instanceof Error ? cause.message : String(cause)}\n`);
  process.exitCode = 1;
}
