/**
 * A table as kubectl prints it: upper-case heads, columns as wide as their widest cell, three blanks between,
 * none at the end of a line. An empty cell is `<none>`.
 */
export function formatTable(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [heads, ...rows.map((row) => row.map((cell) => (cell === "" ? "<none>" : oneLine(cell))))];
  const widths = heads.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? "").length)));
  return lines
    .map(
      (line) =>
        `${line
          .map((cell, column) => cell.padEnd((widths[column] ?? 0) + 3))
          .join("")
          .trimEnd()}\n`,
    )
    .join("");
}

function oneLine(cell: string): string {
  return cell.replace(/\s*\n\s*/g, " ");
}
