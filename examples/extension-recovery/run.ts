/**
 * `make start EXAMPLE=extension-recovery`: an extension server, a backend, and `routeledger dev` on the objects in
 * `config/`, with a data folder of its own, which says in `extension.pid` whom to hit. Ctrl-C stops it all.
 * docs/incidents/2-recovered-listeners-without-routes.md goes on from there.
 */
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startBackend, stopBackend } from "../quickstart/backend.ts";

const root = join(import.meta.dirname, "..", "..");
const data = join(root, ".cache/extension-recovery");
const backend = await startBackend({ name: "shop", host: "127.0.0.1", port: 7494 }).catch((error: Error) => {
  process.stderr.write(`error: start ${error.message}\nhint: stop what listens there\n`);
  process.exit(1);
});
const node = [process.execPath, "--no-warnings"] as const;
const extension = spawn(node[0], [node[1], join(root, "examples/extension/run.ts"), "127.0.0.1:7495"], {
  stdio: "inherit",
  detached: true,
});
mkdirSync(data, { recursive: true });
writeFileSync(join(data, "extension.pid"), `${extension.pid}\n`);

const main = join(root, "services/cli/src/main.ts");
const own = ["--data", data, "--watch", join(import.meta.dirname, "config")];
const dev = spawn(node[0], [node[1], main, "dev", ...own, ...process.argv.slice(2)], {
  stdio: "inherit",
  cwd: root,
  // In a group of its own, so that a Ctrl-C reaches it once, through us.
  detached: true,
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => dev.kill(signal));
dev.on("exit", (code) => {
  process.exitCode = code ?? 1;
  // It may have been stopped, and then hears only SIGCONT.
  for (const signal of ["SIGTERM", "SIGCONT"] as const) extension.kill(signal);
  void stopBackend(backend);
});
