/** `node serve-backend.ts NAME PORT`: one backend on all addresses, until SIGTERM or SIGINT. For containers. */
import { startBackend, stopBackend } from "./backend.ts";

const [name = "backend", port = "8080"] = process.argv.slice(2);
const server = await startBackend({ name, host: "0.0.0.0", port: Number(port) });
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void stopBackend(server));
