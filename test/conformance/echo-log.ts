/** Lines of one Deployment that are kept. */
const linesMax = 5_000;

/** What the echo backends of a run log, as the suite's mirror tests read it. */
export class EchoLog {
  /** By `namespace/deployment`. */
  readonly #lines = new Map<string, string[]>();

  add(deployment: string, line: string): void {
    const lines = this.#lines.get(deployment) ?? [];
    lines.push(line);
    if (lines.length > linesMax) lines.shift();
    this.#lines.set(deployment, lines);
  }

  /** How many requests of exactly this path with its query the pods of the Deployment echoed. */
  echoed(deployment: string, path: string): number {
    const text = `Echoing back request made to ${path} to client`;
    return (this.#lines.get(deployment) ?? []).filter((line) => line.includes(text)).length;
  }
}
