/** `choice`: one of the row's `choices`. */
export type SettingType = "string" | "integer" | "boolean" | "address" | "choice";

/** One row of a service's table: its only description. Flags, environment names and help come from it. */
export interface Setting {
  /** Camel case: the member of the parsed configuration. */
  readonly name: string;
  /** Begins with `ROUTELEDGER_`. */
  readonly env: string;
  /** Such as `--api-address`. */
  readonly flag: string;
  readonly type: SettingType;
  /** An empty string is nothing. */
  readonly default: string | number | boolean;
  /** Milliseconds, bytes; empty where there is none. */
  readonly unit: string;
  readonly description: string;
  /** Of an integer, both included. */
  readonly min?: number;
  readonly max?: number;
  readonly choices?: readonly string[];
  /** Never printed. */
  readonly secret?: boolean;
}

type ValueOf<S extends Setting> = S["type"] extends "integer"
  ? number
  : S["type"] extends "boolean"
    ? boolean
    : S extends { readonly type: "choice"; readonly choices: readonly (infer Choice)[] }
      ? Choice
      : string;

export type ConfigurationOf<Table extends readonly Setting[]> = {
  readonly [S in Table[number] as S["name"]]: ValueOf<S>;
};

/** The value that a text stands for, or what was expected instead. */
export function parseSetting(
  setting: Setting,
  text: string,
): { readonly value: string | number | boolean } | { readonly expected: string } {
  switch (setting.type) {
    case "integer":
      return parseInteger(setting, text);
    case "boolean":
      return /^(true|false)$/.test(text) ? { value: text === "true" } : { expected: "true or false" };
    case "address":
      return addressPattern.test(text) ? { value: text } : { expected: "HOST:PORT" };
    case "choice": {
      const choices = setting.choices ?? [];
      return choices.includes(text) ? { value: text } : { expected: `one of ${choices.join(", ")}` };
    }
    case "string":
      return { value: text };
  }
}

const addressPattern = /^(\[[0-9a-fA-F:.]+\]|[^:\s]+):\d{1,5}$/;

function parseInteger({ min = 0, max = Number.MAX_SAFE_INTEGER }: Setting, text: string) {
  const value = Number(text);
  if (/^\d{1,15}$/.test(text) && value >= min && value <= max) return { value };
  const bounds = max === Number.MAX_SAFE_INTEGER ? `at least ${min}` : `${min} to ${max}`;
  return {
    expected: min === 0 && max === Number.MAX_SAFE_INTEGER ? "a whole number" : `a whole number, ${bounds}`,
  };
}

/** What a row is, for help and documents: `integer, milliseconds`. */
export function settingKind({ type, unit, choices }: Setting): string {
  const kind = type === "choice" ? (choices ?? []).join(", ") : type;
  return unit === "" ? kind : `${kind}, ${unit}`;
}
