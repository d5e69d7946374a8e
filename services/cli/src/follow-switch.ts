import type { ApiClient } from "./api-client.ts";
import { type CommandContext, CommandFailed } from "./command-context.ts";

/** How long one answer may be held back, milliseconds: then what is waited for is said. */
const waitMs = { interactive: 1_000, otherwise: 10_000 } as const;

/** `GET /v1/switches/:moment`. */
export interface SwitchStory {
  readonly prepared: string;
  readonly phase: "prepared" | "tried" | "turned" | "finished" | "reverted";
  readonly steps: readonly { readonly revision: string; readonly summary: string }[];
  readonly waitsFor?: string | null;
}

/**
 * Says the steps of a switch until it is over. On a signal it says that the switch goes on without this command.
 * @throws CommandFailed when it went back, and on a signal
 */
export async function followSwitch(
  context: CommandContext,
  client: ApiClient,
  prepared: string,
): Promise<void> {
  const { terminal, signal } = context;
  const path = `/v1/switches/${encodeURIComponent(prepared)}`;
  const heldMs = terminal.interactive ? waitMs.interactive : waitMs.otherwise;
  let said = 0;
  try {
    for (;;) {
      const call = { method: "GET", path, query: { steps: said, waitMs: heldMs }, signal } as const;
      const story = (await client.call(call)) as unknown as SwitchStory;
      const fresh = story.steps.slice(said);
      if (terminal.interactive && said > 0) terminal.err("\r\u001b[2K");
      for (const { revision, summary } of fresh) terminal.err(`@${revision}: ${summary}\n`);
      said = story.steps.length;
      if (story.phase === "finished") return;
      if (story.phase === "reverted") throw new CommandFailed("the switch went back");
      if (fresh.length === 0 || terminal.interactive) {
        const line = `switch @${prepared} ${story.waitsFor ?? "goes on"}`;
        terminal.err(terminal.interactive ? line : `${line}\n`);
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    const what = "routeledger switch shows it, routeledger switch revert lets it go back";
    terminal.err(
      `${terminal.interactive ? "\n" : ""}switch @${prepared} goes on without this command: ${what}\n`,
    );
    throw new CommandFailed("interrupted");
  }
}
