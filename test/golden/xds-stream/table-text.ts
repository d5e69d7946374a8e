import { deltaInterests, sotwInterests, sotwRequests, transitions } from "@routeledger/xds-stream/testing";

type Cell = { readonly take: { readonly name: string }; readonly next: readonly string[] };

/** The code's tables, as docs/spec/xds-stream.md has them. */
export const tables = {
  transitions: () =>
    rowsOf(transitions, "phase", ({ take, next }: Cell) =>
      next.length === 0 ? take.name : `\`${take.name}\`: ${next.join(", ")}`,
    ),
  sotwInterests: () => rowsOf(sotwInterests, "interest", String),
  deltaInterests: () => rowsOf(deltaInterests, "interest", String),
  sotwRequests: () =>
    rowsOf(
      { "is taken by": sotwRequests },
      "a request that is",
      ({ name }: { name: string }) => `\`${name}\``,
    ),
} as const;

/** The same as text: Markdown. */
export function tableText(name: keyof typeof tables): string {
  return tables[name]().join("\n");
}

function rowsOf<Value>(
  table: Readonly<Record<string, Readonly<Record<string, Value>>>>,
  corner: string,
  cellText: (cell: Value) => string,
): string[] {
  const rows = Object.entries(table);
  const columns = Object.keys(rows[0]![1]);
  const head = [
    line([corner, ...columns.map((column) => `\`${column}\``)]),
    `|${"---|".repeat(columns.length + 1)}`,
  ];
  return [
    ...head,
    ...rows.map(([row, cells]) =>
      line([row.includes(" ") ? row : `\`${row}\``, ...columns.map((column) => cellText(cells[column]!))]),
    ),
  ];
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}
