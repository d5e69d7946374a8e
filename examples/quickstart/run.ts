/**
 * `make start`: two small HTTP servers, and `routeledger dev` on the objects in `config/`. Ctrl-C stops it all.
 * Arguments are passed on to `dev`.
 */
import { spawn } from "node:child_process";
import { createServer, type Server } from "node:http";
import { join } from "node:path";

const backends = { blue: 7491, green: 7492 } as const;
const root = join(import.meta.dirname, "..", "..");

const servers = await Promise.all(Object.entries(backends).map(([name, port]) => startBackend(name, port)));
process.stdout.write(
  `backends: ${Object.entries(backends)
    .map(([name, port]) => `${name} on ${port}`)
    .join(", ")}\n`,
);
process.stdout.write(
  "try: curl http://127.0.0.1:8888/   and   curl -H 'x-preview: yes' http://127.0.0.1:8888/\n",
);

const dev = spawn(
  process.execPath,
  [
    "--no-warnings",
    join(root, "services/cli/src/main.ts"),
    "dev",
    "--watch",
    join(import.meta.dirname, "config"),
    ...process.argv.slice(2),
  ],
  { stdio: "inherit", cwd: root },
);
// A Ctrl-C reaches dev by itself; what reaches only us is passed on. We end when it has.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => dev.kill("SIGTERM"));
dev.on("exit", (code, signal) => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
  process.exitCode = signal === null ? (code ?? 1) : 1;
});

function startBackend(name: string, port: number): Promise<Server> {
  const server = createServer((request, response) => {
    response.setHeader("content-type", "text/plain");
    response.end(`${name} says hello to ${request.method} ${request.url}\n`);
  });
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(new Error(`backend ${name} on port ${port}: ${error.message}`)));
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}
