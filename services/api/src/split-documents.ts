/** The text of one YAML document of a file. */
export interface DocumentText {
  readonly text: string;
  /** Line of its first character in the file, from 1. */
  readonly line: number;
}

const marker = /^---(?=[ \t\r\n]|$)/gm;

/**
 * Splits a file at its `---` lines, which stand nowhere else in YAML, block scalars included. Documents that hold
 * nothing but blanks, comments and directives are left out.
 */
export function splitDocuments(file: string): DocumentText[] {
  const documents: DocumentText[] = [];
  let line = 1;
  let start = 0;
  const take = (end: number): void => {
    const text = file.slice(start, end);
    if (hasContent(text)) documents.push({ text, line });
    line += countLines(text);
    start = end;
  };
  for (const match of file.matchAll(marker)) if (match.index > 0) take(match.index);
  take(file.length);
  return documents;
}

function hasContent(text: string): boolean {
  const body = text.startsWith("---") ? text.slice(3) : text;
  return /^[ \t]*[^\s#%]/m.test(body);
}

function countLines(text: string): number {
  let lines = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) lines++;
  return lines;
}
