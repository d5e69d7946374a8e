/** A promise or a rule that a simulated world saw broken. */
export class Violation extends Error {}
