import { Failure } from "@routeledger/std";

/** Where a command writes and what kind of place that is. Injected, so that tests read what people would see. */
export interface Terminal {
  /** Writes to standard output as it is, without a line end of its own. */
  out(text: string): void;
  /** Writes to standard error as it is. */
  err(text: string): void;
  /** Standard output is a terminal that wants colour (NO_COLOR and TERM=dumb say no). */
  readonly colour: boolean;
  /** Standard error is a terminal: progress may overwrite its own line. */
  readonly interactive: boolean;
}

export interface ProcessStreams {
  readonly stdout: { write(text: string): unknown; readonly isTTY?: boolean };
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean };
}

export function processTerminal(
  streams: ProcessStreams,
  environment: Readonly<Record<string, string | undefined>>,
): Terminal {
  const plain = (environment.NO_COLOR ?? "") !== "" || environment.TERM === "dumb";
  return {
    out: (text) => void streams.stdout.write(text),
    err: (text) => void streams.stderr.write(text),
    colour: streams.stdout.isTTY === true && !plain,
    interactive: streams.stderr.isTTY === true,
  };
}

const codes = { red: 31, green: 32, yellow: 33, cyan: 36, bold: 1, dim: 2 } as const;

export type Colour = keyof typeof codes;

/** Paints text for a terminal; returns it unchanged for anything else. */
export function paint(terminal: Terminal, colour: Colour, text: string): string {
  return terminal.colour ? `\u001b[${codes[colour]}m${text}\u001b[0m` : text;
}

/** Writes `error: ...` and the hint, as git and kubectl do. */
export function writeError(terminal: Terminal, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  terminal.err(`error: ${message}\n`);
  if (error instanceof Failure && error.hint !== undefined) terminal.err(`hint: ${error.hint}\n`);
}
