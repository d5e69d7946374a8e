import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("appending-process.ts", import.meta.url));

/** A running `appending-process.ts` and what it has said so far. */
export interface AppendingProcess {
  readonly child: ChildProcess;
  readonly lines: readonly string[];
  /** Resolves when so many lines were said, or when the process has ended. */
  said(count: number): Promise<void>;
  /** kill -9, and waits until it is gone and all that it said is here. */
  kill(): Promise<void>;
  /** Waits until it has ended by itself. */
  ended: Promise<void>;
}

/** @param wrapper a command that starts another one, its arguments before those of node */
export function startAppending(folder: string, wrapper: readonly string[] = []): AppendingProcess {
  const [command, ...args] = [...wrapper, process.execPath, script, folder];
  const child = spawn(command!, args, { stdio: ["ignore", "pipe", "inherit"] });
  const lines: string[] = [];
  let waiting: { count: number; resolve: () => void }[] = [];
  let done = false;
  const wake = () => {
    const ready = waiting.filter(({ count }) => done || lines.length >= count);
    waiting = waiting.filter((waiter) => !ready.includes(waiter));
    for (const { resolve } of ready) resolve();
  };
  const reader = createInterface({ input: child.stdout! });
  reader.on("line", (line) => {
    lines.push(line);
    wake();
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    reader.once("close", () => {
      done = true;
      wake();
      resolve();
    });
  });
  return {
    child,
    lines,
    ended,
    said: (count) =>
      new Promise((resolve) => {
        waiting.push({ count, resolve });
        wake();
      }),
    kill: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
