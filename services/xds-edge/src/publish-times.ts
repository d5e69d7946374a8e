/** Publications of which the time is kept; older ones are forgotten. */
const timesMax = 1_000;

/** When this edge read each of the newest publications, by the last CONFIG sequence that they cover. */
export class PublishTimes {
  readonly #times = new Map<number, number>();

  published(sequence: number, atMs: number): void {
    this.#times.set(sequence, atMs);
    const [oldest] = this.#times.keys();
    if (this.#times.size > timesMax && oldest !== undefined) this.#times.delete(oldest);
  }

  /** Undefined for one that was not read by this process, or long ago. */
  of(sequence: number): number | undefined {
    return this.#times.get(sequence);
  }
}
