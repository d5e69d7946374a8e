import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { CommitReader, CommitWriter, type EventLog, emptyTail, xdsKinds } from "@routeledger/event-log";
import { openSqliteEventLogs } from "@routeledger/event-log-sqlite";
import { systemClock } from "@routeledger/std";
import { decodePublication, encodePublication, type Publication } from "@routeledger/xds-model";
import { DevProcess } from "./cli/dev-process.ts";
import { backendYaml, documents, gatewayYaml, routeYaml } from "./cli/manifests.ts";
import { runCli } from "./cli/run-cli.ts";

let dataFolder: string;

before(async () => {
  dataFolder = await mkdtemp(join(tmpdir(), "routeledger-replay-"));
  const dev = new DevProcess({ dataFolder, args: ["--no-envoy"] });
  const server = await dev.apiUrl();
  const route = routeYaml({ name: "shop", gateway: "web", backend: "one" });
  const input = documents(gatewayYaml("web", 18_080), backendYaml("one", 3000), route);
  assert.equal((await runCli(["apply", "-f", "-"], { server, stdin: input })).code, 0);
  assert.equal((await runCli(["replay", "--check"], { server })).code, 0);
  await dev.end("SIGTERM");
});

after(() => rm(dataFolder, { recursive: true, force: true }));

/** Writes the XDS log again, with another chain, each publication as `change` makes it. */
async function rewriteXds(change: (publication: Publication) => Publication): Promise<void> {
  const folder = join(dataFolder, "rewritten");
  const logs = await openSqliteEventLogs({ folder: join(dataFolder, "logs") });
  const rewritten = await openSqliteEventLogs({ folder });
  await copyXds(logs.xds, rewritten.xds, change);
  await logs.close();
  await rewritten.close();
  await rename(join(folder, "xds.sqlite"), join(dataFolder, "logs", "xds.sqlite"));
  await rm(folder, { recursive: true });
}

async function copyXds(
  from: EventLog,
  to: EventLog,
  change: (publication: Publication) => Publication,
): Promise<void> {
  const writer = new CommitWriter(to, { clock: systemClock, randomBytes });
  const { lastSequence } = await from.info();
  let tail = emptyTail;
  const reader = new CommitReader(from, { from: emptyTail, kinds: xdsKinds });
  for await (const item of reader.read({ until: lastSequence })) {
    assert.ok(item.type === "commit");
    const { commit } = item;
    const isPublication = commit.kind === "Publication";
    const payload = isPublication
      ? encodePublication(change(decodePublication(commit.payload)))
      : commit.payload;
    const outcome = await writer.append({ ...commit, payload }, tail);
    assert.ok(outcome.outcome === "appended");
    tail = outcome.tail;
  }
}

function check() {
  return runCli(["replay", "--check", "--data", dataFolder]);
}

test("P2: replay --check of the logs as they are finds them equal", async () => {
  const checked = await check();
  assert.equal(checked.code, 0, checked.stdout + checked.stderr);
});

test("what a translator of another version published is named, and not compared", async () => {
  await rewriteXds((publication) => ({
    ...publication,
    translatorVersion: publication.translatorVersion + 1,
  }));
  const checked = await check();
  assert.equal(checked.code, 0, checked.stdout + checked.stderr);
  assert.match(checked.stdout, /^@\d+\.\.@\d+: written by translator version \d+, not compared$/m);
  await rewriteXds((publication) => ({
    ...publication,
    translatorVersion: publication.translatorVersion - 1,
  }));
});

test("P2: a part that was served with other bytes than the log gives is a difference, and exit code 1", async () => {
  await rewriteXds((publication) => ({
    ...publication,
    deltas: publication.deltas.map((delta) => ({
      ...delta,
      groups: delta.groups.map((group) => ({
        ...group,
        changed: group.changed.map((part) =>
          part.type === "endpoint"
            ? { ...part, bytes: new Uint8Array([10, 0]), digest: "0".repeat(64) }
            : part,
        ),
      })),
    })),
  }));
  const checked = await check();
  assert.equal(checked.code, 1, checked.stdout);
  assert.match(checked.stdout, /^@\d+ +XDS says .*backend\/default\/one/m);
  assert.match(checked.stderr, /^error: replay up to @\d+: 1 difference/m);
});
