import type { ApiClient } from "./api-client.ts";
import { type CommandContext, CommandFailed } from "./command-context.ts";
import { withProgress } from "./progress.ts";

/** How long `--wait` waits for the last proxy, milliseconds. */
const waitMaxMs = 30_000;

interface RevisionDelivery {
  readonly revision: string;
  /** Nodes of connected proxies. */
  readonly connected: readonly string[];
  readonly acknowledged: readonly string[];
  readonly rejected?: readonly { readonly node: string; readonly type: string; readonly message: string }[];
}

/**
 * Waits until every connected proxy has acknowledged `revision`, at most 30 s; with none connected it says so and
 * returns. Asks again whenever the api's own wait ends; the api decides by digests.
 * @throws CommandFailed when a proxy rejected it or the time is over
 */
export async function waitForProxies(
  context: CommandContext,
  client: ApiClient,
  revision: string | null,
): Promise<void> {
  const { terminal, clock } = context;
  if (revision === null) {
    terminal.err("nothing changed, nothing to wait for\n");
    return;
  }
  const deadlineMs = clock.monotonicMs() + waitMaxMs;
  const last = await withProgress(
    context,
    `waiting for the proxies to acknowledge @${revision}`,
    async () => {
      for (;;) {
        const leftMs = Math.max(0, Math.ceil(deadlineMs - clock.monotonicMs()));
        const delivery = await ask(client, revision, leftMs, context.signal);
        if (isSettled(delivery) || clock.monotonicMs() >= deadlineMs) return delivery;
      }
    },
  );
  const { connected, acknowledged } = last;
  if (connected.length === 0) {
    terminal.err("no proxy is connected: nothing to wait for\n");
    return;
  }
  for (const { node, type, message } of last.rejected ?? []) {
    terminal.err(`error: proxy ${node} rejected ${type} of @${revision}: ${message}\n`);
  }
  const missing = connected.filter((node) => !acknowledged.includes(node));
  if (missing.length > 0) {
    if ((last.rejected ?? []).length === 0) {
      terminal.err(
        `error: timed out waiting for @${revision}: ${acknowledged.length} of ${connected.length} proxies have it; ` +
          `missing: ${missing.slice(0, 5).join(", ")}${missing.length > 5 ? ", ..." : ""}\n`,
      );
    }
    throw new CommandFailed("not every proxy acknowledged it");
  }
  const proxies = connected.length === 1 ? "1 proxy has" : `all ${connected.length} proxies have`;
  terminal.err(`@${revision}: ${proxies} acknowledged it\n`);
}

function isSettled({ connected, acknowledged, rejected }: RevisionDelivery): boolean {
  return (rejected ?? []).length > 0 || connected.every((node) => acknowledged.includes(node));
}

async function ask(
  client: ApiClient,
  revision: string,
  waitMs: number,
  signal: AbortSignal,
): Promise<RevisionDelivery> {
  const path = `/v1/revisions/${encodeURIComponent(revision)}/delivery`;
  const answer = await client.call({ method: "GET", path, query: { waitMs }, signal });
  return answer as unknown as RevisionDelivery;
}
