import { randomBytes } from "node:crypto";
import { writeSync } from "node:fs";
import { CommitReader, CommitWriter, chunkBytesMax, configKinds } from "@routeledger/event-log";
import { openSqliteEventLogs } from "@routeledger/event-log-sqlite";
import { Failure, systemClock } from "@routeledger/std";

/**
 * A process that tests kill: appends commits of one to three chunks to the embedded log of a folder for as long as
 * it lives, and says the id of each, one a line, after it was acknowledged. A Failure is said as "failed CODE
 * MESSAGE", and ends it.
 */
const folder = process.argv[2] ?? "";
const say = (line: string): number => writeSync(1, `${line}\n`);

try {
  const logs = await openSqliteEventLogs({ folder });
  say("opened");
  const { lastSequence } = await logs.config.info();
  const reader = new CommitReader(logs.config, { from: undefined, kinds: configKinds });
  for await (const item of reader.read({ until: lastSequence }))
    if (item.type === "skipped") say(`skipped ${item.reason}`);
  const writer = new CommitWriter(logs.config, { clock: systemClock, randomBytes });
  let { tail } = reader;
  for (let round = 0; ; round++) {
    const payload = randomBytes(1 + (round % 3) * chunkBytesMax);
    const author = { actor: "test", source: "test", summary: `round ${round}` };
    const outcome = await writer.append(
      { kind: "ChangeSet", schemaVersion: 1, term: 0, payload, ...author },
      tail,
    );
    if (outcome.outcome !== "appended") throw new Error(`expected to append alone, got ${outcome.outcome}`);
    tail = outcome.tail;
    say(`acknowledged ${outcome.commit.commitId}`);
  }
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  say(`failed ${error.code} ${error.message}`);
}
