import { compareStrings, Failure } from "@routeledger/std";

export type SettingType = "string" | "integer" | "boolean" | "address";

/** One row of a service's table: its only description. Flags, environment names and help come from it. */
export interface Setting {
  /** Camel case: the member of the parsed configuration. */
  readonly name: string;
  /** Begins with `ROUTELEDGER_`. */
  readonly env: string;
  /** Such as `--api-address`. */
  readonly flag: string;
  readonly type: SettingType;
  readonly default: string | number | boolean;
  /** Milliseconds, bytes; empty where there is none. */
  readonly unit: string;
  readonly description: string;
  /** Never printed. */
  readonly secret?: boolean;
}

type ValueOf<S extends Setting> = S["type"] extends "integer"
  ? number
  : S["type"] extends "boolean"
    ? boolean
    : string;

export type ConfigurationOf<Table extends readonly Setting[]> = {
  readonly [S in Table[number] as S["name"]]: ValueOf<S>;
};

export interface ConfigurationInput {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `--flag value` or `--flag=value`; a boolean's value may be left out. */
  readonly args: readonly string[];
  /** Names of the prefix that belong to somebody else in the same process. */
  readonly otherNames?: readonly string[];
}

export interface ConfigurationTable<Table extends readonly Setting[]> {
  readonly settings: Table;
  /**
   * Flags win over the environment, the environment over defaults. Throws Failure `config.invalid` that names every
   * unknown `ROUTELEDGER_` name, unknown flag and value of a wrong type. The result is frozen.
   */
  parse(input: ConfigurationInput): ConfigurationOf<Table>;
  /** What is printed at start: secrets are hidden. */
  printable(configuration: ConfigurationOf<Table>): Record<string, string | number | boolean>;
  /** One line a setting. */
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
    help: () => settings.map(helpLine).join("\n"),
  };
}

function parse(settings: readonly Setting[], input: ConfigurationInput): Readonly<Record<string, unknown>> {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  const flags = parseFlags(settings, input.args, problems);
  for (const setting of settings) {
    const given = flags.get(setting.flag) ?? input.env[setting.env];
    values[setting.name] = given === undefined ? setting.default : parseValue(setting, given, problems);
  }
  const known = new Set([...settings.map(({ env }) => env), ...(input.otherNames ?? [])]);
  for (const name of Object.keys(input.env).sort(compareStrings)) {
    if (name.startsWith("ROUTELEDGER_") && !known.has(name))
      problems.push(`unknown environment name ${name}`);
  }
  if (problems.length > 0) {
    throw new Failure(`read configuration: ${problems.join("; ")}`, {
      code: "config.invalid",
      retryable: false,
      hint: `known names: ${settings.map(({ env, flag }) => `${flag} (${env})`).join(", ")}`,
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
      problems.push(`unknown flag ${flag}`);
    } else if (rest.length > 0) {
      found.set(flag, rest.join("="));
    } else if (setting.type === "boolean") {
      found.set(flag, "true");
    } else if (position + 1 < args.length) {
      found.set(flag, args[++position]!);
    } else {
      problems.push(`${flag} needs a value`);
    }
  }
  return found;
}

function parseValue(setting: Setting, text: string, problems: string[]): string | number | boolean {
  const expected = expectations[setting.type];
  if (!expected.pattern.test(text)) {
    problems.push(`${setting.flag} (${setting.env}): expected ${expected.text}, got ${JSON.stringify(text)}`);
    return setting.default;
  }
  if (setting.type === "integer") return Number(text);
  return setting.type === "boolean" ? text === "true" : text;
}

const expectations: Readonly<Record<SettingType, { pattern: RegExp; text: string }>> = {
  string: { pattern: /^/, text: "text" },
  integer: { pattern: /^\d{1,15}$/, text: "a whole number" },
  boolean: { pattern: /^(true|false)$/, text: "true or false" },
  address: { pattern: /^(\[[0-9a-fA-F:.]+\]|[^:\s]+):\d{1,5}$/, text: "HOST:PORT" },
};

function helpLine({ flag, env, type, unit, description, default: preset }: Setting): string {
  const kind = unit === "" ? type : `${type}, ${unit}`;
  return `  ${flag.padEnd(28)} ${description} (${kind}; default ${preset}; ${env})`;
}
