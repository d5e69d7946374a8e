import { compareStrings, Failure } from "@routeledger/std";
import { type ConfigurationOf, parseSetting, type Setting, settingKind } from "./setting.ts";

export interface ConfigurationInput {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `--flag value` or `--flag=value`; a boolean's value may be left out. */
  readonly args: readonly string[];
  /** Environment names of the prefix that belong to somebody else: the command itself, the other services. */
  readonly otherNames?: readonly string[];
}

export interface ConfigurationTable<Table extends readonly Setting[]> {
  readonly settings: Table;
  /**
   * Flags win over the environment, the environment over defaults; an empty environment value is none. Throws
   * Failure `config.invalid` that names every unknown `ROUTELEDGER_` name, unknown flag and value of a wrong type.
   * The result is frozen.
   */
  parse(input: ConfigurationInput): ConfigurationOf<Table>;
  /** What is printed at start: secrets are hidden. */
  printable(configuration: ConfigurationOf<Table>): Record<string, string | number | boolean>;
  /** Two lines a setting: flag and description, kind, default and environment name. */
  help(): string;
}

export function defineConfiguration<const Table extends readonly Setting[]>(
  settings: Table,
): ConfigurationTable<Table> {
  return {
    settings,
    parse: (input) => parse(settings, input) as ConfigurationOf<Table>,
    printable: (configuration) => {
      const values = configuration as Readonly<Record<string, string | number | boolean>>;
      return Object.fromEntries(
        settings.map(({ name, secret }) => [name, secret ? "[secret]" : values[name]!]),
      );
    },
    help: () => settings.map(helpLines).join(""),
  };
}

/** What Kubernetes and Docker put into every environment for a service that is called `routeledger-...`. */
const injectedName =
  /^ROUTELEDGER_([A-Z0-9_]+_)?(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT(_\d+_(TCP|UDP)(_(PROTO|PORT|ADDR))?)?)$/;

function parse(settings: readonly Setting[], input: ConfigurationInput): Readonly<Record<string, unknown>> {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  const flags = parseFlags(settings, input.args, problems);
  for (const setting of settings) {
    const given = flags.get(setting.flag) ?? (input.env[setting.env] || undefined);
    values[setting.name] = given === undefined ? setting.default : parsedValue(setting, given, problems);
  }
  const known = new Set([...settings.map(({ env }) => env), ...(input.otherNames ?? [])]);
  for (const name of Object.keys(input.env).sort(compareStrings)) {
    if (!name.startsWith("ROUTELEDGER_") || known.has(name) || injectedName.test(name)) continue;
    problems.push(`unknown environment name ${name}${meant(name, [...known])}`);
  }
  if (problems.length > 0) {
    throw new Failure(`read configuration: ${problems.join("; ")}`, {
      code: "config.invalid",
      retryable: false,
      hint: "--help lists every flag and environment name",
    });
  }
  return Object.freeze(values);
}

function parseFlags(
  settings: readonly Setting[],
  args: readonly string[],
  problems: string[],
): Map<string, string> {
  const found = new Map<string, string>();
  for (let position = 0; position < args.length; position++) {
    const [flag = "", ...rest] = args[position]!.split("=");
    const setting = settings.find((candidate) => candidate.flag === flag);
    if (setting === undefined) {
      const flags = settings.map((candidate) => candidate.flag);
      problems.push(
        flag.startsWith("-") ? `unknown flag ${flag}${meant(flag, flags)}` : `unexpected ${flag}`,
      );
      // Its value is no finding of its own.
      if (flag.startsWith("-") && rest.length === 0 && !(args[position + 1] ?? "-").startsWith("-"))
        position++;
      continue;
    }
    if (found.has(flag)) problems.push(`${flag} is given twice`);
    const next = args[position + 1];
    if (rest.length > 0) found.set(flag, rest.join("="));
    else if (setting.type === "boolean") found.set(flag, "true");
    else if (next === undefined || next.startsWith("--")) problems.push(`${flag} needs a value`);
    else found.set(flag, args[++position]!);
  }
  return found;
}

function parsedValue(setting: Setting, text: string, problems: string[]): string | number | boolean {
  const parsed = parseSetting(setting, text);
  if ("value" in parsed) return parsed.value;
  const got = setting.secret === true ? "something else" : JSON.stringify(text);
  problems.push(`${setting.flag} (${setting.env}): expected ${parsed.expected}, got ${got}`);
  return setting.default;
}

/** The known name that somebody who wrote this one most likely meant: at most two letters are others. */
function meant(name: string, known: readonly string[]): string {
  const near = known
    .map((candidate) => ({ candidate, distance: editDistance(name, candidate) }))
    .filter(({ distance }) => distance <= 2)
    .sort((a, b) => a.distance - b.distance || compareStrings(a.candidate, b.candidate));
  return near[0] === undefined ? "" : `, did you mean ${near[0].candidate}?`;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}

function helpLines(setting: Setting): string {
  const { flag, env, description, default: preset } = setting;
  const presetText = preset === "" ? "" : `; default ${preset}`;
  return `  ${flag.padEnd(30)} ${description}\n${"".padEnd(33)}(${settingKind(setting)}${presetText}; ${env})\n`;
}
