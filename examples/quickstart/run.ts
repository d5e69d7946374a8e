/**
 * `make start`: two small HTTP servers, and `routeledger dev` on the objects in `config/`. Ctrl-C stops it all.
 * Arguments are passed on to `dev`.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { startQuickstartBackends } from "./backends.ts";

const root = join(import.meta.dirname, "..", "..");
const backends = await startQuickstartBackends({ blue: 7491, green: 7492 }).catch((error: Error) => {
  process.stderr.write(
    `error: start the quickstart's backends: ${error.message}\nhint: stop what listens there, such as another make start\n`,
  );
  process.exit(1);
});
process.stdout.write(`backends: blue on ${backends.ports.blue}, green on ${backends.ports.green}\n`);
process.stdout.write(
  "soon: curl http://127.0.0.1:8888/ and curl -H 'x-preview: yes' http://127.0.0.1:8888/\n",
);

const main = join(root, "services/cli/src/main.ts");
const watched = ["--watch", join(import.meta.dirname, "config")];
const dev = spawn(process.execPath, ["--no-warnings", main, "dev", ...watched, ...process.argv.slice(2)], {
  stdio: "inherit",
  cwd: root,
  // In a group of its own, so that a Ctrl-C reaches it once, through us: dev takes a second one for impatience.
  detached: true,
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => dev.kill(signal));
dev.on("exit", (code, signal) => {
  if (signal !== null) {
    process.stderr.write(
      `dev was ended by ${signal}; its Envoy goes on listening, and the next make start adopts it\n`,
    );
  }
  process.exitCode = signal === null ? (code ?? 1) : 1;
  void backends.stop();
});
