import type { WithheldSecret } from "@routeledger/xds-edge";

/** Secrets that one line names. */
const namedMax = 5;

const nextStep = "put the old sealing-keys file back, or apply the Secrets again";

/**
 * Tells which secrets the edge withholds: a line a Gateway for all that come together, and of each secret only once until
 * the reason is another. What comes before `begin` is told then.
 */
export class WithheldSecrets {
  readonly #tell: (line: string) => void;
  /** By Gateway and name: why it was withheld when that was last told. */
  readonly #told = new Map<string, string>();
  #waiting: WithheldSecret[] = [];
  #hasBegun = false;

  constructor(tell: (line: string) => void) {
    this.#tell = tell;
  }

  add(secret: WithheldSecret): void {
    const key = `${secret.nodeGroup} ${secret.name}`;
    if (this.#told.get(key) === secret.why) return;
    this.#told.set(key, secret.why);
    this.#waiting.push(secret);
    // One publication brings all that it withholds at once.
    if (this.#hasBegun && this.#waiting.length === 1) queueMicrotask(() => this.#tellAll());
  }

  begin(): void {
    this.#hasBegun = true;
    this.#tellAll();
  }

  #tellAll(): void {
    const byGateway = Map.groupBy(this.#waiting, ({ nodeGroup }) => nodeGroup);
    this.#waiting = [];
    for (const [gateway, secrets] of byGateway) this.#tell(lineOf(gateway, secrets));
  }
}

function lineOf(gateway: string, secrets: readonly WithheldSecret[]): string {
  const named = secrets.slice(0, namedMax).map(({ name, why }) => `${name}: ${why}`);
  const more = secrets.length > namedMax ? `; and ${secrets.length - namedMax} more` : "";
  const mend = secrets.some(({ reason }) => reason === "sealed") ? ` (${nextStep})` : "";
  return `gateway ${gateway} waits for what is not sent: ${named.join("; ")}${more}${mend}`;
}
