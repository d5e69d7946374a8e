import type { LeaderSignal, LeaderSignals } from "@routeledger/translator";

interface Member {
  readonly listeners: Set<(signal: LeaderSignal) => void>;
  /** Signals that wait for a member that is frozen. */
  held: LeaderSignal[] | undefined;
}

/** What becomes of one signal on its way to one member. */
export type SignalFate = "arrives" | "lost" | "twice" | "late";

/** How many turns of the event loop a late signal takes. */
const lateTurns = 40;

/** Signals between translators in one process: never delivered at once, and lost, repeated or late as the test says. */
export class SignalBus {
  readonly #members = new Map<string, Member>();
  readonly #fate: () => SignalFate;
  /** All that was said, in order. */
  readonly said: LeaderSignal[] = [];

  constructor(fate: () => SignalFate = () => "arrives") {
    this.#fate = fate;
  }

  join(name: string): LeaderSignals {
    const member: Member = { listeners: new Set(), held: undefined };
    this.#members.set(name, member);
    return {
      say: (signal) => {
        if (this.#members.get(name) === member && member.held === undefined) this.#deliver(signal);
      },
      listen: (heard) => {
        member.listeners.add(heard);
        return () => member.listeners.delete(heard);
      },
    };
  }

  /** A process that was killed neither hears nor speaks. */
  leave(name: string): void {
    this.#members.delete(name);
  }

  /** What is said to the member waits for `thaw`; what it says is lost. */
  freeze(name: string): void {
    const member = this.#members.get(name);
    if (member) member.held ??= [];
  }

  thaw(name: string): void {
    const member = this.#members.get(name);
    const held = member?.held ?? [];
    if (member) member.held = undefined;
    for (const signal of held) for (const heard of member?.listeners ?? []) heard(signal);
  }

  /** As anybody who can reach the bus might. */
  forge(signal: LeaderSignal): void {
    this.#deliver(signal);
  }

  #deliver(signal: LeaderSignal): void {
    this.said.push(signal);
    for (const member of this.#members.values()) {
      const fate = this.#fate();
      if (fate === "lost") continue;
      this.#arrive(member, signal, fate === "late" ? lateTurns : 1);
      if (fate === "twice") this.#arrive(member, signal, lateTurns);
    }
  }

  #arrive(member: Member, signal: LeaderSignal, turns: number): void {
    if (turns > 0) {
      setImmediate(() => this.#arrive(member, signal, turns - 1));
      return;
    }
    if (member.held) member.held.push(signal);
    else for (const heard of member.listeners) heard(signal);
  }
}
