import type { Moment } from "@routeledger/snapshot-store";
import { apiFailure } from "./api-failure.ts";

/**
 * Reads `@412`, `@1.412`, `@head`, `@-2` and times such as `@2026-11-21T10:00:00Z`; the `@` may be left out.
 * @throws Failure `badMoment`
 */
export function parseMoment(text: string): Moment {
  const word = text.startsWith("@") ? text.slice(1) : text;
  if (word === "head") return { type: "head" };
  const sequence = /^(?:(\d{1,15})\.)?(\d{1,15})$/.exec(word);
  if (sequence) {
    const epoch = sequence[1] === undefined ? {} : { epoch: Number(sequence[1]) };
    return { type: "sequence", ...epoch, sequence: Number(sequence[2]) };
  }
  const back = /^-(\d{1,9})$/.exec(word);
  if (back) return { type: "back", events: Number(back[1]) };
  const timeMs = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/.test(word)
    ? Date.parse(word)
    : NaN;
  if (!Number.isNaN(timeMs)) return { type: "time", timeMs };
  throw apiFailure(
    "badMoment",
    `"${text}" is no moment`,
    "a moment is @412, @1.412, @head, @-2 (two events before the last) or a time such as @2026-11-21T10:00:00Z",
  );
}

export interface MomentRange {
  /** Undefined: from the beginning; what stands here is not part of the range. */
  readonly after: Moment | undefined;
  readonly to: Moment;
}

/** Reads `A..B` (what came after A, up to B), `A..`, `..B`, and `B` for all up to B. @throws Failure `badMoment` */
export function parseRange(text: string): MomentRange {
  const [first = "", second, ...more] = text.split("..");
  if (more.length > 0) throw apiFailure("badMoment", `"${text}" is no range`, "a range is A..B");
  if (second === undefined) return { after: undefined, to: parseMoment(first) };
  const isWritten = (word: string): boolean => word !== "" && word !== "@";
  return {
    after: isWritten(first) ? parseMoment(first) : undefined,
    to: isWritten(second) ? parseMoment(second) : { type: "head" },
  };
}
