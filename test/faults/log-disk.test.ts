import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cp, mkdir, mkdtemp, open, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { CommitReader, configKinds } from "@routeledger/event-log";
import { openSqliteEventLogs } from "@routeledger/event-log-sqlite";
import { startAppending } from "./log/killable-process.ts";

const root = await mkdtemp(join(tmpdir(), "routeledger-disk-"));
after(() => rm(root, { recursive: true }));

test("a full disk is said with a hint; what was acknowledged before is there, nothing half-written is believed", async () => {
  const mounted = join(root, "small");
  const rescued = join(root, "rescued");
  await mkdir(mounted);
  // A disk of 8 MiB in a name space of its own; what it holds is copied out before it vanishes with the process.
  const run = `mount -t tmpfs -o size=8m tmpfs "${mounted}" && "$@"; code=$?; cp -r "${mounted}/log" "${rescued}"; exit $code`;
  const small = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", run, "sh"];
  const probe = spawnSync(small[0]!, ["--user", "--map-root-user", "--mount", "true"]);
  equal(probe.status, 0, "this test needs unshare with user and mount name spaces (util-linux)");
  const writer = startAppending(join(mounted, "log"), small);
  await writer.ended;
  const last = writer.lines.at(-1)!;
  match(last, /^failed log.diskFull append to log CONFIG: the disk is full$/);
  const acknowledged = writer.lines
    .filter((line) => line.startsWith("acknowledged "))
    .map((line) => line.slice(13));
  ok(acknowledged.length >= 2, `some commits before the disk was full, got ${acknowledged.length}`);
  const logs = await openSqliteEventLogs({ folder: rescued });
  const { lastSequence } = await logs.config.info();
  const stored: string[] = [];
  for await (const item of new CommitReader(logs.config, { from: undefined, kinds: configKinds }).read({
    until: lastSequence,
  })) {
    stored.push(item.type === "commit" ? item.commit.commitId : item.reason);
  }
  deepEqual(stored, acknowledged);
  await logs.close();
});

test("a file that is no database, or a damaged one, is said by name", async () => {
  const folder = join(root, "noise");
  await mkdir(folder);
  await writeFile(
    join(folder, "config.sqlite"),
    "this is not a database, and long enough to be looked at as one".repeat(20),
  );
  await rejects(openSqliteEventLogs({ folder }), {
    code: "log.corrupt",
    message: /config\.sqlite: the file is damaged/,
  });
  deepEqual(await readdir(folder), ["config.sqlite"]);
});

test("a message that was changed on the disk is found by the chain", async () => {
  const folder = join(root, "flipped");
  const writer = startAppending(folder);
  await writer.said(4);
  await writer.kill();
  const logs = await openSqliteEventLogs({ folder });
  await logs.close();
  const copy = join(root, "flipped-copy");
  await cp(folder, copy, { recursive: true });
  // The first commit's payload is one random byte, behind "round 0" and the time and hash fields.
  const file = await open(join(copy, "config.sqlite"), "r+");
  const bytes = await file.readFile();
  const at = bytes.indexOf("round 0");
  ok(at > 0, "the first commit's summary in the file");
  await file.write(Buffer.from("ROUND"), 0, 5, at);
  await file.close();
  const damaged = await openSqliteEventLogs({ folder: copy });
  const { lastSequence } = await damaged.config.info();
  const reader = new CommitReader(damaged.config, { from: undefined, kinds: configKinds });
  const readAll = async () => {
    for await (const _ of reader.read({ until: lastSequence }));
  };
  await rejects(readAll(), {
    code: "log.brokenChain",
    message: /message 2 was written after another message 1/,
  });
  await damaged.close();
});

test("a folder that cannot be made, and one that cannot be written, are said with a hint", async () => {
  const file = join(root, "file");
  await writeFile(file, "");
  await rejects(openSqliteEventLogs({ folder: join(file, "log") }), { code: "log.notWritable" });
});
