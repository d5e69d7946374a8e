const LINE_WIDTH = 110;

/**
 * JSON for people and for diffs: what fits on a line stands on one, the rest has one member a line.
 * Deterministic; members keep their order.
 */
export function compactJson(value: unknown, indent = 0): string {
  const line = JSON.stringify(value);
  if (line === undefined) throw new Error("compact JSON: a value that JSON has no form for");
  if (typeof value !== "object" || value === null || indent + line.length <= LINE_WIDTH) return line;
  const inner = " ".repeat(indent + 1);
  const outer = " ".repeat(indent);
  if (Array.isArray(value)) {
    return `[\n${value.map((item) => inner + compactJson(item, indent + 1)).join(",\n")}\n${outer}]`;
  }
  const members = Object.entries(value).map(
    ([name, member]) => `${inner}${JSON.stringify(name)}: ${compactJson(member, indent + 1)}`,
  );
  return `{\n${members.join(",\n")}\n${outer}}`;
}
