import fc, { type Arbitrary } from "fast-check";

/** Most of the time an ordinary value, else one that was chosen for its trouble, else any text. One fault drops a rule. */
export function mostly(
  ordinary: readonly string[],
  nasty: readonly string[],
  other: Arbitrary<string>,
): Arbitrary<string> {
  return fc.oneof(
    { arbitrary: fc.constantFrom(...ordinary), weight: 16 },
    { arbitrary: fc.constantFrom(...nasty), weight: 4 },
    { arbitrary: other, weight: 1 },
  );
}

export const anyText: Arbitrary<string> = fc.oneof(
  fc.string({ unit: "binary", minLength: 1, maxLength: 12 }),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }),
);

/** Text out of few characters, so that what they mean together comes up often. */
export function drawn(characters: string, maxLength: number): Arbitrary<string> {
  return fc.string({ unit: fc.constantFrom(...characters), minLength: 1, maxLength });
}
