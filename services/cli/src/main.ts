/** The `routeledger` command: the one file here that touches the process. */
import { createInterface } from "node:readline/promises";
import { systemClock } from "@routeledger/std";
import { type CommandContext, CommandFailed } from "./command-context.ts";
import { type ProgramParts, runProgram } from "./program.ts";
import { processTerminal, writeError } from "./terminal.ts";

const stop = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.on(name, () => {
    // Who asks twice does not want to wait.
    if (stop.signal.aborted) process.exit(130);
    stop.abort(name);
  });
}
for (const stream of [process.stdout, process.stderr]) stream.on("error", endOnClosedPipe);

const context: CommandContext = {
  terminal: processTerminal(process, process.env),
  clock: systemClock,
  environment: process.env,
  readStdin: async () => {
    const chunks: Buffer[] = [];
    for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  },
  ...(process.stdin.isTTY && process.stderr.isTTY && { ask }),
  signal: stop.signal,
};

// Loaded when it is needed: most commands only ask the api, and start in a third of the time without it.
const loadDev = () => import("./dev/main.ts");
const loadNats = () => import("./nats/main.ts");
const loadServices = () => import("./services/main.ts");
const parts: ProgramParts = {
  startDev: async (...args) => (await loadDev()).startDev(...args),
  replayFolder: async (...args) => (await loadDev()).replayFolder(...args),
  tryEmbeddedLog: async () => (await loadDev()).tryEmbeddedLog(),
  replayNats: async (...args) => (await loadNats()).replayNats(...args),
  openFolderLogs: async (...args) => (await loadDev()).openFolderLogs(...args),
  copyFolderToNats: async (...args) => (await loadNats()).copyFolderToNats(...args),
  openNatsLogs: async (...args) => (await loadNats()).openNatsLogs(...args),
  natsFacts: async (...args) => (await loadNats()).natsFacts(...args),
  createNatsLogs: async (...args) => (await loadNats()).createNatsLogs(...args),
  // A service has said what it leaves undone: nothing that is still open may hold its end up.
  runService: async (...args) => process.exit(await (await loadServices()).runService(...args)),
  serviceHelp: async (name) => (await (await loadServices()).loadService(name)).table.help(),
};

try {
  process.exitCode = await runProgram(context, parts, process.argv.slice(2));
} catch (error) {
  if (!(error instanceof CommandFailed)) writeError(context.terminal, error);
  process.exitCode = 1;
}

async function ask(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await lines.question(question, { signal: stop.signal });
  } finally {
    lines.close();
  }
}

/** `routeledger log | head` closes our output early: that is no error. */
function endOnClosedPipe(error: Error): void {
  if ("code" in error && error.code === "EPIPE") process.exit(0);
  throw error;
}
