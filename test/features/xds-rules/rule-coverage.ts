/** Which tests name which rule, and the page that says so. */
import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";
import { compareStrings } from "@routeledger/std";
import { type Rule, rules } from "./rule-list.ts";

const root = join(import.meta.dirname, "../../..");

/** Written by write-rule-page.ts, and compared by coverage.test.ts. */
export const rulePage = join(root, "docs/spec/xds-rules.md");

/** Where tests of a real client are: they speak for column (b), the other ones for (a). */
const realClients = ["test/envoy/**/*.test.ts", "test/features/xds-grpc-client*.test.ts"];
const rawClients = ["test/features/**/*.test.ts", "test/faults/edge*.test.ts"];
/** Tests beside the code count where a rule is about what is made, not about what is said. */
const besideCode: Readonly<Record<number, string>> = { 44: "libs/translation/src/config-source.test.ts" };

export interface Coverage {
  /** Files by rule, sorted. */
  readonly a: ReadonlyMap<number, readonly string[]>;
  readonly b: ReadonlyMap<number, readonly string[]>;
}

export async function findCoverage(): Promise<Coverage> {
  const b = await namedIn(realClients, []);
  const a = await namedIn(rawClients, realClients);
  for (const [number, file] of Object.entries(besideCode)) {
    const named = (await namedIn([file], [])).get(Number(number));
    if (named !== undefined) a.set(Number(number), named);
  }
  return { a, b };
}

async function namedIn(
  patterns: readonly string[],
  except: readonly string[],
): Promise<Map<number, string[]>> {
  const excluded = new Set(await filesOf(except));
  const found = new Map<number, string[]>();
  for (const file of await filesOf(patterns)) {
    if (excluded.has(file)) continue;
    const text = await readFile(join(root, file), "utf8");
    for (const number of new Set(titlesOf(text).flatMap(rulesOf))) {
      found.set(number, [...(found.get(number) ?? []), file]);
    }
  }
  return found;
}

async function filesOf(patterns: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for await (const file of glob([...patterns], { cwd: root })) files.push(file);
  return files.sort(compareStrings);
}

/** What is given a name in a test file: `test("...`, `scenario(\n  "...`. */
function titlesOf(text: string): string[] {
  return [...text.matchAll(/\b(?:test|scenario|rule)\(\s*["'`]([^\n]*)/g)].map(([, title]) => title!);
}

/** The rules that stand before a title's colon: `rule 3:`, `rules 6, 7 and 9, sotw:`, `P4, rule 67 and rule 73:`. */
export function rulesOf(title: string): number[] {
  const [head = ""] = title.split(/:(?: |$)/);
  const lists = [...head.matchAll(/\brules? (\d+(?:(?:, | and )\d+)*)/g)].map(([, list]) => list!);
  return lists.flatMap((list) => [...list.matchAll(/\d+/g)].map(([number]) => Number(number)));
}

/** The page, in full. */
export function pageOf({ a, b }: Coverage): string {
  const rows = rules.map(({ rule, says, on, columns }: Rule) => {
    const raw = shown(a.get(rule));
    const real = columns === "a" && b.get(rule) === undefined ? "" : shown(b.get(rule));
    return `| ${rule} | ${says} | ${on === "none" ? "" : on} | ${raw} | ${real} |`;
  });
  return [
    head,
    "| rule | what an edge does | where | (a) raw client | (b) real client |",
    "|---|---|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}

const head = `# xDS rules

What an edge owes its clients, a line a rule, and the tests that carry its number. A rule is cited in code, in tests and in [xds-stream.md](xds-stream.md) by this number. In column (a) a client that does only what a test says speaks to an edge over a real socket; "where" names the variants (SotW or delta, on ADS or on a service a type) on which \`test/features/xds-rules/\` plays it. In column (b) a real Envoy or a real gRPC client does.

Left out: 38 and 53 to 58, since aliases, TTL, VHDS, on-demand clusters and xdstp names are not served; 59 until the protos have its fields.

Written by \`node test/features/xds-rules/write-rule-page.ts\`; a test compares it.
`;

function shown(files: readonly string[] | undefined): string {
  return (files ?? [])
    .map((file) => `\`${file.replace(/^test\//, "").replace(/\.test\.ts$/, "")}\``)
    .join(", ");
}
