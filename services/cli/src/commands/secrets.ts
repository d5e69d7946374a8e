import { randomBytes } from "node:crypto";
import type { Command } from "commander";
import {
  actorOf,
  apiClient,
  type CommandContext,
  CommandFailed,
  type ServerOption,
} from "../command-context.ts";
import { writeResults } from "../output/change-results.ts";
import { withProgress } from "../progress.ts";
import { addNewestKey, makeKeyFile } from "../sealing-key-file.ts";

export function addSecrets(program: Command, context: CommandContext): void {
  const secrets = program
    .command("secrets")
    .summary("keys that seal Secrets: make one, seal all with the newest")
    .description(
      "Secrets are sealed as they arrive, and opened by edges only. The keys are in a file that the api and the edges " +
        "are given: a key a line, the newest first. It seals; all open.",
    );
  secrets
    .command("new-key")
    .summary("put a new key before those of a key file, or make the file")
    .description("Puts a new key before those that a key file holds, or makes the file, mode 0600.")
    .argument("<file>", "the key file")
    .option("--if-missing", "do nothing where the file is")
    .addHelpText("after", "\nExamples:\n  routeledger secrets new-key /etc/routeledger/sealing-keys")
    .action((file: string, { ifMissing = false }: { ifMissing?: boolean }) =>
      newKey(context, file, ifMissing),
    );
  secrets
    .command("reseal")
    .summary("seal every Secret with the newest key, so that older ones can be dropped")
    .description(
      "Seals every Secret with the newest key of the api's key file. Those that are sealed with it already stay as " +
        "they are. When nothing is left to do, no Secret needs an older key.",
    )
    .addHelpText(
      "after",
      `
Examples:
  routeledger secrets new-key sealing-keys   a new key, for the api and all edges
  routeledger secrets reseal                 then the older lines of the file can go`,
    )
    .action((_, command: Command) => reseal(context, command.optsWithGlobals<ServerOption>()));
}

async function newKey({ terminal }: CommandContext, file: string, ifMissing: boolean): Promise<void> {
  if (ifMissing) {
    const made = await makeKeyFile(file, randomBytes);
    terminal.out(made ? `${file}: made, with one key\n` : `${file}: was there, left as it is\n`);
    return;
  }
  const [newest, ...older] = await addNewestKey(file, randomBytes);
  terminal.out(`${file}: key ${newest} seals${older.length === 0 ? "" : `, ${older.join(", ")} open`}\n`);
}

async function reseal(context: CommandContext, options: ServerOption): Promise<void> {
  const client = apiClient(context, options);
  const answer = await withProgress(context, "resealing", async () =>
    client.expectChange(
      await client.ask({
        ...{ method: "POST", path: "/v1/secrets/reseal" },
        query: { actor: actorOf(context), source: "cli" },
      }),
    ),
  );
  const refused = writeResults(context.terminal, answer, "");
  if (answer.results.length === 0) context.terminal.out("every Secret is sealed with the newest key\n");
  if (refused) throw new CommandFailed("not all Secrets were sealed");
}
