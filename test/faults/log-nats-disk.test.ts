import { equal, ok } from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { createNatsStreams, openNatsEventLogs } from "@routeledger/event-log-nats";
import { Failure } from "@routeledger/std";
import { startNatsServer } from "../nats/nats-server.ts";

const nameSpaces = ["unshare", "--user", "--map-root-user", "--mount"];

/** A disk of 24 MiB in a name space of its own, under the server's streams. */
function smallDisk(folder: string): readonly string[] {
  const mounting = `mkdir -p "${folder}/store" && mount -t tmpfs -o size=24m tmpfs "${folder}/store" && exec "$@"`;
  return [...nameSpaces, "sh", "-c", mounting, "sh"];
}

test("P1: when the server's disk is full nothing is acknowledged that is not there, one by one and in batches", async () => {
  const probe = spawnSync(nameSpaces[0]!, [...nameSpaces.slice(1), "true"]);
  equal(probe.status, 0, "this test needs unshare with user and mount name spaces (util-linux)");
  const small = await startNatsServer({ within: smallDisk });
  const options = { servers: [small.url], name: "small" };
  await createNatsStreams({ ...options, replicas: 1, deliveryBytesMax: 1_000_000 });
  const { config, close } = await openNatsEventLogs(options);
  try {
    const message = (text: string) => ({
      subject: "A",
      body: new Uint8Array(400_000).fill(text.charCodeAt(0)),
    });
    let acknowledged = 0;
    let refused: unknown;
    while (refused === undefined) {
      const messages = Array.from({ length: 1 + (acknowledged % 3) }, () =>
        message(String(acknowledged % 10)),
      );
      try {
        const outcome = await config.append({ messages, expectedLast: acknowledged });
        equal(outcome.outcome, "appended");
        acknowledged += messages.length;
      } catch (error) {
        refused = error;
      }
    }
    ok(refused instanceof Failure && refused.retryable, String(refused));
    ok(["log.unknownOutcome", "log.diskFull"].includes(refused.code), refused.code);
    ok(acknowledged > 20, `appends before the disk was full, got ${acknowledged}`);
    let read = 0;
    for await (const { sequence, body } of config.read({ after: 0, until: acknowledged })) {
      equal(sequence, ++read);
      equal(body.length, 400_000);
    }
    equal(read, acknowledged);
  } finally {
    await close();
    await small.dispose();
  }
});
