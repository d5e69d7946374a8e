import { CommitReader, xdsKinds } from "@routeledger/event-log";
import { openNatsEventLogs } from "@routeledger/event-log-nats";
import { decodePublication, type GroupDelta } from "@routeledger/xds-model";

/** What XDS on a NATS server says since it was opened. */
export class ChangedParts {
  readonly #natsUrl: string;
  readonly #after: number;

  private constructor(natsUrl: string, after: number) {
    this.#natsUrl = natsUrl;
    this.#after = after;
  }

  static async from(natsUrl: string): Promise<ChangedParts> {
    const logs = await openNatsEventLogs({ servers: [natsUrl], name: "changed-parts" });
    const { lastSequence } = await logs.xds.info().finally(() => logs.close());
    return new ChangedParts(natsUrl, lastSequence);
  }

  /** `<type> <resource> <virtual host>` of each part whose bytes are others than before, or that went; sorted, each once. */
  async now(): Promise<string[]> {
    const logs = await openNatsEventLogs({ servers: [this.#natsUrl], name: "changed-parts" });
    try {
      const { lastSequence } = await logs.xds.info();
      const found = new Set<string>();
      const reader = new CommitReader(logs.xds, { from: undefined, kinds: xdsKinds });
      for await (const item of reader.read({ until: lastSequence })) {
        if (item.type !== "commit" || item.commit.kind !== "Publication") continue;
        if (item.commit.revision.sequence <= this.#after) continue;
        const { deltas } = decodePublication(item.commit.payload);
        for (const group of deltas.flatMap(({ groups }) => groups))
          for (const part of changedIn(group)) found.add(part);
      }
      return [...found].sort();
    } finally {
      await logs.close();
    }
  }
}

function changedIn({ changed, removed, retired }: GroupDelta): string[] {
  const parts = [...changed.filter(({ bytes }) => bytes !== undefined), ...removed, ...retired];
  return parts.map(({ type, resource, virtualHost }) => `${type} ${resource} ${virtualHost}`.trim());
}
