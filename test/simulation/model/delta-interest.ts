/** What a delta stream of one type is told of names, and the versions of what came (`DeltaSubscriptionState`). */
export class DeltaInterest {
  /** Watched names; undefined: still waiting for the server. */
  readonly #requested = new Map<string, string | undefined>();
  /** Held without being watched by name. */
  readonly #others = new Map<string, string>();
  readonly #added = new Set<string>();
  readonly #removed = new Set<string>();
  /** Until a name was ever watched, nothing means everything (1.2.5). */
  #isLegacyWildcard = true;
  #isFresh = true;

  beginStream(): void {
    this.#isFresh = true;
  }

  /** Removed and added before a request goes out is sent as a plain subscribe (1.2.4). */
  add(name: string): void {
    this.#isLegacyWildcard = false;
    this.#requested.set(name, this.#others.get(name));
    this.#others.delete(name);
    this.#removed.delete(name);
    this.#added.add(name);
  }

  remove(name: string): void {
    const wasRequested = this.#requested.delete(name);
    this.#added.delete(name);
    if (wasRequested) this.#removed.add(name);
  }

  hold(name: string, version: string): void {
    if (this.#requested.has(name)) this.#requested.set(name, version);
    // Of what it did not ask for it remembers nothing, unless it asked for everything.
    else if (this.#isLegacyWildcard) this.#others.set(name, version);
  }

  /** The server says that it does not exist: the version is forgotten, the name still wanted (1.2.8). */
  lose(name: string): void {
    if (this.#requested.has(name)) this.#requested.set(name, undefined);
    this.#others.delete(name);
  }

  /** Whether a request would say anything new. */
  get isDue(): boolean {
    if (this.#added.size + this.#removed.size > 0) return true;
    return this.#isFresh && (this.#requested.size > 0 || this.#isLegacyWildcard);
  }

  /** What the next request says; said once. */
  take(): {
    resourceNamesSubscribe: string[];
    resourceNamesUnsubscribe: string[];
    initialResourceVersions: Record<string, string>;
  } {
    const initialResourceVersions: Record<string, string> = {};
    if (this.#isFresh) {
      this.#isFresh = false;
      for (const [name, version] of this.#requested) {
        if (version !== undefined) initialResourceVersions[name] = version;
        this.#added.add(name);
      }
      for (const [name, version] of this.#others) initialResourceVersions[name] = version;
      this.#removed.clear();
    }
    const taken = {
      resourceNamesSubscribe: [...this.#added],
      resourceNamesUnsubscribe: [...this.#removed],
      initialResourceVersions,
    };
    this.#added.clear();
    this.#removed.clear();
    return taken;
  }
}
