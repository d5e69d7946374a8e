/** A line of a difference: kept (" "), taken away ("-") or added ("+"). */
export interface DiffLine {
  readonly mark: " " | "-" | "+";
  readonly text: string;
}

/** Above this product of line counts the middle is shown as removed and added whole, so time stays bounded. */
const cellsMax = 4_000_000;

/** The longest common subsequence decides what is kept; equal ends are cut off first. */
export function diffLines(before: readonly string[], after: readonly string[]): DiffLine[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let end = 0;
  while (
    end < before.length - start &&
    end < after.length - start &&
    before[before.length - 1 - end] === after[after.length - 1 - end]
  ) {
    end++;
  }
  const kept = (text: string): DiffLine => ({ mark: " ", text });
  return [
    ...before.slice(0, start).map(kept),
    ...diffMiddle(before.slice(start, before.length - end), after.slice(start, after.length - end)),
    ...before.slice(before.length - end).map(kept),
  ];
}

function diffMiddle(before: readonly string[], after: readonly string[]): DiffLine[] {
  if (before.length * after.length > cellsMax) {
    return [
      ...before.map((text) => ({ mark: "-", text }) as const),
      ...after.map((text) => ({ mark: "+", text }) as const),
    ];
  }
  const width = after.length + 1;
  const lengths = new Uint32Array((before.length + 1) * width);
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      lengths[i * width + j] =
        before[i] === after[j]
          ? (lengths[(i + 1) * width + j + 1] ?? 0) + 1
          : Math.max(lengths[(i + 1) * width + j] ?? 0, lengths[i * width + j + 1] ?? 0);
    }
  }
  const removedFirst = (i: number, j: number): boolean =>
    (lengths[(i + 1) * width + j] ?? 0) >= (lengths[i * width + j + 1] ?? 0);
  const lines: DiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      lines.push({ mark: " ", text: before[i] ?? "" });
      i++;
      j++;
    } else if (j === after.length || (i < before.length && removedFirst(i, j))) {
      lines.push({ mark: "-", text: before[i++] ?? "" });
    } else {
      lines.push({ mark: "+", text: after[j++] ?? "" });
    }
  }
  return lines;
}
