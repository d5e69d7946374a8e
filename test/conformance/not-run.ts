/** Why cases of the official suite are not run yet, and which they are. `cases.test.ts` keeps it true. */
export const notRun: Readonly<Record<string, readonly string[]>> = {};
