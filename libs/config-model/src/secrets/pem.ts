/** A PEM block: its label (`CERTIFICATE`, `EC PRIVATE KEY`) and its text with both its lines, or where it breaks off. */
export interface PemBlock {
  readonly label: string;
  readonly text: string;
}

const begin = "-----BEGIN ";
const dashes = "-----";
/** The longest label that anybody uses has 26 characters. */
const labelLengthMax = 64;

/**
 * The PEM blocks of a text, in order; what stands between them is skipped. Undefined when one has no end. Takes time
 * in proportion to the text, whatever it holds.
 */
export function pemBlocks(text: string): PemBlock[] | undefined {
  const blocks: PemBlock[] = [];
  let position = 0;
  for (;;) {
    const start = text.indexOf(begin, position);
    if (start < 0) return blocks;
    const labelStart = start + begin.length;
    const labelEnd = text.slice(labelStart, labelStart + labelLengthMax).indexOf(dashes);
    if (labelEnd < 0) return undefined;
    const label = text.slice(labelStart, labelStart + labelEnd);
    const last = `-----END ${label}-----`;
    const end = text.indexOf(last, labelStart + labelEnd);
    if (end < 0) return undefined;
    position = end + last.length;
    blocks.push({ label, text: `${text.slice(start, position)}\n` });
  }
}
