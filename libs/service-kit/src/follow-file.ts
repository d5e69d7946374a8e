import { stat } from "node:fs/promises";
import type { Clock } from "@routeledger/std";

/** How often a file is looked at, milliseconds. */
const lookEveryMs = 1_000;

export interface FollowFileOptions<T> {
  readonly path: string;
  readonly clock: Clock;
  /** Reads the file. What it throws at the start goes to the caller, later on to `onFailed`. */
  readonly read: (path: string) => Promise<T>;
  /** After each later reading. */
  readonly onRead: (value: T) => void;
  /** The file cannot be read any more, or is wrong: what it last held stays. */
  readonly onFailed: (error: unknown) => void;
}

/** What a file holds; it is read again within a second of its change. */
export interface FollowedFile<T> {
  readonly value: T;
  /** Looks no more. Idempotent. */
  stop(): void;
}

/** Reads a file and keeps reading it. @throws what `read` throws at the start */
export async function followFile<T>(options: FollowFileOptions<T>): Promise<FollowedFile<T>> {
  const { path, clock, read, onRead, onFailed } = options;
  let look = await lookOf(path);
  let value = await read(path);
  let stopped = false;
  let cancel = clock.after(lookEveryMs, again);

  function again(): void {
    void reread().finally(() => {
      if (!stopped) cancel = clock.after(lookEveryMs, again);
    });
  }

  async function reread(): Promise<void> {
    const now = await lookOf(path);
    if (now === look) return;
    look = now;
    try {
      value = await read(path);
    } catch (error) {
      onFailed(error);
      return;
    }
    onRead(value);
  }

  return {
    get value() {
      return value;
    },
    stop() {
      stopped = true;
      cancel();
    },
  };
}

/** Differs when the file may have changed. */
async function lookOf(path: string): Promise<string> {
  const seen = await stat(path).catch(() => undefined);
  return seen === undefined ? "" : `${seen.ino} ${seen.size} ${seen.mtimeMs} ${seen.mode}`;
}
