import type { Clock } from "@routeledger/std";
import type { Terminal } from "./terminal.ts";

/** What is shorter needs no progress line, milliseconds. */
const quietMs = 1000;

/**
 * Runs `work` and says on standard error what is being waited for when it takes over a second: one line, then one
 * more every ten seconds; on a terminal the line is overwritten and removed at the end.
 */
export async function withProgress<T>(
  { terminal, clock }: { terminal: Terminal; clock: Clock },
  what: string,
  work: () => Promise<T>,
): Promise<T> {
  const startedMs = clock.monotonicMs();
  let shown = false;
  let cancel = clock.after(quietMs, tick);
  function tick(): void {
    const seconds = Math.round((clock.monotonicMs() - startedMs) / 1000);
    terminal.err(terminal.interactive ? `\r\u001b[2K${what} (${seconds} s)` : `${what} (${seconds} s)\n`);
    shown = true;
    cancel = clock.after(terminal.interactive ? quietMs : 10 * quietMs, tick);
  }
  try {
    return await work();
  } finally {
    cancel();
    if (shown && terminal.interactive) terminal.err("\r\u001b[2K");
  }
}
