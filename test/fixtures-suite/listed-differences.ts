import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { parse } from "yaml";

/** One thing that another project's translation says, or does, and ours says otherwise. */
export interface Difference {
  /** What is compared, the case's name first: parts with a colon and a blank between them. */
  readonly what: string;
  readonly theirs: string;
  readonly ours: string;
}

/** Places that are not compared, by the reason why: each the beginning of what is compared there. */
interface Skipped {
  readonly reason: string;
  readonly places: readonly string[];
}

/** Differences that are as they shall be, by the reason why ours is right: `<what>: <theirs> -> <ours>`. */
interface Listed {
  readonly reason: string;
  readonly at: readonly string[];
}

/** Differences that are so in many places, by their ends: `<last part of what>: <theirs> -> <ours>`. */
interface Everywhere {
  readonly reason: string;
  readonly end: string;
}

interface Content {
  readonly skipped: readonly Skipped[];
  readonly everywhere?: readonly Everywhere[];
  readonly differences: readonly Listed[];
}

/** A file of differences, beside this one. */
export class ListedDifferences {
  readonly #skipped: readonly Skipped[];
  readonly #everywhere: readonly Everywhere[];
  readonly #listed: readonly Listed[];

  constructor({ skipped, everywhere = [], differences }: Content) {
    this.#skipped = skipped;
    this.#everywhere = everywhere;
    this.#listed = differences;
    const lines = [...skipped.flatMap(({ places }) => places), ...differences.flatMap(({ at }) => at)];
    assert.equal(new Set(lines).size, lines.length, "each place and each difference is listed once");
  }

  /** @param file absolute */
  static read(file: string): ListedDifferences {
    return new ListedDifferences(parse(readFileSync(file, "utf8")));
  }

  /** The reason why something is not compared; undefined where it is. */
  skips(what: string): string | undefined {
    return this.#skipped.find(({ places }) => places.some((place) => isAt(what, place)))?.reason;
  }

  /** What is wrong: differences that nobody listed, and entries of the list that nothing is like any more. */
  check(differences: readonly Difference[]): string[] {
    const skipped = differences.filter(({ what }) => this.skips(what) !== undefined);
    const compared = differences.filter(({ what }) => this.skips(what) === undefined);
    const found = new Set(compared.map((one) => lineOf(one)));
    const listed = this.#listed.flatMap(({ at }) => at);
    const known = new Set(listed);
    const places = this.#skipped.flatMap((one) => one.places);
    const idle = {
      places: places.filter((place) => !skipped.some(({ what }) => isAt(what, place))),
      ends: this.#everywhere.filter((one) => ![...found].some((line) => hasEnd(line, one))),
    };
    const unknown = [...found].filter(
      (line) => !known.has(line) && !this.#everywhere.some((one) => hasEnd(line, one)),
    );
    return [
      ...unknown.map((line) => `not listed: ${line}`),
      ...listed.filter((line) => !found.has(line)).map((line) => `listed, but no difference: ${line}`),
      ...idle.ends.map(({ end }) => `listed everywhere, but nowhere a difference: ${end}`),
      ...idle.places.map((place) => `skipped, but no difference: ${place}`),
    ];
  }

  /** Lines for people: how many differences each reason stands for. */
  summary(): string[] {
    return [
      ...this.#listed.map(({ reason, at }) => `${at.length} differ: ${reason}`),
      ...this.#everywhere.map(({ reason, end }) => `everywhere ${end}: ${reason}`),
    ];
  }
}

function lineOf({ what, theirs, ours }: Difference): string {
  return `${what}: ${theirs} -> ${ours}`;
}

function hasEnd(line: string, { end }: Everywhere): boolean {
  return line.endsWith(`: ${end}`);
}

function isAt(what: string, place: string): boolean {
  return what === place || what.startsWith(`${place}: `);
}
