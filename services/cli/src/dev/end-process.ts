import { type Clock, pause } from "@routeledger/std";
import { processIdentity } from "./process-identity.ts";

/** How long a process may take to end by itself, and how often it is looked at, milliseconds. */
const endTimeoutMs = 5_000;
const lookEveryMs = 20;

/** SIGTERM, then after 5 s SIGKILL; resolves when the process is gone. @throws Error when it still is there 5 s later */
export async function endProcess(pid: number, clock: Clock): Promise<void> {
  const identity = await processIdentity(pid);
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    if (identity === undefined || (await processIdentity(pid)) !== identity) return;
    try {
      process.kill(pid, signal);
    } catch {
      // It ended in between.
    }
    const deadlineMs = clock.monotonicMs() + endTimeoutMs;
    while (clock.monotonicMs() < deadlineMs) {
      if ((await processIdentity(pid)) !== identity) return;
      await pause(clock, lookEveryMs);
    }
  }
  throw new Error(`process ${pid} does not end, not even by SIGKILL`);
}
