/**
 * `make start EXAMPLE=policy-flip`: a server that takes TLS only, and `routeledger dev` on the objects in `config/`, with a
 * data folder of its own. Ctrl-C stops it all. docs/incidents/1-a-changed-cluster-waits.md goes on from there.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { startTlsBackend, stopTlsBackend } from "./backend.ts";

const root = join(import.meta.dirname, "..", "..");
const backend = await startTlsBackend(7493).catch((error: Error) => {
  process.stderr.write(`error: start ${error.message}\nhint: stop what listens there\n`);
  process.exit(1);
});
const main = join(root, "services/cli/src/main.ts");
const own = ["--data", join(root, ".cache/policy-flip"), "--watch", join(import.meta.dirname, "config")];
const dev = spawn(process.execPath, ["--no-warnings", main, "dev", ...own, ...process.argv.slice(2)], {
  stdio: "inherit",
  cwd: root,
  // In a group of its own, so that a Ctrl-C reaches it once, through us.
  detached: true,
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => dev.kill(signal));
dev.on("exit", (code) => {
  process.exitCode = code ?? 1;
  void stopTlsBackend(backend);
});
