/**
 * States what must hold. A failure is a programmer's error: the process ends, restarts and replays.
 * @param message what was expected, and the value that was found
 */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionFailed(message);
}

export class AssertionFailed extends Error {
  override readonly name = "AssertionFailed";
}
