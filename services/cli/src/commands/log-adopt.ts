import type { LogName } from "@routeledger/event-log";
import { Failure, formatRevision, utf8 } from "@routeledger/std";
import type { LogFinding, LogFindings } from "@routeledger/translator";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { AdoptableLogs } from "../adoptable-logs.ts";
import { type CommandContext, CommandFailed, usageError } from "../command-context.ts";
import { addNatsOptions, type NatsFlags, natsArguments } from "../nats-options.ts";
import { formatTable } from "../output/table.ts";

export interface AdoptParts {
  /** The logs of a data folder that no `dev` runs on. @throws Failure */
  readonly openFolderLogs: (context: CommandContext, dataFolder: string) => Promise<AdoptableLogs>;
  /** The logs on NATS, whoever else uses them. @throws Failure */
  readonly openNatsLogs: (context: CommandContext, natsArgs: readonly string[]) => Promise<AdoptableLogs>;
}

interface AdoptOptions extends NatsFlags {
  readonly data?: string;
  readonly log: "config" | "xds" | "delivery" | "all";
  readonly reason: string;
  readonly epoch?: number;
  readonly yes?: boolean;
}

/** Bytes of UTF-8 of a reason, as `adoptLog` takes it. */
const reasonBytesMax = 1024;

const namesOf: Readonly<Record<AdoptOptions["log"], readonly LogName[]>> = {
  config: ["CONFIG"],
  xds: ["XDS"],
  delivery: ["DELIVERY"],
  // CONFIG last: when its adoption stands, the others' do, and a translator may go on.
  all: ["DELIVERY", "XDS", "CONFIG"],
};

/** Adds `adopt` to the command `log`. */
export function addLogAdopt(log: Command, context: CommandContext, parts: AdoptParts): void {
  const command = log
    .command("adopt")
    .summary("say that logs which were restored, truncated or moved are the ones to follow")
    .description(
      "Everything that reads a log stops when the log is not the one that it read before, or has lost some of it. " +
        "When that cannot be mended by bringing back the right log, adopt this one: it begins a new epoch, and all go " +
        "on with it. What was lost stays lost.",
    )
    .requiredOption("--reason <text>", "why, for those who read the log later", reasonOf)
    .option("--data <dir>", "a data folder that no dev runs on")
    .addOption(
      new Option("--log <log>", "which one").choices(["config", "xds", "delivery", "all"]).default("all"),
    )
    .option(
      "--epoch <number>",
      "begin at least this epoch; else one above all that the logs know of",
      epochOf,
    )
    .option("--yes", "do not ask");
  addNatsOptions(command)
    .addHelpText(
      "after",
      `
Without --data the logs are those on NATS.

Examples:
  routeledger log adopt --reason "restored last night's backup"
  routeledger log adopt --data .routeledger --log config --reason "truncated: the disk was full"`,
    )
    .action((_, self: Command) => adopt(context, parts, self.optsWithGlobals<AdoptOptions>()));
}

async function adopt(context: CommandContext, parts: AdoptParts, options: AdoptOptions): Promise<void> {
  const { terminal } = context;
  if (options.data !== undefined && options.natsUrl !== undefined)
    throw usageError("say --data or --nats-url, not both");
  const logs =
    options.data === undefined
      ? await parts.openNatsLogs(context, natsArguments(options))
      : await parts.openFolderLogs(context, options.data);
  try {
    const findings = await logs.examine();
    const names = namesOf[options.log];
    terminal.out(whatWasFound(findings));
    refuseBroken(findings, names);
    const epoch = Math.max(findings.nextEpoch, options.epoch ?? 0);
    terminal.out(`\nTo adopt: ${names.toSorted().join(", ")}, as they are now, in epoch ${epoch}.\n`);
    await confirm(context, options);
    for (const name of names) {
      const { revision } = await logs.adopt(name, { reason: options.reason, epoch });
      terminal.out(`${name}: adopted at ${formatRevision(revision)}\n`);
    }
    for (const name of stillNeeded(findings, names))
      terminal.err(`warning: ${name} has to be adopted, too, before anything is published again\n`);
  } finally {
    await logs.close();
  }
}

async function confirm(context: CommandContext, { yes }: AdoptOptions): Promise<void> {
  if (yes === true) return;
  if (context.ask === undefined) throw usageError("there is no terminal to ask: say --yes");
  const answer = await context.ask("Adopt? [y/N] ");
  if (!/^y(es)?$/i.test(answer.trim())) {
    context.terminal.err("nothing was adopted\n");
    throw new CommandFailed("not confirmed");
  }
}

function refuseBroken({ logs }: LogFindings, names: readonly LogName[]): void {
  const broken = logs.find(({ name, broken: why }) => why !== undefined && names.includes(name));
  if (broken?.broken === undefined) return;
  throw new Failure(`adopt log ${broken.name}: ${broken.broken.message}`, {
    code: "log.broken",
    retryable: false,
    hint: "a log that is broken in itself cannot be adopted: restore it from a backup first",
    cause: broken.broken,
  });
}

function whatWasFound(findings: LogFindings): string {
  const rows = findings.logs.map(({ name, firstSequence, lastSequence, epoch, identity, broken }) => [
    broken === undefined ? name : `${name} (broken)`,
    lastSequence < firstSequence ? "none" : `${firstSequence} to ${lastSequence}`,
    String(epoch),
    identity,
  ]);
  const table = formatTable(["LOG", "MESSAGES", "EPOCH", "IDENTITY"], rows);
  const lines = [...adoptions(findings), ...aboutPublished(findings), ...aboutXds(findings)];
  return `${table}\n${lines.map((line) => `${line}\n`).join("")}`;
}

function adoptions({ logs }: LogFindings): string[] {
  return logs.flatMap(({ name, adopted, identity }) => {
    if (adopted === undefined) return [];
    const still = adopted.identity === identity ? "" : ", in other storage";
    return [`${name} was adopted before, at ${formatRevision(adopted.revision)}${still}: ${adopted.reason}`];
  });
}

/** What XDS says of CONFIG. */
function aboutPublished({ logs, published }: LogFindings): string[] {
  if (published === undefined) return ["What is published cannot be told: XDS is broken."];
  const { lastSequence, firstSequence } = logOf(logs, "CONFIG");
  const { revision, held } = published;
  const upTo = `XDS was published up to @${formatRevision(revision)}`;
  const kept =
    "What they became is still in XDS and in the stores, and proxies keep it until CONFIG as it is now is published.";
  switch (held) {
    case "nothing":
      return ["XDS says that nothing was published."];
    case "all": {
      const waiting = lastSequence - revision.sequence;
      const rest =
        waiting === 0 ? "" : ` ${waiting} message(s) behind it are published when a translator runs.`;
      return [`${upTo}, and CONFIG holds all of that.${rest}`];
    }
    case "part": {
      const lost = revision.sequence - lastSequence;
      return [`${upTo}, CONFIG ends at ${lastSequence}: ${lost} revision(s) are lost. ${kept}`];
    }
    case "other":
      return [`${upTo} from another CONFIG: some of the revisions that were published are lost. ${kept}`];
    case "purged":
      return [`${upTo}, CONFIG begins at ${firstSequence}: XDS is older than what was purged.`];
  }
}

/** What CONFIG says of XDS. */
function aboutXds({ xdsLost, store }: LogFindings): string[] {
  const lines: string[] = [];
  if (store !== undefined) {
    const at = `CONFIG up to @${formatRevision(store.config)} and XDS up to ${store.xds.sequence}`;
    lines.push(`A store held ${at}.`);
  }
  if (xdsLost !== undefined)
    lines.push(`XDS lost some of what it held: ${xdsLost}. It is published again from CONFIG.`);
  return lines;
}

function stillNeeded({ published, xdsLost }: LogFindings, adopted: readonly LogName[]): LogName[] {
  const needed: LogName[] = [];
  if (published !== undefined && ["part", "other", "purged"].includes(published.held)) needed.push("CONFIG");
  if (xdsLost !== undefined) needed.push("XDS");
  return needed.filter((name) => !adopted.includes(name));
}

function logOf(logs: readonly LogFinding[], name: LogName): LogFinding {
  return logs.find((log) => log.name === name)!;
}

function reasonOf(text: string): string {
  if (text.trim() === "") throw new InvalidArgumentError("expected some words");
  if (utf8(text).length > reasonBytesMax)
    throw new InvalidArgumentError(`expected at most ${reasonBytesMax} bytes`);
  return text;
}

function epochOf(text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number > 1) return number;
  throw new InvalidArgumentError("expected a whole number above 1");
}
